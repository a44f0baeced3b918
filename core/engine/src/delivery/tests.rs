//! Projections and subscriptions over the in-memory journal, with a clock that stands still.

mod gate;
mod journal;
mod poison;
mod slow;
mod state;

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use switchhook_api::journal::{
    ConsumerSpec, ConsumerStatus, DeadLetterQuery, Disposition, JournalAdmin as _, LeasedItem,
    Ordering as LaneOrdering, Position, Start, Work,
};
use switchhook_api::{
    Action, Callback, Failure, HandleContext, Handler, NewRecord, Record, StateReader as _,
};
use switchhook_testkit::{MemoryJournal, RecordingAction, TestClock, callback, entry};
use tokio::task::JoinSet;

use super::projection::Done;
use super::*;
use crate::delivery::simulation::table;

/// A journal, a handler `h` and its action `a`, at work.
struct House {
    journal: Arc<MemoryJournal>,
    clock: Arc<TestClock>,
    works: DeliveryContext,
    lanes: JoinSet<()>,
}

impl House {
    async fn new(handler: Arc<dyn Handler>, action: Arc<dyn Action>, table: &str) -> Self {
        let clock = Arc::new(TestClock::default());
        let journal = Arc::new(MemoryJournal::new(clock.clone()));
        let (policy, ordering) = table::read(table);
        let spec = |id, ordering| ConsumerSpec {
            id,
            start: Start::Now,
            commands: vec!["*".parse().unwrap()],
            ordering,
            enabled: true,
        };
        let lanes = [
            spec(ConsumerId::projection("h"), LaneOrdering::None),
            spec(ConsumerId::subscription("h", "a"), ordering),
        ];
        journal.attach(&lanes).await.unwrap();
        let works = DeliveryContext {
            journal: journal.clone(),
            clock: clock.clone(),
            rng: Arc::new(Rng::seeded(7)),
            metrics: Arc::default(),
            occupied: Arc::default(),
            stop: CancellationToken::new(),
        };
        let mut lanes = JoinSet::new();
        lanes.spawn(Projection::new("h".into(), handler, works.clone()).run());
        let (handler, action_name) = ("h".into(), "a".into());
        let seat = Gate::new(&action_name, &policy, action.batch_max(), &works).seat();
        let subscription =
            Subscription { handler, action_name, action, policy, seat, works: works.clone() };
        lanes.spawn(subscription.run());
        Self { journal, clock, works, lanes }
    }

    async fn append(&self, key: &str, body: &str) {
        self.journal.append(vec![entry("Group.X", key, body.to_owned())]).await.unwrap();
    }

    async fn status(&self, lane: &str) -> ConsumerStatus {
        self.journal.lanes().await.unwrap().into_iter().find(|one| one.lane == lane).unwrap()
    }

    /// Lets everything run until a lane looks so.
    async fn until(&self, lane: &str, looks: impl Fn(&ConsumerStatus) -> bool) {
        while !looks(&self.status(lane).await) {
            tokio::task::yield_now().await;
        }
    }

    async fn stop(mut self) {
        self.works.stop.cancel();
        while let Some(ended) = self.lanes.join_next().await {
            ended.unwrap();
        }
    }
}

/// Hands everything on, unless the body says otherwise.
#[derive(Default)]
struct Passes {
    calls: AtomicUsize,
}

#[async_trait]
impl Handler for Passes {
    async fn handle(
        &self,
        callback: &Callback,
        cx: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let count = cx.state().get("count").await?.map_or(0, |text| text.len());
        cx.state().put("count", "x".repeat(count + 1));
        match &callback.body[..] {
            b"skip" => Ok(None),
            b"fail" => Err(Failure::transient("on purpose")),
            b"never" => Err(Failure::permanent("on purpose")),
            b"panic" => panic!("on purpose"),
            _ => Ok(Some(NewRecord::of(callback))),
        }
    }
}

/// Fails for bodies that say so; takes the rest, batches too if it is told to.
struct Picky {
    inner: RecordingAction,
    batch: usize,
}

#[async_trait]
impl Action for Picky {
    async fn deliver(&self, record: &Record) -> Result<(), Failure> {
        match &record.body[..] {
            b"poison" => Err(Failure::permanent("on purpose")),
            b"bomb" => panic!("on purpose"),
            b"hang" => std::future::pending().await,
            _ => self.inner.deliver(record).await,
        }
    }

    fn batch_max(&self) -> usize {
        self.batch
    }
}

