//! The life of the server: configure, bind, build, run, drain.

mod budget;
mod checks;
mod lanes;
mod parts;
mod remarks;
mod runtimes;
mod signals;
mod sockets;
mod stop;
mod verdicts;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use self::budget::Budget;
pub use self::checks::wrong_files;
pub use self::lanes::lanes;
use self::parts::Components;
pub use self::parts::{build_source, build_sources};
pub use self::remarks::remarks;
use self::runtimes::{Listening, Runtimes, no_threads};
use self::signals::Signals;
use self::sockets::{Sockets, within_descriptors};
use self::stop::{Stop, drain};
use crate::config::{Config, report};
use crate::delivery::lane_lost;
use crate::listener::{Limits, Listener, serve};

/// Why the server did not start or had to stop.
#[derive(Debug)]
pub enum Stopped {
    /// The configuration asks for something that cannot be: 78.
    Config(String),
    /// An address or a store is in use: 69.
    InUse(String),
    /// The disk: 74.
    Io(String),
    /// A bug of ours: 70.
    Bug(String),
    /// A second signal: 130.
    AtOnce(String),
}

impl Stopped {
    /// The exit status of the process.
    pub fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 78,
            Self::InUse(_) => 69,
            Self::Io(_) => 74,
            Self::Bug(_) => 70,
            Self::AtOnce(_) => 130,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Config(text)
        | Self::InUse(text)
        | Self::Io(text)
        | Self::Bug(text)
        | Self::AtOnce(text)) = self;
        f.write_str(text)
    }
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// What kept it from starting, or ended it.
pub fn run(config: Config) -> Result<(), Stopped> {
    // No plugin works on this thread: whatever one does to its own, signals are heard and a stop goes on when its time is up.
    let own =
        Builder::new_current_thread().enable_all().build().map_err(|error| no_threads(&error))?;
    let runtimes = Runtimes::start()?;
    let within = config.server.shutdown_timeout.0;
    let mut budget = None;
    let result = own.block_on(live(config, &runtimes, || *budget.insert(Budget::begin(within))));
    let left = match result {
        Err(Stopped::AtOnce(_)) => Duration::ZERO,
        _ => budget.unwrap_or_else(|| Budget::begin(within)).threads(),
    };
    runtimes.end(left);
    result
}

async fn live(
    config: Config,
    runtimes: &Runtimes,
    stopping: impl FnOnce() -> Budget,
) -> Result<(), Stopped> {
    let mut signals = Signals::listen(runtimes.works.handle())
        .map_err(|error| Stopped::Io(format!("cannot install the signal handlers: {error}")))?;
    let (doing, done_so_far) = watch::channel(String::new());
    let preparing = runtimes.works.spawn(prepare(config, runtimes.listening(), doing));
    let ready = tokio::select! {
        ready = preparing => joined(ready)?,
        () = signals.asked_to_stop(Vec::new) => {
            let step = done_so_far.borrow().clone();
            return Err(Stopped::AtOnce(format!(
                "stopped on request during the start, at the step `{step}`; no callback had been accepted"
            )));
        }
    };
    let Ready { parts, mut lanes, sockets, limits } = ready;
    let stop_intake = CancellationToken::new();
    let admin = parts.admin();
    let mut public = runtimes.replies.spawn(serve(
        Listener::Tcp(sockets.public),
        parts.serving(limits),
        stop_intake.clone(),
    ));
    let stop_admin = CancellationToken::new();
    let admin_tasks = {
        let _admins = runtimes.admins.enter();
        parts.serve_admin(&admin, sockets.admin, &stop_admin)
    };
    parts.announce(sockets.public_address, sockets.admin_address);
    let why = tokio::select! {
        () = signals.asked_to_stop(|| parts.actions()) => None,
        reason = parts.journal.failed() => {
            Some(Stopped::Io(format!("the journal failed: {reason}")))
        }
        what = lane_lost(&mut lanes, &*parts.journal) => Some(Stopped::Bug(what)),
        _ = &mut public => Some(Stopped::Bug("the public listener ended unexpectedly".to_owned())),
    };
    if let Some(reason) = &why {
        tracing::error!(%reason, "fatal error: the server stops");
    }
    admin.draining.store(true, Ordering::Relaxed);
    tracing::info!("stopping: requests in progress are answered, new ones are not accepted");
    let drained = drain(&parts, runtimes, Stop { intake: stop_intake, public, lanes }, stopping());
    let drained = tokio::select! {
        drained = drained => drained,
        () = signals.asked_to_stop(|| parts.actions()) => Err(Stopped::AtOnce(
            "stopped at once by a second signal; unfinished deliveries are repeated after the next start".into(),
        )),
    };
    stop_admin.cancel();
    drop(admin_tasks);
    // What was not closed in order closes when it is dropped, and the disk may hang.
    runtimes.admins.spawn_blocking(move || drop(parts));
    why.map_or(drained, Err)?;
    tracing::info!("stopped");
    Ok(())
}

/// A server that has everything but its listeners.
struct Ready {
    parts: Arc<Components>,
    lanes: JoinSet<()>,
    sockets: Sockets,
    limits: Limits,
}

/// Builds and starts what the configuration names. Addresses come before anything that leaves a trace.
async fn prepare(
    mut config: Config,
    listening: Listening,
    doing: watch::Sender<String>,
) -> Result<Ready, Stopped> {
    doing.send_replace("check the files".to_owned());
    let wrong = wrong_files(&config);
    if !wrong.is_empty() {
        return Err(Stopped::Config(report(&wrong)));
    }
    doing.send_replace("build the sources".to_owned());
    let sources = build_sources(std::mem::take(&mut config.sources), &config.base).await?;
    for remark in remarks(&config, &sources).map_err(Stopped::Config)? {
        tracing::warn!("{}", switchhook_api::escape::for_line(&remark));
    }
    let sockets = Sockets::bind(&config.server, &config.admin, &listening).await?;
    let limits = within_descriptors(config.server.limits);
    let parts = Arc::new(Components::build(config, sources, &doing).await?);
    let lanes = parts.start(&doing).await?;
    Ok(Ready { parts, lanes, sockets, limits })
}

/// What a task gave; its panic goes on here.
fn joined<T>(result: Result<Result<T, Stopped>, JoinError>) -> Result<T, Stopped> {
    match result.map_err(JoinError::try_into_panic) {
        Ok(result) => result,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(error)) => Err(Stopped::Bug(format!("a task was cancelled unexpectedly: {error}"))),
    }
}
