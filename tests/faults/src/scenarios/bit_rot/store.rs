//! A store of which everything is known, and what a reader gets out of it.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use switchhook_api::journal::{
    ConsumerId, ConsumerSpec, Disposition, Entry, Journal, Lease, LeaseRequest, LeasedItem,
    Ordering, Position, Settlement, Start,
};
use switchhook_api::{
    BoxError, BuildContext, Callback, Component, NewRecord, Phase, Registry, StateChanges, Table,
    Uuid,
};
use switchhook_engine::config::Section;

pub(super) const HANDLER: &str = "h";
const COMMANDS: [&str; 3] = ["A.One", "A.Two", "B.Three"];
/// Entries that are in the database itself, and those that are in the log before it.
const SAFE: u64 = 300;
const LOGGED: u64 = 60;
/// The work of a lease is done long before.
const TERM: Duration = Duration::from_mins(1);
/// No answer of a journal takes longer, whatever has become of its files.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What went into the store.
pub(super) struct Known {
    pub(super) entries: Vec<Entry>,
    places: HashMap<Uuid, u64>,
    /// Positions up to here no longer hang on the log.
    pub(super) safe: u64,
    pub(super) dead: HashSet<u64>,
}

impl Known {
    /// The entry of an id, and its position.
    pub(super) fn find(&self, id: Uuid) -> Option<(u64, &Entry)> {
        let place = *self.places.get(&id)?;
        Some((place, self.entries.get(usize::try_from(place).ok()?.checked_sub(1)?)?))
    }

    pub(super) fn last(&self) -> u64 {
        self.entries.len() as u64
    }

    fn add(&mut self, entry: Entry) {
        self.places.insert(entry.facts.id, self.last() + 1);
        self.entries.push(entry);
    }
}

/// The record of a callback, if it has one: always the same, so that any can be compared.
pub(super) fn record_of(callback: &Callback) -> Option<NewRecord> {
    let mut record = NewRecord::of(callback);
    match callback.facts.id.as_u128() % 5 {
        0 => return None,
        1 | 2 => {
            let text = [b"made of: ", &callback.body[..]].concat();
            record.body = Some(text.into());
            record.summary = format!("summary of {}", callback.facts.id);
        }
        _ => {}
    }
    Some(record)
}

/// An entry that is like no other.
pub(super) fn entry(number: u64, rng: &mut Rng) -> Entry {
    let size = if number.is_multiple_of(50) { 20_000 } else { rng.usize(20..1500) };
    let body: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(size).collect();
    let command = rng.choice(COMMANDS).unwrap_or(COMMANDS[0]);
    let mut callback = Callback::new(command, Phase::After, "app", Bytes::from(body));
    callback.facts.id = Uuid::from_u128(u128::from(number) << 64 | u128::from(rng.u64(..)));
    callback.facts.key = Some(format!("key{}", number % 11).into());
    Entry::of(&callback)
}

pub(super) fn callback(entry: &Entry) -> Callback {
    Callback::restored(entry.facts.clone(), entry.body.clone())
}

/// An entry behind all others, with a record.
pub(super) fn last_entry(known: &Known, rng: &mut Rng) -> Entry {
    loop {
        let last = entry(known.last() + 1000, rng);
        if record_of(&callback(&last)).is_some() {
            return last;
        }
    }
}

pub(super) async fn open(folder: &Path) -> Result<Arc<dyn Journal>, BoxError> {
    let registry = Registry::linked()?;
    let plugin = registry.get(Table::Journal, "embedded").ok_or("no journal is linked")?;
    let section = Section::parse("journal.options", "path = \"journal\"\nballast = \"0 B\"");
    let options = section.and_then(|section| plugin.configure(&section));
    let options = options.map_err(|mistakes| format!("{mistakes:?}"))?;
    let clock = Arc::new(switchhook_engine::SystemClock::default());
    match options.build(&BuildContext::new("journal", folder, clock)).await? {
        Component::Journal(journal) => Ok(journal),
        other => Err(format!("{other:?} is no journal").into()),
    }
}

pub(super) fn lane(id: ConsumerId) -> ConsumerSpec {
    let commands = vec!["*".parse().expect("a pattern")];
    ConsumerSpec { id, start: Start::Beginning, commands, ordering: Ordering::None, enabled: true }
}