fn picky(batch: usize) -> Arc<Picky> {
    Arc::new(Picky { inner: RecordingAction::default(), batch })
}

#[tokio::test]
async fn records_are_delivered_in_order_and_state_counts_only_what_succeeded() {
    let (handler, action) = (Arc::new(Passes::default()), picky(1));
    let house = House::new(handler, action.clone(), "").await;
    for body in ["one", "skip", "fail", "two"] {
        house.append("k", body).await;
    }
    assert_eq!(action.inner.delivered(2).await.len(), 2);
    assert_eq!(action.inner.bodies(), ["one", "two"]);
    house.until("h", |lane| lane.behind == 0 && lane.dead == 1).await;
    let count = house.journal.state("h", "count").await.unwrap().unwrap();
    assert_eq!(count.len(), 3, "a failed call leaves no trace in the state");
    house.stop().await;
}

#[tokio::test]
async fn a_callback_that_is_handled_again_brings_its_record_and_changes_no_state() {
    let house = House::new(Arc::new(Passes::default()), picky(1), "").await;
    let (handler, works) = (Arc::new(Passes::default()), house.works.clone());
    let projection = Projection::new("h".into(), handler, works);
    let item = |(number, body, again): (u64, &'static str, bool)| LeasedItem {
        position: Position(number),
        attempts: 0,
        replay: again.then(|| uuid::Uuid::from_u128(number.into())),
        work: Work::Callback(callback("Group.X", body)),
    };
    let items = [(1, "one", false), (2, "again", true), (3, "two", false), (4, "never", true)];
    let items = items.map(item).into();
    let mut done = Done::new(ConsumerId::projection("h"), 1);
    projection.handle_all(items, &mut done).await.unwrap();
    assert_eq!(done.state["count"].as_deref(), Some(&b"xx"[..]), "of two callbacks");
    let fates: Vec<_> = done.fates.iter().map(|(_, fate)| fate).collect();
    let recorded = |fate: &Disposition| matches!(fate, Disposition::Recorded(Some(_)));
    assert!(fates[..3].iter().all(|fate| recorded(fate)), "{fates:?}");
    assert!(matches!(fates[3], Disposition::Dead { .. }), "{fates:?}");
    house.stop().await;
}

#[tokio::test]
async fn a_callback_that_always_fails_is_tried_three_times_and_then_passed() {
    let (handler, action) = (Arc::new(Passes::default()), picky(1));
    let house = House::new(handler.clone(), action.clone(), "").await;
    for body in ["panic", "never", "fine"] {
        house.append("k", body).await;
    }
    action.inner.delivered(1).await;
    assert_eq!(handler.calls.load(Ordering::Relaxed), 3 + 1 + 1);
    house.until("h", |lane| lane.dead == 2).await;
    let letters = house.journal.dead_letters(&DeadLetterQuery::first(10)).await.unwrap().items;
    assert!(letters.iter().any(|letter| letter.reason.contains("panicked")), "{letters:?}");
    house.stop().await;
}

#[tokio::test]
async fn a_failed_delivery_comes_again_when_it_is_due_and_not_before() {
    let action = picky(1);
    action.inner.fail_next(Failure::transient("busy"));
    let house = House::new(
        Arc::new(Passes::default()),
        action.clone(),
        "retry = { initial = \"10s\", jitter = 0.0 }",
    )
    .await;
    house.append("k", "one").await;
    house.until("h>a", |lane| lane.open == 1).await;
    while house.clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    house.clock.advance(Duration::from_secs(9));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(action.inner.attempts(), 1, "too early");
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(action.inner.delivered(1).await.len(), 1);
    assert_eq!(action.inner.attempts(), 2);
    house.until("h>a", |lane| lane.open == 0).await;
    house.stop().await;
}

#[tokio::test]
async fn poison_becomes_a_dead_letter_and_others_go_on() {
    for batch in [1, 100] {
        let action = picky(batch);
        let house = House::new(Arc::new(Passes::default()), action.clone(), "").await;
        for body in ["poison", "one"] {
            house.append("k", body).await;
        }
        // In a batch, what stands behind a failed record of its key waits for the next attempt.
        while action.inner.records().is_empty() {
            house.clock.advance(Duration::from_secs(10));
            tokio::task::yield_now().await;
        }
        house.until("h>a", |lane| lane.dead == 1 && lane.open == 0).await;
        house.stop().await;
    }
}

