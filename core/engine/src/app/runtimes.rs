//! The threads of the server. Who must not wait for whom has threads, and with them a poller of its sockets, of its own.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::Instant;

use super::Stopped;

pub(super) struct Runtimes {
    /// Answers senders, and waits for nothing that somebody else decides: whatever handlers and actions do behind the journal, it
    /// is not done on these threads.
    pub(super) replies: Runtime,
    /// Handlers, actions and whatever else plugins do behind the journal. Any of it may block its thread for ever.
    pub(super) works: Runtime,
    /// Answers operators. Not on `works`: whether the server is well is asked when something is stuck there. Not on `replies`: a
    /// page of a thousand events takes longer than answers may wait.
    pub(super) admins: Runtime,
}

/// Where each listener is polled.
pub(super) struct Listening {
    pub(super) public: Handle,
    pub(super) admin: Handle,
}

impl Runtimes {
    pub(super) fn start() -> Result<Self, Stopped> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = |name: &str, threads: usize| {
            let made = Builder::new_multi_thread()
                .thread_name(name)
                .worker_threads(threads)
                .enable_all()
                .build();
            made.map_err(|error| no_threads(&error))
        };
        Ok(Self {
            replies: runtime("reply", cores)?,
            // Half as many, so that under load work gathers into larger batches rather than push answers aside.
            works: runtime("work", cores.div_ceil(2))?,
            admins: runtime("admin", 1)?,
        })
    }

    pub(super) fn listening(&self) -> Listening {
        Listening { public: self.replies.handle().clone(), admin: self.admins.handle().clone() }
    }

    /// Waits up to `within` in all for what still runs on the threads.
    pub(super) fn end(self, within: Duration) {
        let until = Instant::now() + within;
        for runtime in [self.replies, self.works, self.admins] {
            runtime.shutdown_timeout(until.saturating_duration_since(Instant::now()));
        }
    }
}

pub(super) fn no_threads(error: &io::Error) -> Stopped {
    Stopped::Io(format!("cannot start threads: {error}"))
}
