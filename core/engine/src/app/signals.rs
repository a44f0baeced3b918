//! The signals that the server knows.

use std::io;
use std::sync::Arc;

use switchhook_api::Action;
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    reopen: Signal,
    /// Actions that open their files anew. A signal that comes meanwhile is heard afterwards.
    reopening: JoinSet<()>,
    /// Where actions do so.
    works: Handle,
}

impl Signals {
    pub(super) fn listen(works: &Handle) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            reopen: signal(SignalKind::user_defined1())?,
            reopening: JoinSet::new(),
            works: works.clone(),
        })
    }

    /// Waits to be told to stop; answers the other signals meanwhile.
    pub(super) async fn asked_to_stop(&mut self, actions: impl Fn() -> Vec<Arc<dyn Action>>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => tracing::info!("SIGHUP ignored: restart the server to apply a changed configuration"),
                _ = self.reopen.recv(), if self.reopening.is_empty() => {
                    tracing::info!("SIGUSR1: actions reopen their files");
                    for action in actions() {
                        let reopen = async move { action.reopen().await };
                        self.reopening.spawn_on(reopen, &self.works);
                    }
                }
                Some(reopened) = self.reopening.join_next() => {
                    if let Err(error) = reopened {
                        tracing::error!(%error, "an action failed to reopen its files");
                    }
                }
            }
        }
    }
}
