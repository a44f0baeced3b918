//! Handing out work: what is open, then what comes next in the log.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use switchhook_api::journal::{
    ConsumerId, Disposition, JournalError, Lease, LeaseRequest, LeasedItem, Position, Settlement,
    Work,
};
use switchhook_api::{Callback, Metadata, Pattern, Record, StateChanges, StringInterner, Uuid};

use super::attach;
use super::damage::DAMAGED;
use super::frame::{Blob, ENTRIES, Held};
use super::lanes::{Ahead, Cell, Found, Known, Look, Taken, hold};
use super::locked;
use super::replays::{Origin, find_all};
use super::schema::{PRUNED, count};
use super::store::Shared;

/// One look reads so many blobs at most and stops past so many bytes; then it is seen whether anything can go out.
const LOOK_BLOBS_MAX: usize = 1024;
const LOOK_BYTES_MAX: usize = 2 << 20;

/// What a lease keeps in memory at most, give or take a blob: its items are parts of blobs.
const LEASE_BYTES_MAX: usize = 16 << 20;

/// Counts the blobs that items keep in memory.
#[derive(Default)]
struct Memory {
    bytes: usize,
    last: [Option<Arc<Blob>>; 2],
}

impl Memory {
    fn holds(&mut self, blob: Option<&Arc<Blob>>) {
        let Some(blob) = blob else { return };
        if !self.last.iter().flatten().any(|last| Arc::ptr_eq(last, blob)) {
            self.bytes += blob.data.len();
            self.last.rotate_left(1);
            self.last[1] = Some(blob.clone());
        }
    }
}

/// Gives a lease back unless it reached its holder.
struct Guard<'a> {
    cell: &'a Cell,
    token: Option<u64>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token {
            self.cell.release(token);
        }
    }
}

impl Shared {
    pub(super) async fn lease(
        self: &Arc<Self>,
        id: &ConsumerId,
        want: &LeaseRequest,
    ) -> Result<Lease, JournalError> {
        loop {
            let cell = self.cell(id)?;
            let mut changed = pin!(cell.notify.notified());
            changed.as_mut().enable();
            self.open()?;
            match self.find(&cell, want).await? {
                Found::Work(taken) => {
                    if let Some(lease) = self.fill(&cell, taken).await? {
                        return Ok(lease);
                    }
                }
                Found::More => {}
                Found::Wait(None) => changed.await,
                Found::Wait(Some(at)) => tokio::select! {
                    () = changed => {}
                    () = self.clock.sleep_until(at) => {}
                },
            }
        }
    }

    fn cell(&self, id: &ConsumerId) -> Result<Arc<Cell>, JournalError> {
        let cell = locked(&self.lanes).cells.get(id).cloned();
        cell.ok_or_else(|| {
            JournalError::Store(format!("consumer {id} was never registered").into())
        })
    }

    async fn find(
        self: &Arc<Self>,
        cell: &Cell,
        want: &LeaseRequest,
    ) -> Result<Found, JournalError> {
        let _one_at_a_time = cell.scan.lock().await;
        // Read before the lane is looked at: everything up to here has been marked.
        let limit = cell.limit(self.head.load(Ordering::Acquire));
        let ahead = match cell.look(limit) {
            Look::Read(from) => self.read_ahead(cell, from, limit, want.limit).await?,
            Look::Nothing => Ahead::default(),
            Look::NotNow => return Ok(Found::Wait(None)),
        };
        Ok(cell.take(self.clock.now(), want, ahead, limit))
    }

