//! The life of the server: configure, bind, build, run, drain.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::action::Action;
use crate::admin::{self, Admin};
use crate::config::tables::{self, Limits};
use crate::config::{Config, Instance};
use crate::decide::Decider;
use crate::delivery::{Projection, Subscription, Works, lane_lost};
use crate::handler::Handler;
use crate::intake::{Intake, Mount};
use crate::journal::{Journal, JournalError, LaneId, LaneSpec, Ordering as LaneOrdering};
use crate::listener::{Listener, Serving, bind, serve};
use crate::metrics::Metrics;
use crate::plugin::{BuildContext, Component, Registry, Table};
use crate::router::{Route, Router};
use crate::source::Source;
use crate::time::{Clock, Rng, SystemClock};
use crate::{BoxError, server};

/// The name of the threads that answer: they wait for nothing that somebody else decides.
pub(crate) const REPLY_THREAD: &str = "reply";
/// Descriptors that connections leave to the journal, files and relays.
const DESCRIPTORS_KEPT: usize = 128;
/// For deliveries under way when the server is told to stop; what is not finished comes again.
const DELIVERY_DRAIN: Duration = Duration::from_secs(10);
/// The admin listener's connections at a time.
const ADMIN_CONNECTIONS: usize = 64;

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
}

impl Stopped {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Config(_) => 78,
            Self::InUse(_) => 69,
            Self::Io(_) => 74,
            Self::Bug(_) => 70,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Config(text) | Self::InUse(text) | Self::Io(text) | Self::Bug(text)) = self;
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
    let sockets = Sockets::bind(&config).await?;
    let limits = within_descriptors(config.server.limits);
    let parts = Parts::build(config).await?;
    parts.check_address(sockets.public_address)?;
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
        () = signals.asked_to_stop() => None,
        reason = parts.journal.failed() => {
            Some(Stopped::Io(format!("the journal failed: {reason}; start again to recover")))
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
    let forced = tokio::select! {
        () = drained => false,
        () = signals.asked_to_stop() => true,
    };
    stop_admin.cancel();
    drop(admin_tasks);
    match why {
        Some(reason) => Err(reason),
        None if forced => {
            Err(Stopped::Io("stopped at once, as asked; what was not delivered comes again".into()))
        }
        None => {
            tracing::info!("stopped");
            Ok(())
        }
    }
}

async fn drain(
    parts: &Parts,
    stop: CancellationToken,
    public: tokio::task::JoinHandle<usize>,
    lanes: JoinSet<()>,
) {
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
    parts.journal.shutdown().await;
    for action in parts.actions.values() {
        action.component.shutdown().await;
    }
}

struct Sockets {
    public: TcpListener,
    public_address: SocketAddr,
    admin: Option<TcpListener>,
    admin_address: Option<SocketAddr>,
}

impl Sockets {
    /// Before anything is opened: a taken address leaves no trace.
    async fn bind(config: &Config) -> Result<Self, Stopped> {
        let taken = |key: &str, address: SocketAddr, error: &io::Error| {
            let text = format!("{key}: cannot listen on {address}: {error}");
            match error.kind() {
                io::ErrorKind::AddrInUse => Stopped::InUse(format!(
                    "{text}; another server runs there, or set another port"
                )),
                _ => Stopped::Config(text),
            }
        };
        let (address, admin_address) = (config.server.listen, config.admin.listen);
        let public =
            bind(address).await.map_err(|error| taken("server.listen", address, &error))?;
        let public_address = public.local_addr().unwrap_or(address);
        let admin = match config.admin.enabled {
            true => Some(
                bind(admin_address)
                    .await
                    .map_err(|error| taken("admin.listen", admin_address, &error))?,
            ),
            false => None,
        };
        let admin_address =
            admin.as_ref().map(|listener| listener.local_addr().unwrap_or(admin_address));
        Ok(Self { public, public_address, admin, admin_address })
    }
}

/// A built action with its table.
struct BuiltAction {
    table: tables::Action,
    component: Arc<dyn Action>,
}

struct BuiltHandler {
    name: Arc<str>,
    table: tables::Handler,
    commands: Vec<crate::router::Pattern>,
    component: Arc<dyn Handler>,
}

/// Everything that the configuration names, built.
struct Parts {
    server: tables::Server,
    journal: Arc<dyn Journal>,
    sources: Vec<(Arc<str>, String, Arc<dyn Source>)>,
    handlers: Vec<BuiltHandler>,
    actions: HashMap<Arc<str>, BuiltAction>,
    works: Works,
}

