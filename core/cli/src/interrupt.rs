//! Ctrl-C, for work that ends between two steps.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Whether the user has asked to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(CancellationToken);

impl Interrupt {
    /// From now on Ctrl-C does not end the process by itself; a second one does.
    pub(super) fn listen() -> Self {
        let interrupt = Self::default();
        let pressed = interrupt.0.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                pressed.cancel();
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
        interrupt
    }

    /// Whether it was pressed.
    pub(super) fn is_set(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits, unless it is pressed.
    pub(super) async fn wait(&self, time: Duration) {
        // Both results are the same here: the caller checks `is_set`.
        _ = timeout(time, self.0.cancelled()).await;
    }

    /// As if it had been pressed.
    #[cfg(test)]
    pub(super) fn set(&self) {
        self.0.cancel();
    }
}
