//! Everything that the configuration names, built and put together.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use switchhook_api::journal::{ConsumerSpec, Journal, JournalError, Retention};
use switchhook_api::{
    Action, BoxError, BuildContext, Clock, Component, Handler, Rng, Source, Table, program_name,
    program_version,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Stopped;
use super::budget::drain_of;
use super::lanes::{lanes, tell_who_left};
use super::sockets::admin_socket;
use crate::admin::{self, Admin};
use crate::config::tables;
use crate::config::{Config, Instance};
use crate::decide::Decider;
use crate::delivery::{DeliveryContext, Gate, Projection, Subscription};
use crate::intake::{Intake, MountedSource};
use crate::listener::{Limits, Listener, Serving, serve};
use crate::retention::retain;
use crate::router::{Route, Router};
use crate::server;
use crate::system_clock::SystemClock;

/// What the journal is called among what is closed.
pub(super) const JOURNAL: &str = "journal";
/// The admin listener's connections at a time.
const ADMIN_CONNECTIONS: usize = 64;
/// Names that one log line at the start holds.
const NAMED_MAX: usize = 20;

/// A built action with its table.
struct BuiltAction {
    table: tables::Action,
    component: Arc<dyn Action>,
    gate: Arc<Gate>,
}

struct BuiltHandler {
    name: Arc<str>,
    table: tables::Handler,
    commands: Vec<switchhook_api::Pattern>,
    component: Arc<dyn Handler>,
}

/// Everything that the configuration names, built.
pub(super) struct Components {
    file: PathBuf,
    journal_plugin: String,
    server: tables::Server,
    retention: Retention,
    pub(super) journal: Arc<dyn Journal>,
    sources: Sources,
    handlers: Vec<BuiltHandler>,
    actions: HashMap<Arc<str>, BuiltAction>,
    lanes: Vec<ConsumerSpec>,
    pub(super) works: DeliveryContext,
}

impl Components {
    /// Builds what the configuration names: sources first, for they are pure and may have a reason not to start.
    pub(super) async fn build(
        config: Config,
        sources: Sources,
        doing: &watch::Sender<String>,
    ) -> Result<Self, Stopped> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let rng = Arc::new(Rng::default());
        let base = config.base.clone();
        let context = |name: &Arc<str>| {
            let mut context = BuildContext::new(name, &base, clock.clone());
            context.rng = rng.clone();
            context
        };
        let retention = config.journal.table.retention();
        let lanes = lanes(&config);
        let (file, journal_plugin) = (config.file, config.journal.table.plugin.clone());
        doing.send_replace("open the journal".to_owned());
        let journal = build_journal(config.journal, &context).await?;
        let mut handlers = Vec::new();
        for one in config.handlers.into_iter().filter(|one| one.table.enabled) {
            let (name, table, commands) = (one.name.clone(), one.table.clone(), one.commands());
            doing.send_replace(format!("build handlers.{name}"));
            if let Component::Handler(component) = build(one, Table::Handlers, &context).await? {
                handlers.push(BuiltHandler { name, table, commands, component });
            }
        }
        let (metrics, stop) = (Arc::default(), CancellationToken::new());
        let works = DeliveryContext {
            journal: journal.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            metrics,
            occupied: Arc::default(),
            stop,
        };
        let mut actions = HashMap::new();
        for one in config.actions.into_iter().filter(|one| one.table.enabled) {
            let (name, table) = (one.name.clone(), one.table.clone());
            doing.send_replace(format!("build actions.{name}"));
            if let Component::Action(component) = build(one, Table::Actions, &context).await? {
                let gate = Gate::new(&name, &table.policy(), component.batch_max(), &works);
                actions.insert(name, BuiltAction { table, component, gate });
            }
        }
        Ok(Self {
            file,
            journal_plugin,
            server: config.server,
            retention,
            journal,
            sources,
            handlers,
            actions,
            lanes,
            works,
        })
    }

    /// Starts actions and lanes.
    pub(super) async fn start(
        &self,
        doing: &watch::Sender<String>,
    ) -> Result<JoinSet<()>, Stopped> {
        let failed = |error: &JournalError| {
            Stopped::Io(format!("journal: {}", switchhook_api::error_line(error)))
        };
        doing.send_replace("register the consumers".to_owned());
        self.journal.attach(&self.lanes).await.map_err(|error| failed(&error))?;
        tell_who_left(&*self.journal, self.retention.orphan_retention).await;
        for (name, action) in &self.actions {
            let failed = |error: BoxError| {
                let text = format!("actions.{name}: {}", switchhook_api::error_line(&*error));
                let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
                match kind {
                    Some(io::ErrorKind::ResourceBusy) => Stopped::InUse(text),
                    _ => Stopped::Io(text),
                }
            };
            doing.send_replace(format!("start actions.{name}"));
            action.component.start().await.map_err(failed)?;
        }
        let mut lanes = JoinSet::new();
        lanes.spawn(retain(self.works.clone(), self.retention));
        for handler in &self.handlers {
            let (name, component, works) =
                (handler.name.clone(), handler.component.clone(), self.works.clone());
            lanes.spawn(Projection::new(name, component, works).run());
            for (action_name, action) in self.actions_of(handler) {
                let (handler, action_name, works) =
                    (handler.name.clone(), action_name.clone(), self.works.clone());
                let (policy, seat, action) =
                    (action.table.policy(), action.gate.seat(), action.component.clone());
                lanes.spawn(
                    Subscription { handler, action_name, action, policy, seat, works }.run(),
                );
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

    /// All actions.
    pub(super) fn actions(&self) -> Vec<Arc<dyn Action>> {
        self.actions.values().map(|action| action.component.clone()).collect()
    }

    /// Lets go of what the journal and the actions hold, side by side and on these threads; no delivery is under way.
    pub(super) fn shut_down(&self, on: &Runtime) -> Vec<(String, JoinHandle<()>)> {
        let journal = self.journal.clone();
        let mut closing =
            vec![(JOURNAL.to_owned(), on.spawn(async move { journal.shutdown().await }))];
        for (name, action) in &self.actions {
            let action = action.component.clone();
            let closed = on.spawn(async move { action.shutdown().await });
            closing.push((format!("actions.{name}"), closed));
        }
        closing
    }

    pub(super) fn serving(&self, limits: Limits) -> Serving {
        let routes = self.handlers.iter().map(|handler| Route {
            handler: handler.name.clone(),
            order: handler.table.order,
            commands: handler.commands.clone(),
        });
        let known =
            self.sources.iter().flat_map(|one| one.component.catalogue()).map(|spec| &*spec.name);
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
        let (rng, metrics) = (self.works.rng.clone(), self.works.metrics.clone());
        let intake = Arc::new(Intake::new(
            self.journal.clone(),
            router,
            deciders,
            self.server.policy(limits.connections),
            rng,
            metrics,
        ));
        let mount = |one: &BuiltSource| {
            let policy = one.table.policy(&self.server);
            MountedSource::new(one.name.clone(), &policy, one.component.clone())
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
            drain: drain_of(self.server.shutdown_timeout.0),
            clock: self.works.clock.clone(),
            metrics: self.works.metrics.clone(),
            log: Arc::default(),
        }
    }

    pub(super) fn admin(&self) -> Arc<Admin> {
        let (journal, metrics) = (self.journal.clone(), self.works.metrics.clone());
        let gates: Vec<_> = self.actions.values().map(|action| action.gate.clone()).collect();
        let targets = Arc::new(gates);
        let (orphan_retention, draining) =
            (self.retention.orphan_retention, AtomicBool::new(false));
        Arc::new(Admin { journal, metrics, targets, orphan_retention, draining })
    }

    pub(super) fn serve_admin(
        &self,
        admin: &Arc<Admin>,
        tcp: Option<TcpListener>,
        stop: &CancellationToken,
    ) -> JoinSet<usize> {
        let limits = Limits { connections: ADMIN_CONNECTIONS, ..Limits::default() };
        let socket = self.journal.folder().and_then(admin_socket);
        let tcp = tcp.map(|tcp| (Listener::Tcp(tcp), admin::routes(admin)));
        let socket = socket.map(|socket| (Listener::Unix(socket), admin::socket_routes(admin)));
        let mut tasks = JoinSet::new();
        for (listener, routes) in tcp.into_iter().chain(socket) {
            tasks.spawn(serve(listener, self.listener(routes, limits), stop.clone()));
        }
        tasks
    }

    /// Says what runs: one line for each part, so that the log of a start tells which configuration it is.
    pub(super) fn announce(&self, public: SocketAddr, admin: Option<SocketAddr>) {
        let (name, configuration) = (program_name(), self.file.display());
        tracing::info!(version = program_version(), %configuration, "{name} started");
        let folder = self.journal.folder().map(|folder| tracing::field::display(folder.display()));
        tracing::info!(plugin = %self.journal_plugin, folder, "journal opened");
        for handler in &self.handlers {
            let BuiltHandler { name, table, commands, .. } = handler;
            let commands: Vec<String> = commands.iter().map(ToString::to_string).collect();
            let commands = shortened(&commands);
            let actions = shortened(&table.actions);
            tracing::info!(handler = %name, plugin = %table.plugin, %commands, %actions, "handler started");
        }
        let mut actions: Vec<_> = self.actions.iter().collect();
        actions.sort_by_key(|(name, _)| (*name).clone());
        for (name, action) in actions {
            tracing::info!(action = %name, plugin = %action.table.plugin, "action started");
        }
        for BuiltSource { name, table, component } in &self.sources {
            let (path, plugin) = (&table.path, &table.plugin);
            let below = component.owns_subpaths().then_some("and all paths below it");
            tracing::info!(source = %name, %plugin, below, "listening for callbacks on http://{public}{path}");
        }
        if let Some(address) = admin {
            tracing::info!("admin on http://{address}/readyz and /metrics");
        }
    }
}

/// Names in one line of the log; of many only the first.
fn shortened(names: &[String]) -> String {
    let shown = names.get(..NAMED_MAX).unwrap_or(names).join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

async fn build_journal(
    instance: Instance<tables::Journal>,
    context: &impl Fn(&Arc<str>) -> BuildContext,
) -> Result<Arc<dyn Journal>, Stopped> {
    let cx = context(&instance.name);
    match instance.options.build(&cx).await {
        Ok(Component::Journal(journal)) => Ok(journal),
        Ok(other) => Err(Stopped::Config(format!(
            "journal: the plugin built a {other:?} instead of a journal"
        ))),
        Err(error) => {
            let text = format!("journal: {}", switchhook_api::error_line(&*error));
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
        Stopped::Config(format!(
            "{table}.{}: {}",
            instance.name,
            switchhook_api::error_line(&*error)
        ))
    })
}

/// A built source with its table.
pub struct BuiltSource {
    pub name: Arc<str>,
    pub table: tables::Source,
    pub component: Arc<dyn Source>,
}

/// The enabled sources.
pub(super) type Sources = Vec<BuiltSource>;

/// Builds the enabled sources. They are pure: beyond reading its secrets nothing happens.
///
/// # Errors
/// What could not be read.
pub async fn build_sources(
    instances: Vec<Instance<tables::Source>>,
    base: &Path,
) -> Result<Sources, Stopped> {
    let mut sources = Vec::new();
    for one in instances.into_iter().filter(|one| one.table.enabled) {
        let (name, table) = (one.name.clone(), one.table.clone());
        sources.push(BuiltSource { name, table, component: build_source(one, base).await? });
    }
    Ok(sources)
}

/// Builds one source.
///
/// # Errors
/// What could not be read.
pub async fn build_source(
    instance: Instance<tables::Source>,
    base: &Path,
) -> Result<Arc<dyn Source>, Stopped> {
    let name = instance.name.clone();
    let context = |name: &Arc<str>| BuildContext::new(name, base, Arc::new(SystemClock::default()));
    match build(instance, Table::Sources, &context).await? {
        Component::Source(source) => Ok(source),
        other => Err(Stopped::Bug(format!(
            "sources.{name}: the plugin built a {other:?} instead of a source"
        ))),
    }
}