impl Parts {
    async fn build(config: Config) -> Result<Self, Stopped> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let rng = Arc::new(Rng::default());
        let context = |name: &Arc<str>| BuildContext {
            name: name.clone(),
            base: config.base.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
        };
        let journal = build_journal(config.journal, &context).await?;
        let mut sources = Vec::new();
        for one in config.sources.into_iter().filter(|one| one.table.enabled) {
            let (name, path) = (one.name.clone(), one.table.path.clone());
            if let Component::Source(source) = build(one, Table::Sources, &context).await? {
                sources.push((name, path, source));
            }
        }
        let mut handlers = Vec::new();
        for one in config.handlers.into_iter().filter(|one| one.table.enabled) {
            let (name, table, commands) = (one.name.clone(), one.table.clone(), one.commands());
            if let Component::Handler(component) = build(one, Table::Handlers, &context).await? {
                handlers.push(BuiltHandler { name, table, commands, component });
            }
        }
        let mut actions = HashMap::new();
        for one in config.actions.into_iter().filter(|one| one.table.enabled) {
            let (name, table) = (one.name.clone(), one.table.clone());
            if let Component::Action(component) = build(one, Table::Actions, &context).await? {
                actions.insert(name, BuiltAction { table, component });
            }
        }
        let metrics = Arc::new(Metrics::default());
        let works =
            Works { journal: journal.clone(), clock, rng, metrics, stop: CancellationToken::new() };
        Ok(Self { server: config.server, journal, sources, handlers, actions, works })
    }

    /// An address that strangers can reach wants senders that can prove themselves.
    fn check_address(&self, address: SocketAddr) -> Result<(), Stopped> {
        let open = self.sources.iter().find(|(_, _, source)| !source.authenticates());
        let public = !address.ip().is_loopback();
        if let Some((name, ..)) = open {
            if public && !self.server.allow_unsigned {
                return Err(Stopped::Config(format!(
                    "server.listen: {address} can be reached by strangers, and sources.{name} takes unsigned calls: \
                     give it a secret, listen on 127.0.0.1, or set server.allow_unsigned = true"
                )));
            }
            tracing::warn!(source = %name, %address, "unsigned calls are taken: whoever reaches this address can make events");
        }
        if public {
            tracing::warn!(%address, "no TLS here: put a proxy in front, or who listens on the way can repeat what is signed");
        }
        Ok(())
    }

    /// Starts actions and lanes.
    async fn start(&self) -> Result<JoinSet<()>, Stopped> {
        let failed =
            |error: &JournalError| Stopped::Io(format!("journal: {}", crate::error_line(error)));
        self.journal.attach(&self.lanes()).await.map_err(|error| failed(&error))?;
        for (name, action) in &self.actions {
            let failed = |error: BoxError| {
                let text = format!("actions.{name}: {}", crate::error_line(&*error));
                let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
                match kind {
                    Some(io::ErrorKind::ResourceBusy) => Stopped::InUse(text),
                    _ => Stopped::Io(text),
                }
            };
            action.component.start().await.map_err(failed)?;
        }
        let mut lanes = JoinSet::new();
        for handler in &self.handlers {
            let (name, component, works) =
                (handler.name.clone(), handler.component.clone(), self.works.clone());
            lanes.spawn(Projection { name, handler: component, works }.run());
            for (action_name, action) in self.actions_of(handler) {
                let (handler, action_name, works) =
                    (handler.name.clone(), action_name.clone(), self.works.clone());
                let (table, action) = (action.table.clone(), action.component.clone());
                lanes.spawn(Subscription { handler, action_name, action, table, works }.run());
            }
        }
        Ok(lanes)
    }

    fn actions_of<'s>(
        &'s self,
        handler: &'s BuiltHandler,
    ) -> impl Iterator<Item = (&'s Arc<str>, &'s BuiltAction)> {
        handler.table.actions.iter().filter_map(|name| self.actions.get_key_value(name.as_str()))
    }

    fn lanes(&self) -> Vec<LaneSpec> {
        let mut lanes = Vec::new();
        for handler in &self.handlers {
            lanes.push(LaneSpec {
                id: LaneId::projection(&handler.name),
                start: handler.table.start,
                commands: handler.commands.clone(),
                ordering: LaneOrdering::None,
            });
            for (name, action) in self.actions_of(handler) {
                lanes.push(LaneSpec {
                    id: LaneId::subscription(&handler.name, name),
                    start: action.table.start,
                    commands: Vec::new(),
                    ordering: action.table.ordering,
                });
            }
        }
        lanes
    }

    fn serving(&self, limits: Limits) -> Serving {
        let routes = self.handlers.iter().map(|handler| Route {
            handler: handler.name.clone(),
            order: handler.table.order,
            commands: handler.commands.clone(),
        });
        let known =
            self.sources.iter().flat_map(|(_, _, source)| source.catalogue()).map(|spec| spec.name);
        let router = Router::new(routes.collect(), known);
        let decider = |route: &Route| {
            let handler = self.handlers.iter().find(|handler| handler.name == route.handler)?;
            Some(Decider {
                name: handler.name.clone(),
                handler: handler.component.clone(),
                timeout: handler.table.timeout.map(|period| period.0),
                on_failure: handler.table.on_failure,
            })
        };
        let deciders = router.routes().iter().filter_map(decider).collect();
        let within = [self.server.decide_within.0, self.server.keep_within.0];
        let (rng, metrics) = (self.works.rng.clone(), self.works.metrics.clone());
        let intake =
            Arc::new(Intake::new(self.journal.clone(), router, deciders, within, rng, metrics));
        let mount = |(name, path, source): &(Arc<str>, String, Arc<dyn Source>)| {
            Mount::new(name.clone(), path.clone(), source.clone())
        };
        let mounts = self.sources.iter().map(mount).collect();
        self.listener(server::routes(&intake, mounts), limits)
    }

    fn listener(
        &self,
        routes: warp::filters::BoxedFilter<(warp::reply::Response,)>,
        limits: Limits,
    ) -> Serving {
        Serving {
            routes,
            limits,
            clock: self.works.clock.clone(),
            metrics: self.works.metrics.clone(),
        }
    }

    fn admin(&self) -> Arc<Admin> {
        let (journal, metrics) = (self.journal.clone(), self.works.metrics.clone());
        Arc::new(Admin { journal, metrics, draining: AtomicBool::new(false) })
    }

    fn serve_admin(
        &self,
        admin: &Arc<Admin>,
        tcp: Option<TcpListener>,
        stop: &CancellationToken,
    ) -> JoinSet<usize> {
        let limits = Limits { connections: ADMIN_CONNECTIONS, ..Limits::default() };
        let socket = self.journal.folder().and_then(admin_socket);
        let listeners = tcp.map(Listener::Tcp).into_iter().chain(socket.map(Listener::Unix));
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(serve(listener, self.listener(admin::routes(admin), limits), stop.clone()));
        }
        tasks
    }

    fn announce(&self, public: SocketAddr, admin: Option<SocketAddr>) {
        for (name, path, _) in &self.sources {
            tracing::info!(source = %name, "listening for callbacks on http://{public}{path}");
        }
        if let Some(address) = admin {
            tracing::info!("admin on http://{address}/readyz and /metrics");
        }
    }
}

