//! A target that does as it is told, and what it saw.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use switchhook_api::Clock as _;
use switchhook_api::journal::ConsumerId;
use switchhook_api::{Action, Failure, Record};

use super::log::{Event, Log};

/// What an attempt comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::delivery) enum Answer {
    Take,
    /// Transient; it may ask to be left alone.
    Busy(Option<Duration>),
    Refuse,
    Gone,
    /// Nothing ever comes back; true: though it has the record.
    Hang(bool),
    Panic,
    /// There is no result for it: of a batch with it there are too few.
    Lose,
}

/// Says what becomes of an attempt at a record, and after how long. Of a record it is told how often it came before.
pub(in crate::delivery) type Script =
    Box<dyn FnMut(Duration, &Record, usize) -> (Duration, Answer) + Send>;

const LOST: &str = "there is no result";

/// One target, whoever calls it.
pub(in crate::delivery) struct Target {
    name: Arc<str>,
    log: Arc<Log>,
    batch: usize,
    script: Mutex<Script>,
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    now: usize,
    most: usize,
    /// How often each record came.
    came: std::collections::BTreeMap<(Arc<str>, u128), usize>,
}

impl Target {
    pub(in crate::delivery) fn new(
        name: &str,
        log: Arc<Log>,
        batch: usize,
        script: Script,
    ) -> Arc<Self> {
        let (script, under_way) = (Mutex::new(script), Mutex::default());
        Arc::new(Self { name: name.into(), log, batch, script, under_way })
    }

    /// From now on it does this.
    pub(in crate::delivery) fn does(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    /// The most attempts that were under way at a time since this was asked last.
    pub(in crate::delivery) fn most_under_way(&self) -> usize {
        let mut under_way = self.under_way.lock().unwrap();
        let now = under_way.now;
        std::mem::replace(&mut under_way.most, now)
    }

    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    pub(in crate::delivery) fn under_way(&self) -> usize {
        self.under_way.lock().unwrap().now
    }
}

/// Counts an attempt for as long as it is under way, however it ends.
struct Counted<'t>(&'t Target);

impl<'t> Counted<'t> {
    fn new(target: &'t Target) -> Self {
        let mut under_way = target.under_way.lock().unwrap();
        under_way.now += 1;
        under_way.most = under_way.most.max(under_way.now);
        drop(under_way);
        Self(target)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.under_way.lock().unwrap().now -= 1;
    }
}

/// The target as one life of a node sees it.
pub(super) struct Seen {
    pub(super) target: Arc<Target>,
    pub(super) life: u32,
}

impl Seen {
    fn begun(&self, record: &Record) -> (ConsumerId, u64) {
        let lane = ConsumerId::subscription(&record.handler, &self.target.name);
        let position = u64::try_from(record.facts.id.as_u128()).unwrap();
        self.target.log.push(Event::Begun { life: self.life, lane: lane.clone(), position });
        (lane, position)
    }

    async fn answer(
        &self,
        record: &Record,
        lane: ConsumerId,
        position: u64,
    ) -> Result<(), Failure> {
        let log = &self.target.log;
        let before = {
            let mut under_way = self.target.under_way.lock().unwrap();
            let came = under_way.came.entry((record.handler.clone(), position.into())).or_default();
            *came += 1;
            *came - 1
        };
        let (after, answer) = (self.target.script.lock().unwrap())(log.clock.now(), record, before);
        log.clock.sleep_until(log.clock.now() + after / 2).await;
        if matches!(answer, Answer::Take | Answer::Hang(true)) {
            log.push(Event::Took { lane, position });
        }
        log.clock.sleep_until(log.clock.now() + after / 2).await;
        match answer {
            Answer::Take => Ok(()),
            Answer::Busy(None) => Err(Failure::transient("busy")),
            Answer::Busy(Some(wait)) => Err(Failure::transient("busy").retry_after(wait)),
            Answer::Refuse => Err(Failure::permanent("never")),
            Answer::Lose => Err(Failure::permanent(LOST)),
            Answer::Gone => Err(Failure::gone("gone")),
            Answer::Hang(_) => std::future::pending().await,
            // Without the hook that would print it.
            Answer::Panic => std::panic::resume_unwind(Box::new("on purpose")),
        }
    }
}

#[async_trait]
impl Action for Seen {
    async fn deliver(&self, record: &Record) -> Result<(), Failure> {
        let _counted = Counted::new(&self.target);
        let (lane, position) = self.begun(record);
        self.answer(record, lane, position).await
    }

    async fn deliver_batch(&self, records: &[Record]) -> Vec<Result<(), Failure>> {
        let _counted = Counted::new(&self.target);
        let places: Vec<_> = records.iter().map(|record| self.begun(record)).collect();
        let mut results: Vec<Result<(), Failure>> = Vec::new();
        for (record, (lane, position)) in records.iter().zip(places) {
            let failed = |(earlier, result): (&Record, &Result<(), Failure>)| {
                result.is_err() && earlier.key.is_some() && earlier.key == record.key
            };
            results.push(match records.iter().zip(&results).any(failed) {
                true => Err(Failure::transient("waiting for an earlier record with the same key")),
                false => self.answer(record, lane, position).await,
            });
        }
        results.retain(|result| !result.as_ref().is_err_and(|failure| failure.reason() == LOST));
        results
    }

    fn batch_max(&self) -> usize {
        self.target.batch
    }
}
