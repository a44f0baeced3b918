//! The queue beside a simple model of it, through any order of events: appends, leases, settlements of any kind and from
//! leases that are over, crashes, a full disk, clocks that go on or jump, and whatever operators may ask for.

mod reference;
mod steps;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use self::reference::Model;
use super::*;

/// The lanes of a case, by their place in it: a projection and two subscriptions, the first ordered by key.
const LANES: usize = 3;
const PROJECTION: usize = 0;
const BY_KEY: usize = 1;
const STEPS_MAX: usize = 200;

/// How many cases a test runs, and from which seed on: `MODEL_CASES` and `MODEL_SEED`, if they are set.
pub fn model_cases(usual: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("MODEL_SEED").unwrap_or_default();
    first..first + number("MODEL_CASES").unwrap_or(usual)
}

/// One case. `grace` is how long an answer may take that may also not come: zero where everything is at hand.
pub async fn model_case(fixture: &dyn JournalFixture, seed: u64, grace: Duration) {
    let case = AssertUnwindSafe(async {
        let mut driver = Driver::new(fixture, seed, grace).await;
        for _ in 0..driver.rng.usize(20..=STEPS_MAX) {
            driver.step().await;
        }
        driver.drain().await;
    });
    if let Err(panic) = case.catch_unwind().await {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
        panic!("the case of MODEL_SEED={seed} failed: {text}");
    }
}

/// A lease as its holder sees it.
#[derive(Debug)]
struct Held {
    lane: usize,
    lease: Lease,
    until: Duration,
    /// What has not been settled.
    left: Vec<u64>,
    /// The journal has taken it back for certain.
    over: bool,
}

struct Driver<'a> {
    fixture: &'a dyn JournalFixture,
    node: Option<Node>,
    rng: fastrand::Rng,
    model: Model,
    held: Vec<Held>,
    grace: Duration,
    full: bool,
    bodies: u64,
}

/// What comes within so short a time, or at once.
async fn within<T>(grace: Duration, answer: impl Future<Output = T>) -> Option<T> {
    match grace.is_zero() {
        true => answer.now_or_never(),
        false => tokio::time::timeout(grace, answer).await.ok(),
    }
}

fn ids() -> [ConsumerId; LANES] {
    [ConsumerId::projection("h"), lane(), ConsumerId::subscription("h", "b")]
}

fn specs() -> [ConsumerSpec; LANES] {
    [
        projection("h", "*"),
        subscription("h", "a", Ordering::Key),
        subscription("h", "b", Ordering::None),
    ]
}

async fn open(fixture: &dyn JournalFixture) -> Node {
    let node = Node::open(fixture).await;
    node.attach(&specs()).await;
    node
}

impl<'a> Driver<'a> {
    async fn new(fixture: &'a dyn JournalFixture, seed: u64, grace: Duration) -> Self {
        Self {
            fixture,
            node: Some(open(fixture).await),
            rng: fastrand::Rng::with_seed(seed),
            model: Model::default(),
            held: Vec::new(),
            grace,
            full: false,
            bodies: 0,
        }
    }

    fn node(&self) -> &Node {
        self.node.as_ref().expect("the journal is open")
    }

    fn now(&self) -> Duration {
        switchhook_api::Clock::now(self.fixture.clock())
    }

    async fn step(&mut self) {
        match self.rng.u8(0..66) {
            0..10 => self.append().await,
            10..12 => self.note(),
            12..30 => self.lease().await,
            30..46 => self.settle().await,
            46..51 => {
                let time = Duration::from_secs(self.rng.u64(0..25));
                self.fixture.clock().advance(time);
            }
            51 => self.jump(),
            52..54 => self.crash().await,
            54 => self.fill(),
            55 => self.pause().await,
            56 => self.look().await,
            57..59 => self.replay().await,
            59..61 => self.retry_letters().await,
            61 => self.drop_letters().await,
            62..64 => self.visit().await,
            _ => self.prune().await,
        }
    }

    /// Ends all faults; then everything that is owed must come.
    async fn drain(&mut self) {
        self.make_room();
        for action in ["a", "b"] {
            self.node().0.pause(action, false).await.expect("resumed");
        }
        self.model.paused = [false; LANES];
        let before = self.model.top;
        while self.model.top == before {
            self.append().await; // behind all notes
        }
        self.fixture.clock().advance(Duration::from_hours(25));
        self.held.clear();
        self.look().await;
        for lane in 0..LANES {
            while self.finish_some(lane).await {}
        }
        self.nothing_is_left().await;
    }

    /// False when there is nothing more to do, nor anything that a crash brought back.
    async fn finish_some(&mut self, lane: usize) -> bool {
        let (id, owed) = (ids()[lane].clone(), self.model.owed(lane));
        let quiet = if self.grace.is_zero() { self.grace } else { QUIET };
        let patience = if owed > 0 { PATIENCE } else { quiet };
        let Some(lease) = within(patience, self.node().0.lease(&id, &want(20))).await else {
            assert_eq!(owed, 0, "{id} never did all");
            return false;
        };
        let lease = lease.expect("a lease");
        self.model.leased(lane, &lease, &self.held, true, self.now());
        let fates = self.model.all_well(lane, &lease);
        self.node().settle(&lease, fates.clone()).await.expect("the lease holds");
        self.model.settled(lane, &lease, &fates, self.now());
        true
    }

    async fn nothing_is_left(&mut self) {
        self.look().await;
        let numbers: Vec<u64> = self.model.letters.keys().copied().collect();
        let dropped = self.node().0.drop_dead_letters(&numbers).await.expect("dropped");
        assert_eq!(dropped, numbers.len() as u64);
        self.model.letters.clear();
        for id in ids() {
            let more = within(self.grace, self.node().0.lease(&id, &want(9))).await;
            assert!(more.is_none(), "{id} has what nobody is owed: {more:?}");
        }
        self.prune_to(Duration::ZERO).await;
        assert!(self.model.kept().next().is_none(), "{:?}", self.model.kept().collect::<Vec<_>>());
        self.append().await;
    }
}
