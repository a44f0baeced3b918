//! One seed: a while of faults, then none, then what must have come of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use switchhook_api::journal::{ConsumerStatus, Health, JournalAdmin as _};
use switchhook_api::{Clock as _, StateReader as _};

use super::check::Found;
use super::log::Event;
use super::script::{self, Calls, Numbers, Scripted};
use super::world::{Running, World};

/// A lease of a projection that nobody gives back, and what comes on top.
const FLOWS_WITHIN: Duration = Duration::from_mins(6 * 60 + 15);
/// Every retry, also those that a clock set back has put off.
const SETTLED_WITHIN: Duration = Duration::from_hours(48);

/// How long a target is away, as often as it is.
type Outages = Arc<Mutex<Vec<(Duration, Duration)>>>;

struct Run {
    chance: fastrand::Rng,
    world: World,
    outages: Outages,
    nodes: [Option<Running>; 2],
    bodies: BTreeMap<u64, (String, String)>,
    numbers: Numbers,
}

/// Runs a seed; the trace of what happened.
pub(super) fn seed(seed: u64) -> Result<u64, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut run = Run::new(seed);
        run.nodes = [Some(run.world.start().await), Some(run.world.start().await)];
        run.faults().await;
        run.heal().await;
        run.flows().await?;
        run.settles().await?;
        let trace = run.world.log.trace();
        run.check().await.map_err(|wrong| format!("{wrong}\n{}", run.tail()))?;
        Ok(trace)
    })
}

