//! Reads all that can be had from a damaged store, and compares it with what went in.

use std::collections::HashSet;
use std::path::Path;

use fastrand::Rng;
use switchhook_api::BoxError;
use switchhook_api::journal::{
    Appended, ConsumerId, DeadLetterQuery, Disposition, Entry, EventQuery, Journal, LeasedItem,
    Position, Verified, Work,
};

use super::store::{self, HANDLER, Hung, Known, PATIENCE};

/// What came out of one store.
#[derive(Default)]
pub(super) struct Got {
    /// Why nothing more came: said by the journal itself.
    pub(super) refused: Option<String>,
    /// Something that went in otherwise, or never.
    pub(super) wrong: Vec<String>,
    /// The journal did not answer.
    pub(super) hung: bool,
    /// Entries that came out of the log of entries, and records out of theirs.
    pub(super) entries: HashSet<u64>,
    pub(super) records: HashSet<u64>,
    /// Everything was asked for.
    pub(super) to_the_end: bool,
    /// What the journal found itself, before it was read.
    pub(super) found: Option<Verified>,
}

/// Opens the store in a folder and reads everything, until it refuses.
pub(super) async fn read(folder: &Path, known: &Known, seed: u64) -> Got {
    let mut got = Got::default();
    let result = match tokio::time::timeout(PATIENCE, store::open(folder)).await {
        Ok(Ok(journal)) => {
            let result = read_all(&*journal, known, seed, &mut got).await;
            if tokio::time::timeout(PATIENCE, journal.shutdown()).await.is_err() {
                got.hung = true;
            }
            result
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Hung.into()),
    };
    match result {
        Ok(()) => got.to_the_end = true,
        Err(error) if error.is::<Hung>() => got.hung = true,
        Err(error) => got.refused = Some(switchhook_api::with_causes(&*error)),
    }
    got
}

async fn read_all(
    journal: &dyn Journal,
    known: &Known,
    seed: u64,
    got: &mut Got,
) -> Result<(), BoxError> {
    let again = [ConsumerId::projection("again"), ConsumerId::subscription(HANDLER, "again")];
    let own = [ConsumerId::projection(HANDLER), store::delivered()];
    let all: Vec<_> = own.iter().chain(&again).cloned().map(store::lane).collect();
    journal.attach(&all).await?;
    // Behind everything, and new: where reading ends.
    let last = store::last_entry(known, &mut Rng::with_seed(seed));
    let end = match journal.append(vec![last.clone()]).await?.first() {
        Some(Appended::Kept(position)) => *position,
        other => return Err(format!("the last entry was answered with {other:?}").into()),
    };
    let verified = tokio::time::timeout(PATIENCE, journal.verify()).await;
    got.found = Some(verified.map_err(|_| Hung)??);
    let mut reader = Reader { journal, known, last, end, got };
    reader.history().await?;
    reader.drain(&again[0], |_| Disposition::Recorded(None)).await?;
    reader.drain(&own[0], store::recorded).await?;
    reader.drain(&again[1], |_| Disposition::Delivered).await?;
    reader.drain(&own[1], |_| Disposition::Delivered).await?;
    reader.dead_letters().await
}

struct Reader<'a> {
    journal: &'a dyn Journal,
    known: &'a Known,
    last: Entry,
    end: Position,
    got: &'a mut Got,
}

impl Reader<'_> {
    fn wrong(&mut self, what: impl Into<String>) {
        self.got.wrong.push(what.into());
    }

    /// The entry that should be at a place, if this is its id.
    fn expected(&mut self, position: Position, id: switchhook_api::Uuid) -> Option<Entry> {
        if id == self.last.facts.id && position == self.end {
            return Some(self.last.clone());
        }
        match self.known.find(id) {
            Some((place, entry)) if place == position.0 => Some(entry.clone()),
            Some((place, _)) => {
                self.wrong(format!("entry {place} came out as {position}"));
                None
            }
            None => {
                self.wrong(format!("{position} was never kept"));
                None
            }
        }
    }

    async fn history(&mut self) -> Result<(), BoxError> {
        let mut query = EventQuery { limit: 100, ..EventQuery::default() };
        for _ in 0..100 {
            let page = self.journal.events(&query).await?;
            for event in page.items {
                let Some(entry) = self.expected(event.position, event.facts.id) else { continue };
                if (&entry.facts, &entry.body) != (&event.facts, &event.body) {
                    self.wrong(format!("entry {} differs in history", event.position));
                }
            }
            let Some(next) = page.next else { return Ok(()) };
            query.before = Some(next);
        }
        self.wrong("history has no end");
        Ok(())
    }

    /// Takes everything that a lane has, up to the last entry.
    async fn drain(
        &mut self,
        lane: &ConsumerId,
        fate: fn(&LeasedItem) -> Disposition,
    ) -> Result<(), BoxError> {
        let mut taken = 0;
        loop {
            let lease = store::lease(self.journal, lane, 64).await?;
            taken += lease.items.len();
            for item in &lease.items {
                self.check(item);
            }
            let ended = lease.items.iter().any(|item| item.position == self.end);
            store::settle(self.journal, lease, fate).await?;
            if ended {
                return Ok(());
            }
            if taken > 10 * self.known.entries.len() {
                self.wrong(format!("{lane} has no end"));
                return Ok(());
            }
        }
    }

    fn check(&mut self, item: &LeasedItem) {
        let position = item.position;
        match &item.work {
            Work::Callback(callback) => {
                let Some(entry) = self.expected(position, callback.facts.id) else { return };
                if (&entry.facts, &entry.body) != (&callback.facts, &callback.body) {
                    self.wrong(format!("entry {position} differs"));
                }
                self.got.entries.insert(position.0);
            }
            Work::Record(record) => {
                let Some(entry) = self.expected(position, record.facts.id) else { return };
                let Some(made) = store::record_of(&store::callback(&entry)) else {
                    return self.wrong(format!("{position} never had a record"));
                };
                let body = made.body.as_ref().unwrap_or(&entry.body);
                let whole = (&made.key, &made.summary, body, &entry.facts);
                if whole != (&record.key, &record.summary, &record.body, &record.facts) {
                    self.wrong(format!("the record of {position} differs"));
                }
                self.got.records.insert(position.0);
            }
        }
    }

    async fn dead_letters(&mut self) -> Result<(), BoxError> {
        let letters = self.journal.dead_letters(&DeadLetterQuery::first(10_000)).await?;
        for letter in letters.items {
            let ours = letter.reason == store::reason(letter.position)
                && self.known.dead.contains(&letter.position.0);
            if !ours && !letter.reason.starts_with("damaged in the ") {
                self.wrong(format!("dead letter {}: {}", letter.position, letter.reason));
            }
        }
        Ok(())
    }
}
