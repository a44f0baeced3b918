//! Looking back, for people.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use switchhook_api::journal::{
    ConsumerId, ConsumerStatus, DeadLetter, DeadLetterQuery, EventQuery, JournalError, Page,
    Position, StoredEvent,
};
use switchhook_api::{Clock, Metadata, Pattern, StringInterner, program_name};

use super::frame::{Blob, ENTRIES, Frame};
use super::lanes::Cell;
use super::late;
use super::locked;
use super::schema::{REPLAYS, attempts, count, integer, number};
use super::store::Shared;

/// One question reads so many bytes at most; the page says where to go on.
const SCAN_BYTES_MAX: usize = 16 << 20;
/// So much at a time, so that no reading is long.
const STEP_BLOBS: u32 = 8;

/// Entries may have been kept so much later than they were received.
const LATE_MAX: SignedDuration = SignedDuration::from_hours(24);

fn out_of_order() -> String {
    let program = program_name();
    format!("the journal's callbacks are out of order; run `{program} journal verify` for details")
}

type Row = (u64, u64, Bytes);

/// What of the log a question has still to see: the positions between two, both left out, and times of keeping.
#[derive(Clone, Copy, Debug)]
struct Span {
    after: u64,
    before: u64,
    since: i64,
    until: i64,
    late: bool,
    oldest_first: bool,
}

impl Span {
    fn of(query: &EventQuery) -> Self {
        let millis = |at: Result<Timestamp, _>| at.ok().map(Timestamp::as_millisecond);
        let since = query.since.map(|since| since.saturating_sub(LATE_MAX));
        let until = query.until.map(|until| until.saturating_add(LATE_MAX));
        Self {
            after: query.after.map_or(0, |after| after.0),
            before: query.before.map_or(REPLAYS, |before| before.0.min(REPLAYS)),
            since: since.and_then(millis).unwrap_or(i64::MIN),
            until: until.and_then(millis).unwrap_or(i64::MAX),
            late: query.persisted_late,
            oldest_first: query.oldest_first,
        }
    }

    /// Leaves out a blob that was seen; false: there was nothing of it to see.
    fn pass(&mut self, first: u64, last: u64) -> bool {
        let before = (self.after, self.before);
        match self.oldest_first {
            true => self.after = self.after.max(last),
            false => self.before = self.before.min(first),
        }
        before != (self.after, self.before)
    }

    fn next(&self) -> Position {
        Position(if self.oldest_first { self.after } else { self.before })
    }

    fn rows(&self, connection: &Connection) -> rusqlite::Result<Vec<Row>> {
        let order = if self.oldest_first { "ASC" } else { "DESC" };
        let late = if self.late { late::IN_ROW } else { "1" };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT first, first + count - 1, data FROM entries
             WHERE first >= coalesce((SELECT max(first) FROM entries WHERE first <= ?1 + 1), 0)
                 AND first < ?2 AND first + count - 1 > ?1 AND at BETWEEN ?3 AND ?4 AND {late}
             ORDER BY first {order} LIMIT ?5"
        ))?;
        let (after, before) = (number(self.after), number(self.before));
        let bounds = params![after, before, self.since, self.until, STEP_BLOBS];
        let rows = statement.query_map(bounds, |row| {
            Ok((count(row.get(0)?), count(row.get(1)?), Bytes::from(row.get::<_, Vec<u8>>(2)?)))
        })?;
        rows.collect()
    }
}

impl Shared {
    pub(super) async fn events(
        self: &Arc<Self>,
        query: &EventQuery,
    ) -> Result<Page<StoredEvent>, JournalError> {
        let mut page = self.search(query).await?;
        self.tell_late(&mut page.items).await?;
        Ok(page)
    }