fn table(chance: &mut fastrand::Rng) -> String {
    format!(
        "timeout = \"{}s\"\nconcurrency = {}\nordering = \"{}\"\n\
         retry = {{ attempts = {}, initial = \"{}s\", max = \"30s\", min_per_minute = {} }}\n\
         circuit_breaker = {{ failure_threshold = {}, initial = \"{}s\", max = \"{}s\" }}\n",
        chance.u8(1..6),
        chance.u8(1..6),
        if chance.u8(..4) == 0 { "none" } else { "key" },
        chance.u8(2..7),
        chance.u8(1..10),
        chance.u16(30..600),
        chance.u8(..5),
        chance.u8(1..6),
        chance.u8(6..60),
    )
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed);
        let (calls, numbers, outages) = (Calls::default(), Numbers::default(), Outages::default());
        let mut world = World::new(seed);
        for name in ["g", "h"].into_iter().take(chance.usize(1..=2)) {
            let (log, calls) = (world.log.clone(), calls.clone());
            let make = move |life| -> Arc<dyn switchhook_api::Handler> {
                Arc::new(Scripted { log: log.clone(), calls: calls.clone(), life })
            };
            world = world.with_handler(name, Box::new(make));
        }
        for name in ["a", "b"].into_iter().take(chance.usize(1..=2)) {
            let batch = if chance.bool() { 1 } else { chance.usize(2..9) };
            let (away, numbers) = (outages.clone(), numbers.clone());
            let script = script::target(chance.fork(), away, numbers);
            world = world.with_action(name, &table(&mut chance), batch, script);
        }
        let bodies = BTreeMap::new();
        Self { chance, world, outages, nodes: [None, None], bodies, numbers }
    }

    async fn faults(&mut self) {
        let end = Duration::from_secs(self.chance.u64(60..600));
        while self.world.clock.now() < end {
            let pause = Duration::from_millis(self.chance.u64(..15_000));
            self.world.pass(pause).await;
            match self.chance.u8(..20) {
                0..8 => self.append().await,
                8 | 9 => self.kill(),
                10 => self.stop_one().await,
                11 => self.lose_power().await,
                12..14 => self.start_one().await,
                14 | 15 => {
                    let trouble = [0, 30, 200][self.chance.usize(..3)];
                    self.world.shared.set_trouble(trouble);
                }
                16 => {
                    let seconds = self.chance.i64(-90_000..90_000);
                    self.world.clock.jump_wall(SignedDuration::from_secs(seconds));
                    self.world.log.push(Event::Jumped { seconds });
                }
                17 => {
                    let (now, long) = (self.world.clock.now(), self.chance.u64(..120));
                    let away = (now, now + Duration::from_secs(long));
                    self.outages.lock().unwrap().push(away);
                }
                18 => {
                    let well = self.chance.bool();
                    let health =
                        if well { Health::Ready } else { Health::Unavailable("full".into()) };
                    self.world.shared.store.set_health(health);
                }
                _ => self.turn_pause().await,
            }
        }
    }

    async fn append(&mut self) {
        for _ in 0..self.chance.u8(1..8) {
            let key = match self.chance.u8(..6) {
                0 => String::new(),
                key => format!("k{key}"),
            };
            let body = script::body(&mut self.chance);
            self.keep(key, body).await;
        }
    }

    /// The position, if there was room.
    async fn keep(&mut self, key: String, body: String) -> Option<u64> {
        let before = self.world.appended();
        let position = self.world.append(&key, &body).await;
        (position > before).then(|| {
            self.bodies.insert(position, (key, body));
            position
        })
    }

    fn pick(&mut self) -> &mut Option<Running> {
        &mut self.nodes[self.chance.usize(..2)]
    }

    fn kill(&mut self) {
        if let Some(node) = self.pick().take() {
            self.world.kill(node);
        }
    }

    async fn stop_one(&mut self) {
        if let Some(node) = self.pick().take() {
            node.stop().await;
        }
    }

    /// Everything ends at once; the store then knows of no lease.
    async fn lose_power(&mut self) {
        for node in self.nodes.each_mut().into_iter().filter_map(Option::take) {
            self.world.kill(node);
        }
        tokio::task::yield_now().await;
        self.world.shared.store.crash();
        self.world.log.push(Event::Restored { lane: None });
    }

    async fn start_one(&mut self) {
        let number = self.chance.usize(..2);
        if self.nodes[number].is_none() {
            self.nodes[number] = Some(self.world.start().await);
        }
    }

    async fn turn_pause(&mut self) {
        let number = self.chance.usize(..self.world.actions.len());
        let name = self.world.actions[number].0.clone();
        let paused = self.chance.bool();
        self.world.shared.pause(&name, paused).await.unwrap();
    }

    async fn heal(&mut self) {
        self.world.shared.set_trouble(0);
        self.world.shared.store.set_health(Health::Ready);
        self.outages.lock().unwrap().clear();
        for number in 0..2 {
            if self.nodes[number].is_none() {
                self.nodes[number] = Some(self.world.start().await);
            }
        }
        self.resume().await;
    }

    /// As an operator does, who sees that a target is back.
    async fn resume(&self) {
        let lanes = self.world.shared.store.lanes().await.unwrap();
        for (action, _, _) in &self.world.actions {
            let of = |lane: &ConsumerStatus| lane.lane.ends_with(&format!(">{action}"));
            if lanes.iter().any(|lane| lane.paused && of(lane)) {
                self.world.shared.pause(action, false).await.unwrap();
            }
        }
    }

    /// Once nothing fails any more, what is new is delivered, whatever went before. It may share a batch with what hangs or
    /// panics, so there is another one each minute.
    async fn flows(&mut self) -> Result<(), String> {
        let until = self.world.clock.now() + FLOWS_WITHIN;
        let lanes = self.world.subscriptions().len();
        let mut fresh = Vec::new();
        while self.world.clock.now() <= until {
            fresh.extend(self.keep(format!("fresh{}", fresh.len()), "of".into()).await);
            for _ in 0..6 {
                self.resume().await;
                let taken = |fresh: &u64| self.world.log.taken(*fresh) >= lanes;
                if fresh.iter().any(taken) {
                    return Ok(());
                }
                self.world.pass(Duration::from_secs(10)).await;
            }
        }
        Err(format!("nothing fresh flows, of {fresh:?}\n{}", self.tail()))
    }

    async fn settles(&mut self) -> Result<(), String> {
        let until = self.world.clock.now() + SETTLED_WITHIN;
        loop {
            self.resume().await;
            let lanes = self.world.shared.store.lanes().await.unwrap();
            let left = lanes.iter().find(|lane| lane.open > 0 || lane.behind > 0);
            let Some(left) = left else { break };
            if self.world.clock.now() > until {
                return Err(format!("a lane does not come to its end: {left:?}\n{}", self.tail()));
            }
            self.world.pass(Duration::from_mins(2)).await;
        }
        for mut node in self.nodes.each_mut().into_iter().filter_map(Option::take) {
            if !node.is_whole() {
                return Err("a lane ended by itself".into());
            }
            node.stop().await;
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), String> {
        let found = Found::new(&self.world.log.all());
        let numbers = self.numbers.lock().unwrap().clone();
        for (handler, _) in &self.world.handlers {
            let state = self.world.shared.store.state(handler, "count").await.unwrap();
            let state =
                state.map_or(0, |text| std::str::from_utf8(&text).unwrap().parse().unwrap());
            found.projection(handler, &self.bodies, &numbers, state)?;
            for (action, (policy, ordering), target) in &self.world.actions {
                found.subscription(
                    handler,
                    action,
                    (policy, *ordering, target.batch()),
                    &self.bodies,
                )?;
                if target.most_under_way() > 2 * policy.concurrency {
                    return Err(format!(
                        "{action}: more attempts at a time than two nodes may make"
                    ));
                }
            }
        }
        found.lives()?;
        found.pauses()
    }

    fn tail(&self) -> String {
        let all = self.world.log.all();
        let shown = all.iter().map(|(at, event)| format!("{at:?} {event:?}\n"));
        shown.collect()
    }
}