fn admin_socket(folder: &Path) -> Option<UnixListener> {
    let path = folder.join("admin.sock");
    // The journal's lock is ours, so a socket that lies there is a dead process's.
    _ = std::fs::remove_file(&path);
    let bound = UnixListener::bind(&path).and_then(|listener| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    });
    bound.map_err(|error| tracing::warn!(path = %path.display(), %error, "no admin socket")).ok()
}

async fn build_journal(
    instance: Instance<tables::Journal>,
    context: &impl Fn(&Arc<str>) -> BuildContext,
) -> Result<Arc<dyn Journal>, Stopped> {
    let cx = context(&instance.name);
    match instance.options.build(&cx).await {
        Ok(Component::Journal(journal)) => Ok(journal),
        Ok(other) => Err(Stopped::Config(format!("journal: the plugin made a {other:?}"))),
        Err(error) => {
            let text = format!("journal: {}", crate::error_line(&*error));
            match error.downcast_ref::<JournalError>() {
                Some(JournalError::Locked { .. }) => Err(Stopped::InUse(text)),
                _ => Err(Stopped::Io(text)),
            }
        }
    }
}

async fn build<T>(
    instance: Instance<T>,
    table: Table,
    context: &impl Fn(&Arc<str>) -> BuildContext,
) -> Result<Component, Stopped> {
    let cx = context(&instance.name);
    instance.options.build(&cx).await.map_err(|error| {
        Stopped::Config(format!("{table}.{}: {}", instance.name, crate::error_line(&*error)))
    })
}

/// As many connections as the process may have descriptors for, with some kept back.
fn within_descriptors(mut limits: Limits) -> Limits {
    let Some(most) = descriptors() else { return limits };
    let room = most.saturating_sub(DESCRIPTORS_KEPT).max(1);
    if limits.connections > room {
        tracing::warn!(
            wanted = limits.connections,
            taken = room,
            "server.limits.connections: the process may open only {most} files (ulimit -n)"
        );
        limits.connections = room;
    }
    limits
}

fn descriptors() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    reopen: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            reopen: signal(SignalKind::user_defined1())?,
        })
    }

    async fn asked_to_stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => tracing::info!("SIGHUP: nothing is reloaded; restart to change the configuration"),
                _ = self.reopen.recv() => tracing::info!("SIGUSR1: nothing to reopen"),
            }
        }
    }
}

/// The program: what is linked and configured, and nothing else.
#[derive(Debug)]
pub struct App {
    registry: Registry,
}

impl App {
    /// Runs with every linked plugin and the arguments of the process.
    #[must_use]
    pub fn main() -> std::process::ExitCode {
        match Registry::linked() {
            Ok(registry) => Self::new(registry).run(std::env::args_os()),
            Err(error) => {
                crate::cli::complain(&error.to_string());
                std::process::ExitCode::from(70)
            }
        }
    }

    /// A program with just these plugins.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self { registry }
    }

    /// Runs a command line, the program's name first.
    #[must_use]
    pub fn run(self, args: impl IntoIterator<Item = std::ffi::OsString>) -> std::process::ExitCode {
        crate::cli::main(self.registry, args)
    }
}