    async fn search(
        self: &Arc<Self>,
        query: &EventQuery,
    ) -> Result<Page<StoredEvent>, JournalError> {
        let mut span = Span::of(query);
        span.late &= self.late.unmarked().is_empty(); // else what is yet to be marked would not be found
        let (mut items, mut bytes, mut damaged) = (Vec::new(), 0, 0);
        while items.len() < query.limit {
            let rows = self.reader.with(move |connection| span.rows(connection)).await?;
            if rows.is_empty() {
                return Ok(Page { items, next: None, damaged });
            }
            let mut on = false;
            for (first, last, data) in rows {
                if !span.pass(first, last) {
                    damaged += (last + 1).saturating_sub(first);
                    continue; // its number is damaged
                }
                on = true;
                bytes += data.len();
                let blob = self.reader.checked(ENTRIES, first, last, first, data);
                let late = match query.persisted_late {
                    true => Some(self.late(first, last).await?),
                    false => None,
                };
                damaged += collect(&blob, query, late.as_ref(), &mut items);
                if items.len() >= query.limit {
                    break;
                }
            }
            if !on {
                return Err(JournalError::Store(out_of_order().into()));
            }
            if bytes > SCAN_BYTES_MAX && items.len() < query.limit {
                return Ok(Page { items, next: Some(span.next()), damaged });
            }
        }
        let end = if query.oldest_first { self.head.load(Ordering::Acquire) } else { 1 };
        let places = items.iter().map(|item: &StoredEvent| item.position);
        let last = if query.oldest_first { places.max() } else { places.min() };
        let next = last.filter(|last| last.0 != end);
        Ok(Page { items, next, damaged })
    }

    pub(super) async fn lane_states(self: &Arc<Self>) -> Result<Vec<ConsumerStatus>, JournalError> {
        let head = self.head.load(Ordering::Acquire);
        let mut all = self.reader.with(move |connection| stored_lanes(connection, head)).await?;
        let lanes = locked(&self.lanes).clone();
        let wall = self.clock.wall();
        for one in &mut all {
            one.due = one.due.filter(|due| *due > wall);
            let id: ConsumerId = one.lane.parse().unwrap_or_else(|never| match never {});
            if let Some(cell) = lanes.cells.get(&id) {
                let projection = lanes.cells.get(&ConsumerId::projection(id.handler()));
                let limit = projection.map_or(head, |projection| done_to(projection, head));
                *one = ConsumerStatus { dead: one.dead, ..status(cell, limit, head, &*self.clock) };
            }
        }
        all.sort_by(|one, other| one.lane.cmp(&other.lane));
        Ok(all)
    }

    pub(super) async fn dead_letters(
        self: &Arc<Self>,
        query: &DeadLetterQuery,
    ) -> Result<Page<DeadLetter>, JournalError> {
        let asked = query.clone();
        let read = self.reader.with(move |connection| dead_letters(connection, &asked));
        let mut items = read.await?;
        let more = items.len() > query.limit;
        items.truncate(query.limit);
        let next = items.last().filter(|_| more).map(|last| Position(last.number));
        let words = &mut StringInterner::default();
        for letter in &mut items {
            let held = self.held(ENTRIES, letter.position.0).await?;
            let parts = held.and_then(|held| held.blob.entry(held.frame));
            letter.callback = parts.and_then(|parts| Metadata::read_from(&parts.facts, words));
        }
        Ok(Page { items, next, damaged: 0 })
    }
}

/// Every lane as it is stored.
pub(super) fn stored_lanes(
    connection: &Connection,
    head: u64,
) -> rusqlite::Result<Vec<ConsumerStatus>> {
    let mut rows = connection.prepare_cached(
        "SELECT id, cursor, paused, detached_at, (SELECT count(*) FROM open_items WHERE lane = no),
         (SELECT count(*) FROM dead_letters WHERE lane = lanes.no),
         (SELECT min(due) FROM open_items WHERE lane = no) FROM lanes",
    )?;
    let rows = rows.query_map([], |row| {
        let cursor = count(row.get(1)?);
        let detached_at: Option<i64> = row.get(3)?;
        let due: Option<i64> = row.get(6)?;
        let time = |at: Option<i64>| at.and_then(|at| Timestamp::from_millisecond(at).ok());
        Ok(ConsumerStatus {
            lane: row.get(0)?,
            cursor: Position(cursor),
            behind: head.saturating_sub(cursor),
            open: count(row.get(4)?),
            full: false,
            dead: count(row.get(5)?),
            due: time(due),
            paused: row.get(2)?,
            disabled: false,
            detached: detached_at.is_some(),
            detached_at: time(detached_at),
        })
    })?;
    rows.collect()
}

/// Up to where a projection has nothing left to do. What is on its way to the disk is not done: its records are nobody's yet.
fn done_to(projection: &Cell, head: u64) -> u64 {
    let inner = locked(&projection.inner);
    let idle = inner.last_match <= inner.lane.scanned() && inner.lane.open() == 0;
    if idle && !inner.committing { head } else { projection.limit_of_heirs(head) }
}

