//! Everything behind the journal, at work in virtual time: handlers, targets, and nodes that come and go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use switchhook_api::journal::{
    ConsumerId, ConsumerSpec, ConsumerStatus, Entry, Journal as _, JournalAdmin as _,
    Ordering as LaneOrdering, Start,
};
use switchhook_api::{Action, Clock, Handler, Rng};
use switchhook_testkit::{MemoryJournal, callback};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::clock::VirtualClock;
use super::journal::{Node, Shared};
use super::log::{Event, Log};
use super::table;
use super::target::{Script, Seen, Target};
use crate::delivery::{DeliveryContext, Gate, Projection, Subscription};
use crate::metrics::Metrics;

/// Makes a handler for one life of a node.
pub(in crate::delivery) type MakeHandler = Box<dyn Fn(u32) -> Arc<dyn Handler> + Send>;

/// Hands everything on as it came.
pub(in crate::delivery) struct HandsOn;

impl Handler for HandsOn {}

/// Handlers, each with all of the actions.
pub(in crate::delivery) struct World {
    pub(in crate::delivery) clock: Arc<VirtualClock>,
    pub(in crate::delivery) log: Arc<Log>,
    pub(super) shared: Arc<Shared>,
    seed: u64,
    pub(super) handlers: Vec<(Arc<str>, MakeHandler)>,
    pub(in crate::delivery) actions: Vec<(Arc<str>, table::Configured, Arc<Target>)>,
    lives: u32,
    appended: u64,
}

/// One life of a node.
pub(in crate::delivery) struct Running {
    pub(super) life: u32,
    pub(in crate::delivery) gates: BTreeMap<Arc<str>, Arc<Gate>>,
    pub(in crate::delivery) metrics: Arc<Metrics>,
    pub(in crate::delivery) journal: Arc<dyn switchhook_api::journal::Journal>,
    stop: CancellationToken,
    lanes: JoinSet<()>,
}

impl World {
    pub(in crate::delivery) fn new(seed: u64) -> Self {
        let clock = Arc::new(VirtualClock::new());
        let log = Log::new(clock.clone());
        let store = MemoryJournal::new(clock.clone());
        let shared = Shared::new(store, log.clone(), seed ^ 0x5eed);
        let (handlers, actions) = (Vec::new(), Vec::new());
        Self { clock, log, shared, seed, handlers, actions, lives: 0, appended: 0 }
    }

    pub(in crate::delivery) fn with_handler(mut self, name: &str, make: MakeHandler) -> Self {
        self.handlers.push((name.into(), make));
        self
    }

    /// An action that takes so many records at once; `table` as in a configuration.
    pub(in crate::delivery) fn with_action(
        mut self,
        name: &str,
        table: &str,
        batch: usize,
        script: Script,
    ) -> Self {
        let table = table::read(table);
        self.actions.push((name.into(), table, Target::new(name, self.log.clone(), batch, script)));
        self
    }

    /// A handler `h`, and an action `a` with this table.
    pub(in crate::delivery) fn simple(table: &str, batch: usize, script: Script) -> Self {
        Self::new(7)
            .with_handler("h", Box::new(|_| Arc::new(HandsOn)))
            .with_action("a", table, batch, script)
    }

    /// Its journal has no way to pause.
    pub(in crate::delivery) fn without_pause(self) -> Self {
        self.shared.pauses.store(false, std::sync::atomic::Ordering::Relaxed);
        self
    }

    pub(in crate::delivery) fn target(&self) -> &Target {
        &self.actions[0].2
    }

    pub(super) fn subscriptions(&self) -> Vec<ConsumerId> {
        let all = |(handler, _): &(Arc<str>, MakeHandler)| {
            let handler = handler.clone();
            let lane =
                move |action: &(Arc<str>, _, _)| ConsumerId::subscription(&handler, &action.0);
            self.actions.iter().map(lane).collect::<Vec<_>>()
        };
        self.handlers.iter().flat_map(all).collect()
    }

    fn lanes(&self) -> Vec<ConsumerSpec> {
        let spec = |id, ordering| ConsumerSpec {
            id,
            start: Start::Beginning,
            commands: vec!["*".parse().unwrap()],
            ordering,
            enabled: true,
        };
        let mut lanes = Vec::new();
        for (handler, _) in &self.handlers {
            lanes.push(spec(ConsumerId::projection(handler), LaneOrdering::None));
            for (action, (_, ordering), _) in &self.actions {
                lanes.push(spec(ConsumerId::subscription(handler, action), *ordering));
            }
        }
        lanes
    }

    /// Starts a node.
    pub(in crate::delivery) async fn start(&mut self) -> Running {
        self.lives += 1;
        let life = self.lives;
        let node = Node { inner: self.shared.store.clone(), shared: self.shared.clone(), life };
        node.attach(&self.lanes()).await.unwrap();
        let works = DeliveryContext {
            journal: Arc::new(node),
            clock: self.clock.clone(),
            rng: Arc::new(Rng::seeded(self.seed.wrapping_mul(1000) + u64::from(life))),
            metrics: Arc::default(),
            occupied: Arc::default(),
            stop: CancellationToken::new(),
        };
        let mut running = Running {
            life,
            gates: BTreeMap::new(),
            metrics: works.metrics.clone(),
            journal: works.journal.clone(),
            stop: works.stop.clone(),
            lanes: JoinSet::new(),
        };
        for (name, (policy, _), target) in &self.actions {
            let gate = Gate::new(name, policy, target.batch(), &works);
            running.gates.insert(name.clone(), gate);
        }
        for (handler, make) in &self.handlers {
            let (name, works) = (handler.clone(), works.clone());
            running.lanes.spawn(Projection::new(name, make(life), works.clone()).run());
            for (name, (policy, _), target) in &self.actions {
                let action: Arc<dyn Action> = Arc::new(Seen { target: target.clone(), life });
                let subscription = Subscription {
                    handler: handler.clone(),
                    action_name: name.clone(),
                    action,
                    policy: *policy,
                    seat: running.gates[name].seat(),
                    works: works.clone(),
                };
                running.lanes.spawn(subscription.run());
            }
        }
        running
    }

    /// Keeps a callback; its position, which is its id too.
    pub(in crate::delivery) async fn append(&mut self, key: &str, body: &str) -> u64 {
        let mut callback = callback("Group.X", body.to_owned());
        callback.facts.id = Uuid::from_u128(u128::from(self.appended) + 1);
        callback.facts.key = (!key.is_empty()).then(|| key.into());
        if self.shared.store.append(vec![Entry::of(&callback)]).await.is_ok() {
            self.appended += 1;
        }
        self.appended
    }

    pub(super) fn appended(&self) -> u64 {
        self.appended
    }

    pub(in crate::delivery) async fn lane(&self, name: &str) -> ConsumerStatus {
        let lanes = self.shared.store.lanes().await.unwrap();
        lanes.into_iter().find(|lane| lane.lane == name).unwrap()
    }

    pub(in crate::delivery) async fn pass(&self, time: Duration) {
        self.clock.sleep_until(self.clock.now() + time).await;
    }

    /// As when its machine loses power: what it had leased stays so until it lapses.
    pub(super) fn kill(&self, node: Running) {
        self.log.push(Event::Crashed { life: node.life });
        drop(node);
    }
}

impl Running {
    /// Ends it as a signal does: attempts under way are finished and settled.
    pub(in crate::delivery) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.lanes.join_next().await {
            ended.unwrap();
        }
    }

    /// Whether every lane is still there.
    pub(super) fn is_whole(&mut self) -> bool {
        self.lanes.try_join_next().is_none()
    }
}
