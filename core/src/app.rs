//! The life of the server: configure, bind, build, run, drain.

mod lanes;
mod parts;
mod remarks;
mod signals;
mod sockets;
mod verdicts;

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(crate) use self::lanes::lanes;
use self::parts::Parts;
pub(crate) use self::parts::{build_source, build_sources};
pub(crate) use self::remarks::remarks;
use self::signals::Signals;
use self::sockets::{Sockets, within_descriptors};
use crate::config::Config;
use crate::delivery::lane_lost;
use crate::listener::{Listener, serve};

/// The name of the threads that answer: they wait for nothing that somebody else decides.
pub(crate) const REPLY_THREAD: &str = "reply";
/// For deliveries under way when the server is told to stop; what is not finished comes again.
const DELIVERY_DRAIN: Duration = Duration::from_secs(10);
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
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = |name: &str, threads: usize| {
        let made = Builder::new_multi_thread()
            .thread_name(name)
            .worker_threads(threads)
            .enable_all()
            .build();
        made.map_err(|error| Stopped::Io(format!("cannot start threads: {error}")))
    };
    // Answers have threads of their own: whatever handlers and actions do behind the journal, it is not done on these.
    // What is done behind gets half as many, so that under load it gathers into larger batches rather than push answers aside.
    let (replies, works) = (runtime(REPLY_THREAD, cores)?, runtime("work", cores.div_ceil(2))?);
    let result = works.block_on(live(config, &replies));
    replies.shutdown_timeout(Duration::from_secs(1));
    works.shutdown_timeout(Duration::from_secs(1));
    result
}

async fn live(config: Config, replies: &Runtime) -> Result<(), Stopped> {
    let mut signals = Signals::listen()
        .map_err(|error| Stopped::Io(format!("cannot listen for signals: {error}")))?;
    let mut config = config;
    let sources = build_sources(std::mem::take(&mut config.sources), &config.base).await?;
    for remark in remarks(&config, &sources).map_err(Stopped::Config)? {
        tracing::warn!("{}", crate::escape::for_line(&remark));
    }
    let sockets = Sockets::bind(&config.server, &config.admin).await?;
    let limits = within_descriptors(config.server.limits);
    let parts = Parts::build(config, sources).await?;
    let mut lanes = parts.start().await?;
    let stop_intake = CancellationToken::new();
    let admin = parts.admin();
    let mut public = replies.spawn(serve(
        Listener::Tcp(sockets.public),
        parts.serving(limits),
        stop_intake.clone(),
    ));
    let stop_admin = CancellationToken::new();
    let admin_tasks = parts.serve_admin(&admin, sockets.admin, &stop_admin);
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
    let drained = drain(&parts, stop_intake, public, lanes);
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

async fn drain(
    parts: &Parts,
    stop: CancellationToken,
    public: tokio::task::JoinHandle<usize>,
    lanes: JoinSet<()>,
) -> Result<(), Stopped> {
    let lost = public.is_finished();
    stop.cancel();
    let cut = if lost { 0 } else { public.await.unwrap_or(0) };
    if cut > 0 {
        tracing::warn!(connections = cut, "cut off: they did not finish in time");
    }
    parts.works.stop.cancel();
    let mut lanes = lanes;
    let finish = async { while lanes.join_next().await.is_some() {} };
    if tokio::time::timeout(DELIVERY_DRAIN, finish).await.is_err() {
        tracing::warn!(lanes = lanes.len(), "deliveries did not finish in time; they come again");
        lanes.shutdown().await;
    }
    let let_go = tokio::time::timeout(LET_GO, parts.shut_down()).await;
    let_go.map_err(|_| {
        Stopped::Io(
            "the disk did not answer while the journal and the actions were closed; nothing that was answered OK is lost: \
             start again when the disk is well"
                .into(),
        )
    })
}