pub(super) async fn lease(
    journal: &dyn Journal,
    lane: &ConsumerId,
    limit: usize,
) -> Result<Lease, BoxError> {
    let want = LeaseRequest { limit, term: TERM, whole_keys: false, retries: limit };
    let leased = tokio::time::timeout(PATIENCE, journal.lease(lane, &want)).await;
    Ok(leased.map_err(|_| Hung)??)
}

/// Nothing came that should have come.
#[derive(Debug)]
pub(super) struct Hung;

impl std::fmt::Display for Hung {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer in time")
    }
}

impl std::error::Error for Hung {}

pub(super) async fn settle(
    journal: &dyn Journal,
    lease: Lease,
    fate: impl Fn(&LeasedItem) -> Disposition,
) -> Result<(), BoxError> {
    let fates = lease.items.iter().map(|item| (item.position, fate(item))).collect();
    let (lane, token, state) = (lease.lane, lease.token, StateChanges::new());
    let settling = journal.settle(Settlement { lane, token, fates, state });
    Ok(tokio::time::timeout(PATIENCE, settling).await.map_err(|_| Hung)??)
}

/// Makes the store, and leaves it as a crash would: with entries in the log that are not in the database.
pub(super) async fn build(folder: &Path, copy: &Path, rng: &mut Rng) -> Result<Known, BoxError> {
    let mut known =
        Known { entries: Vec::new(), places: HashMap::new(), safe: SAFE, dead: HashSet::new() };
    let journal = open(folder).await?;
    fill(&*journal, &mut known, SAFE, rng).await?;
    work(&*journal, &mut known, 250).await?;
    journal.shutdown().await;
    drop(journal);
    let journal = open(folder).await?;
    fill(&*journal, &mut known, LOGGED, rng).await?;
    work(&*journal, &mut known, 50).await?;
    std::fs::create_dir(copy)?;
    for file in std::fs::read_dir(folder.join("journal"))? {
        let file = file?;
        std::fs::copy(file.path(), copy.join(file.file_name()))?;
    }
    journal.shutdown().await;
    Ok(known)
}

async fn fill(
    journal: &dyn Journal,
    known: &mut Known,
    count: u64,
    rng: &mut Rng,
) -> Result<(), BoxError> {
    journal.attach(&[lane(ConsumerId::projection(HANDLER)), lane(delivered())]).await?;
    let until = known.last() + count;
    while known.last() < until {
        let left = usize::try_from(until - known.last())?;
        let numbers = known.last() + 1..;
        let batch: Vec<Entry> =
            numbers.take(rng.usize(1..8).min(left)).map(|number| entry(number, rng)).collect();
        for entry in &batch {
            known.add(entry.clone());
        }
        journal.append(batch).await?;
    }
    Ok(())
}

/// The lane that has delivered some, waits with some and has given some up.
pub(super) fn delivered() -> ConsumerId {
    ConsumerId::subscription(HANDLER, "a")
}

async fn work(journal: &dyn Journal, known: &mut Known, count: usize) -> Result<(), BoxError> {
    let mut done = 0;
    while done < count {
        let got = lease(journal, &ConsumerId::projection(HANDLER), 40).await?;
        done += got.items.len();
        settle(journal, got, recorded).await?;
    }
    let got = lease(journal, &delivered(), count / 2).await?;
    let place = |item: &LeasedItem| item.position.0;
    known.dead.extend(got.items.iter().map(place).filter(|place| place % 9 == 0));
    let fate = |item: &LeasedItem| match place(item) % 9 {
        0 => Disposition::Dead { reason: reason(item.position), response: None },
        1 => Disposition::Retry { after: Duration::from_hours(1), reason: "busy".into() },
        2 => Disposition::Retry { after: Duration::ZERO, reason: "busy".into() },
        _ => Disposition::Delivered,
    };
    settle(journal, got, fate).await
}

pub(super) fn reason(position: Position) -> String {
    format!("no use: {position}")
}

/// A projection's settlement of one callback.
pub(super) fn recorded(item: &LeasedItem) -> Disposition {
    match &item.work {
        switchhook_api::journal::Work::Callback(callback) => {
            Disposition::Recorded(record_of(callback))
        }
        switchhook_api::journal::Work::Record(_) => Disposition::Delivered,
    }
}