/// How a lane stands; `limit` is how far there may be something for it: to the end for a projection, for others as far
/// as theirs has come.
fn status(cell: &Cell, limit: u64, head: u64, clock: &dyn Clock) -> ConsumerStatus {
    let inner = locked(&cell.inner);
    let now = clock.now();
    let due = inner.lane.next_due(now);
    let limit = if cell.is_projection() { head } else { limit };
    let scanned = match inner.last_match <= inner.lane.scanned() {
        true => limit.max(inner.lane.scanned()),
        false => inner.lane.scanned(),
    };
    ConsumerStatus {
        lane: cell.id.to_string(),
        cursor: Position(inner.lane.cursor()),
        behind: head.saturating_sub(scanned),
        open: inner.lane.open() as u64,
        full: !inner.lane.has_room(),
        dead: 0,
        due: due.and_then(|due| clock.wall().saturating_add(due.saturating_sub(now)).ok()),
        paused: inner.paused,
        disabled: !inner.spec.enabled,
        detached: false,
        detached_at: None,
    }
}

/// Takes from a blob what is wanted; how many of those that were looked at cannot be read.
fn collect(
    blob: &Blob,
    query: &EventQuery,
    late: Option<&HashSet<u64>>,
    items: &mut Vec<StoredEvent>,
) -> u64 {
    let mut damaged = 0;
    let words = &mut StringInterner::default();
    let frames = blob.frames().iter();
    let frames: &mut dyn Iterator<Item = &Frame> = match query.oldest_first {
        true => &mut frames.into_iter(),
        false => &mut frames.rev(),
    };
    let within = |frame: &&Frame| {
        query.before.is_none_or(|before| frame.position < before.0)
            && query.after.is_none_or(|after| frame.position > after.0)
            && late.is_none_or(|late| late.contains(&frame.position))
    };
    for frame in frames.filter(within) {
        if items.len() >= query.limit {
            break;
        }
        let command = blob.command(*frame);
        let other = |command| !Pattern::any(&query.commands, command);
        if !query.commands.is_empty() && command.is_some_and(other) {
            continue;
        }
        let parts = command.and_then(|_| blob.entry(*frame));
        let read =
            parts.and_then(|parts| Some((Metadata::read_from(&parts.facts, words)?, parts.body)));
        let Some((facts, body)) = read else {
            damaged += 1;
            continue;
        };
        if is_wanted(&facts, query) {
            let position = Position(frame.position);
            items.push(StoredEvent { position, facts, body, persisted_late: false });
        }
    }
    damaged
}

fn is_wanted(facts: &Metadata, query: &EventQuery) -> bool {
    (query.ids.is_empty() || query.ids.contains(&facts.id))
        && query.since.is_none_or(|since| facts.received >= since)
        && query.until.is_none_or(|until| facts.received < until)
}

/// One more than is wanted, so that it is known whether there are more.
fn dead_letters(
    connection: &Connection,
    query: &DeadLetterQuery,
) -> rusqlite::Result<Vec<DeadLetter>> {
    let numbers = query.numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    let mut statement = connection.prepare_cached(
        "SELECT dead_letters.no, id, position, at, attempts, reason, response
         FROM dead_letters JOIN lanes ON lanes.no = dead_letters.lane
         WHERE (?1 IS NULL OR id = ?1) AND dead_letters.no < ?2
             AND (?3 = '[]' OR dead_letters.no IN (SELECT value FROM json_each(?3)))
         ORDER BY dead_letters.no DESC LIMIT ?4",
    )?;
    let lane = query.lane.as_ref().map(ConsumerId::to_string);
    let before = query.before.map_or(i64::MAX, number);
    let limit = number(query.limit as u64).saturating_add(1);
    let rows =
        statement.query_map(params![lane, before, format!("[{numbers}]"), limit], |row| {
            Ok(DeadLetter {
                number: count(row.get(0)?),
                lane: row.get(1)?,
                position: Position(count(row.get(2)?)),
                at: Timestamp::from_millisecond(row.get(3)?).unwrap_or_default(),
                attempts: attempts(integer(row, 4)?),
                reason: row.get(5)?,
                response: row.get(6)?,
                callback: None,
            })
        })?;
    rows.collect()
}