    async fn read_ahead(
        self: &Arc<Self>,
        cell: &Cell,
        from: u64,
        limit: u64,
        count: usize,
    ) -> Result<Ahead, JournalError> {
        let spec = locked(&cell.inner).spec.clone();
        let log = if cell.is_projection() { ENTRIES } else { cell.handler };
        let (mut items, mut at, mut bytes) = (Vec::new(), from, 0);
        for _ in 0..LOOK_BLOBS_MAX {
            let Some(blob) = self.next_blob(log, at, limit).await? else {
                at = limit + 1;
                break;
            };
            for frame in blob.from(at).iter().take_while(|frame| frame.position <= limit) {
                // What cannot be read goes along: it is set aside when the lease is filled.
                let key = match log {
                    ENTRIES => match blob.command(*frame) {
                        Some(command) if !Pattern::any(&spec.commands, command) => None,
                        _ => Some(Some(Arc::from(""))), // all of a projection is one key
                    },
                    _ => Some(blob.record(*frame).and_then(|record| record.key.map(Arc::from))),
                };
                if let Some(key) = key {
                    items.push((hold(&blob, *frame), key));
                    if items.len() >= count {
                        return Ok(Ahead { from, items, upto: frame.position });
                    }
                }
            }
            at = (blob.last + 1).max(at);
            bytes += blob.data.len();
            if at > limit || bytes > LOOK_BYTES_MAX {
                break;
            }
        }
        Ok(Ahead { from, items, upto: limit.min(at - 1) })
    }

    /// The first blob that ends at or after a position; entries that are missing before it come as one damaged item.
    async fn next_blob(
        self: &Arc<Self>,
        log: u64,
        at: u64,
        limit: u64,
    ) -> Result<Option<Arc<Blob>>, JournalError> {
        let blob = self.reader.blob_at(log, at).await?;
        let upto = blob.as_ref().map_or(limit, |blob| limit.min(blob.first.saturating_sub(1)));
        if log != ENTRIES || at > upto {
            return Ok(blob);
        }
        let pruned = self.reader.with(|connection| attach::mark(connection, PRUNED)).await?;
        let from = at.max(count(pruned) + 1);
        if from > upto {
            return Ok(blob);
        }
        self.reader.damage.report_gap(from, upto);
        Ok(Some(Arc::new(Blob::lost(from, upto))))
    }

    /// Reads what the items of a lease are. What cannot be read any more is set aside as dead.
    async fn fill(
        self: &Arc<Self>,
        cell: &Cell,
        taken: Taken,
    ) -> Result<Option<Lease>, JournalError> {
        let mut guard = Guard { cell, token: Some(taken.token) };
        let log = if cell.is_projection() { ENTRIES } else { cell.handler };
        let mut items = Vec::with_capacity(taken.items.len());
        let (mut lost, mut facts, mut words) = (Vec::new(), Vec::new(), StringInterner::default());
        let mut near = None; // most references lie in one blob
        let (mut memory, mut too_much) = (Memory::default(), Vec::new());
        let mut wanted = taken.items;
        wanted.sort_unstable_by_key(|(position, ..)| *position); // so that no key loses an earlier one
        let origins = self.origins(&wanted).await?;
        for (position, attempts, held) in wanted {
            if memory.bytes > LEASE_BYTES_MAX && !items.is_empty() {
                too_much.push(position);
                continue;
            }
            let held = match held {
                Some(held) => Some(held),
                None => self.held(log, place(log, position, origins.get(&position))).await?,
            };
            let replay = origins.get(&position).map(|origin| origin.id);
            let work = match &held {
                Some(held) if log == ENTRIES => callback(held, position, &mut facts, &mut words),
                Some(held) => self.record(cell, held, replay, &mut near, &mut words).await?,
                None => None,
            };
            memory.holds(held.as_ref().map(|held| &held.blob));
            memory.holds(near.as_ref());
            match work {
                Some(work) => items.push(LeasedItem { position, attempts, replay, work }),
                None => lost.push((position, held.and_then(|held| held.blob.gap()))),
            }
        }
        {
            let mut inner = locked(&cell.inner);
            inner.facts.extend(facts);
            inner.lane.give_back(taken.token, &too_much);
        }
        let lease = Lease { lane: cell.id.clone(), token: taken.token, items };
        if !lost.is_empty() {
            self.set_aside(log, &lease, lost).await?;
        }
        guard.token = None;
        Ok((!lease.items.is_empty()).then_some(lease))
    }