#[tokio::test]
async fn a_panicking_action_is_caught_and_its_record_given_up() {
    let action = picky(1);
    let house = House::new(Arc::new(Passes::default()), action.clone(), "").await;
    house.append("k", "bomb").await;
    house.append("k", "one").await;
    action.inner.delivered(1).await;
    house.until("h>a", |lane| lane.dead == 1).await;
    house.stop().await;
}

#[tokio::test]
async fn a_record_on_which_a_batch_panics_is_given_up_alone() {
    let action = picky(100);
    let house = House::new(Arc::new(Passes::default()), action.clone(), "").await;
    for body in ["bomb", "one", "two", "three"] {
        house.append(body, body).await;
    }
    for _ in 0..1000 {
        house.clock.advance(Duration::from_secs(10));
        tokio::task::yield_now().await;
    }
    let lane = house.status("h>a").await;
    assert_eq!((lane.dead, lane.open, action.inner.records().len()), (1, 0, 3));
    house.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_hanging_attempt_ends_at_its_timeout_and_holds_only_its_own_key() {
    let action = picky(1);
    let house = House::new(
        Arc::new(Passes::default()),
        action.clone(),
        "timeout = \"5s\"\nretry.attempts = 1",
    )
    .await;
    house.append("slow", "hang").await;
    house.append("slow", "behind").await;
    house.append("quick", "free").await;
    assert_eq!(
        action.inner.delivered(2).await.iter().map(|r| &r.body[..]).collect::<Vec<_>>(),
        [&b"free"[..], b"behind"]
    );
    let letters = house.journal.dead_letters(&DeadLetterQuery::first(10)).await.unwrap().items;
    assert!(letters[0].reason.contains("no result within 5s"), "{letters:?}");
    house.stop().await;
}

#[derive(Debug)]
struct Bomb;

impl std::fmt::Display for Bomb {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("on purpose")
    }
}

impl std::error::Error for Bomb {}

#[test]
fn a_reason_is_short_and_never_panics() {
    let long = Failure::transient("x".repeat(1_000_000));
    assert_eq!(long.reason().len(), 2000);
    assert!(Failure::transient(Bomb).reason().contains("panicked"));
}

/// Cannot be broken off: it takes a minute, and counts who asks.
struct Slow {
    batch: usize,
    asked: AtomicUsize,
}

#[async_trait]
impl Action for Slow {
    async fn deliver(&self, _: &Record) -> Result<(), Failure> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_mins(1)).await;
        Ok(())
    }

    fn batch_max(&self) -> usize {
        self.batch
    }

    fn is_uncancellable(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_goes_on_anyway_is_waited_for() {
    for batch in [1, 10] {
        let action = Arc::new(Slow { batch, asked: AtomicUsize::new(0) });
        let handler = Arc::new(Passes::default());
        let house = House::new(handler, action.clone(), "timeout = \"5s\"").await;
        house.append("k", "one").await;
        while house.status("h>a").await.cursor.0 == 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(action.asked.load(Ordering::Relaxed), 1, "made again though it had succeeded");
        house.stop().await;
    }
}

/// Panics where nobody looks: before there is anything to await, and when it is dropped.
struct Sneaky;

struct Trap;

impl Drop for Trap {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

impl Action for Sneaky {
    fn deliver<'s: 'f, 'r: 'f, 'f>(
        &'s self,
        record: &'r Record,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'f>> {
        assert!(&record.body[..] != b"begin", "on purpose");
        Box::pin(async {
            let _trap = Trap;
            std::future::pending().await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_at_the_edge_of_an_attempt_is_caught_too() {
    let house = House::new(Arc::new(Passes::default()), Arc::new(Sneaky), "timeout = \"5s\"").await;
    house.append("k", "begin").await;
    house.append("k", "drop").await;
    while house.status("h>a").await.dead < 2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    house.stop().await;
}

#[tokio::test]
async fn stopping_settles_what_is_under_way() {
    let action = picky(1);
    let house = House::new(Arc::new(Passes::default()), action.clone(), "").await;
    for n in 0..50 {
        house.append(&format!("k{n}"), "x").await;
    }
    action.inner.delivered(1).await;
    let journal = house.journal.clone();
    house.stop().await;
    let delivered = action.inner.records().len() as u64;
    let lane = journal.lanes().await.unwrap().into_iter().find(|lane| lane.lane == "h>a").unwrap();
    assert_eq!(lane.open, 0, "nothing is left handed out");
    assert_eq!(lane.cursor.0, delivered, "and the cursor stands behind the last one delivered");
}
