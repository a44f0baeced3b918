//! The life of the server: configure, bind, build, run, drain.

mod checks;
mod lanes;
mod parts;
mod remarks;
mod runtimes;
mod signals;
mod sockets;
mod verdicts;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub(crate) use self::checks::wrong_files;
pub(crate) use self::lanes::lanes;
use self::parts::Parts;
pub(crate) use self::parts::{build_source, build_sources};
pub(crate) use self::remarks::remarks;
use self::runtimes::{Listening, Runtimes, no_threads};
use self::signals::Signals;
use self::sockets::{Sockets, within_descriptors};
use crate::config::tables::Limits;
use crate::config::{Config, report};
use crate::delivery::{Occupied, lane_lost};
use crate::listener::{Listener, serve};

/// For deliveries under way when the server is told to stop; what is not finished comes again.
const DELIVERY_DRAIN: Duration = Duration::from_secs(10);
/// For what was broken off to end; what blocks its thread never does.
const CUT_OFF: Duration = Duration::from_secs(2);
/// For the journal and the actions to write down what they hold and let go of it: only a disk that hangs takes longer.
const LET_GO: Duration = Duration::from_secs(5);

/// Why the server did not start or had to stop.
#[derive(Debug)]
pub(crate) enum Stopped {
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
    pub(crate) fn code(&self) -> u8 {
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
pub(crate) fn run(config: Config) -> Result<(), Stopped> {
    // No plugin works on this thread: whatever one does to its own, signals are heard and a stop goes on when its time is up.
    let own =
        Builder::new_current_thread().enable_all().build().map_err(|error| no_threads(&error))?;
    let runtimes = Runtimes::start()?;
    let result = own.block_on(live(config, &runtimes));
    runtimes.end();
    result
}

async fn live(config: Config, runtimes: &Runtimes) -> Result<(), Stopped> {
    let mut signals = Signals::listen(runtimes.works.handle())
        .map_err(|error| Stopped::Io(format!("cannot listen for signals: {error}")))?;
    let (doing, done_so_far) = watch::channel(String::new());
    let preparing = runtimes.works.spawn(prepare(config, runtimes.listening(), doing));
    let ready = tokio::select! {
        ready = preparing => joined(ready)?,
        () = signals.asked_to_stop(Vec::new) => {
            let step = done_so_far.borrow().clone();
            return Err(Stopped::AtOnce(format!(
                "stopped before it had started, as asked, at the step `{step}`; no callback had been taken"
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
        _ = &mut public => Some(Stopped::Bug("the public listener ended".to_owned())),
    };
    if let Some(reason) = &why {
        tracing::error!(%reason, "the server cannot go on");
    }
    admin.draining.store(true, Ordering::Relaxed);
    tracing::info!("stopping: requests under way are answered, no new ones are taken");
    let stop =
        Stop { intake: stop_intake, public, public_within: limits.drain_time.0 + CUT_OFF, lanes };
    let drained = drain(&parts, runtimes, stop);
    let drained = tokio::select! {
        drained = drained => drained,
        () = signals.asked_to_stop(|| parts.actions()) => Err(Stopped::AtOnce(
            "stopped at once, as asked; what was not delivered comes again".into(),
        )),
    };
    stop_admin.cancel();
    drop(admin_tasks);
    why.map_or(drained, Err)?;
    tracing::info!("stopped");
    Ok(())
}

/// A server that has everything but its listeners.
struct Ready {
    parts: Arc<Parts>,
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
        tracing::warn!("{}", crate::escape::for_line(&remark));
    }
    let sockets = Sockets::bind(&config.server, &config.admin, &listening).await?;
    let limits = within_descriptors(config.server.limits);
    let parts = Arc::new(Parts::build(config, sources, &doing).await?);
    let lanes = parts.start(&doing).await?;
    Ok(Ready { parts, lanes, sockets, limits })
}

/// What a task gave; its panic goes on here.
fn joined<T>(result: Result<Result<T, Stopped>, JoinError>) -> Result<T, Stopped> {
    match result.map_err(JoinError::try_into_panic) {
        Ok(result) => result,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(error)) => Err(Stopped::Bug(format!("a task was lost: {error}"))),
    }
}

/// What has to end, in this order.
struct Stop {
    intake: CancellationToken,
    public: JoinHandle<usize>,
    public_within: Duration,
    lanes: JoinSet<()>,
}

/// Each wait has its end: a plugin that blocks its thread can be left behind, never waited for.
async fn drain(parts: &Arc<Parts>, runtimes: &Runtimes, stop: Stop) -> Result<(), Stopped> {
    let lost = stop.public.is_finished();
    stop.intake.cancel();
    if !lost {
        match timeout(stop.public_within, stop.public).await {
            Ok(Ok(0) | Err(_)) => {}
            Ok(Ok(cut)) => {
                tracing::warn!(connections = cut, "cut off: they did not finish in time");
            }
            Err(_) => tracing::warn!(
                "requests did not end in time: a handler's decision blocks their threads"
            ),
        }
    }
    parts.works.stop.cancel();
    end_lanes(stop.lanes, &parts.works.occupied).await;
    // Here no thread is blocked: what is stuck elsewhere must not keep the journal open.
    let parts = parts.clone();
    let letting_go = runtimes.admins.spawn(async move { parts.shut_down().await });
    let let_go = timeout(LET_GO, letting_go).await;
    let done = let_go.map_err(|_| {
        Stopped::Io(
            "the disk did not answer while the journal and the actions were closed; nothing that was answered OK is lost: \
             start again when the disk is well"
                .into(),
        )
    })?;
    joined(done.map(Ok))
}

async fn end_lanes(mut lanes: JoinSet<()>, occupied: &Occupied) {
    if timeout(DELIVERY_DRAIN, ended(&mut lanes)).await.is_ok() {
        return;
    }
    tracing::warn!(lanes = lanes.len(), "deliveries did not finish in time; they come again");
    lanes.abort_all();
    if timeout(CUT_OFF, ended(&mut lanes)).await.is_err() {
        let plugins = occupied.names().join(", ");
        tracing::error!(%plugins, "left behind: these block their threads and cannot be broken off");
    }
}

async fn ended(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}