    /// What those among them stand for that are done again.
    async fn origins(
        self: &Arc<Self>,
        wanted: &[(Position, u32, Option<Held>)],
    ) -> Result<HashMap<Position, Origin>, JournalError> {
        let again = wanted.iter().map(|(position, ..)| *position);
        let again: Vec<Position> = again.filter(|one| one.replay_number().is_some()).collect();
        match again.is_empty() {
            true => Ok(HashMap::new()),
            false => self.reader.with(move |connection| find_all(connection, &again)).await,
        }
    }

    pub(super) async fn held(
        self: &Arc<Self>,
        log: u64,
        position: u64,
    ) -> Result<Option<Held>, JournalError> {
        let blob = self.reader.blob_at(log, position).await?;
        let whole = |blob: &Arc<Blob>| blob.find(position).filter(|frame| frame.is_whole());
        Ok(blob.and_then(|blob| whole(&blob).map(|frame| hold(&blob, frame))))
    }

    async fn record(
        self: &Arc<Self>,
        cell: &Cell,
        held: &Held,
        replay: Option<Uuid>,
        near: &mut Option<Arc<Blob>>,
        words: &mut StringInterner,
    ) -> Result<Option<Work>, JournalError> {
        let position = held.frame.position;
        let Some(parts) = held.blob.record(held.frame) else { return Ok(None) };
        let body = if parts.body.is_some() {
            parts.body
        } else {
            if near.as_ref().is_none_or(|blob| blob.last < position || position < blob.first) {
                *near = self.reader.blob_at(ENTRIES, position).await?;
            }
            let entry = near.as_ref().and_then(|blob| blob.entry(blob.find(position)?));
            // Both have the same facts, else it is not the callback that the record was made of.
            entry.filter(|entry| entry.facts == parts.facts).map(|entry| entry.body)
        };
        let (Some(body), Some(facts)) = (body, Metadata::read_from(parts.facts, words)) else {
            return Ok(None);
        };
        let (key, summary) = (parts.key.map(Arc::from), parts.summary.to_owned());
        let handler = cell.id.handler().clone();
        let mut record = Record::new(handler, facts, key, summary, body);
        record.replay = replay;
        Ok(Some(Work::Record(record)))
    }

    async fn set_aside(
        self: &Arc<Self>,
        log: u64,
        lease: &Lease,
        lost: Vec<(Position, Option<(u64, u64)>)>,
    ) -> Result<(), JournalError> {
        let dead = |(position, gap): (Position, Option<(u64, u64)>)| {
            let again = position.replay_number().is_some();
            if !again {
                self.reader.damage.report_item(log, position.0);
            }
            let reason = match gap {
                _ if again => {
                    "what was to be done again is not in the journal any more, or damaged"
                        .to_owned()
                }
                Some((first, last)) => {
                    format!("{DAMAGED}: all callbacks from {first} to {last} are missing")
                }
                None => DAMAGED.to_owned(),
            };
            (position, Disposition::Dead { reason, response: None })
        };
        let fates = lost.into_iter().map(dead).collect();
        let (lane, token) = (lease.lane.clone(), lease.token);
        self.settle(Settlement { lane, token, fates, state: StateChanges::new() }).await
    }
}

/// Where what a lane works on lies in its log.
fn place(log: u64, position: Position, origin: Option<&Origin>) -> u64 {
    match origin {
        Some(origin) if log == ENTRIES => origin.position,
        Some(origin) => origin.place(),
        None => position.0,
    }
}

fn callback(
    held: &Held,
    position: Position,
    facts: &mut Vec<(u64, Known)>,
    words: &mut StringInterner,
) -> Option<Work> {
    let parts = held.blob.entry(held.frame)?;
    let read = Metadata::read_from(&parts.facts, words)?;
    let body = position.replay_number().map(|_| parts.body.clone());
    facts.push((position.0, Known { facts: parts.facts, body }));
    Some(Work::Callback(Callback::restored(read, parts.body)))
}
