//! Looking back, for people.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use switchhook_core::journal::{
    DeadLetter, EventQuery, JournalError, LaneId, LaneStatus, Page, Position, StoredEvent,
};
use switchhook_core::{Facts, Pattern, Words};

use super::frame::{Blob, ENTRIES};
use super::lanes::Cell;
use super::schema::{count, number};
use super::store::Shared;
use super::{attach, locked};

/// One question reads so many bytes at most; the page says where to go on.
const SCAN_BYTES_MAX: usize = 16 << 20;
/// So much at a time, so that no reading is long.
const STEP_BLOBS: u32 = 8;

type Row = (u64, u64, Bytes);

impl Shared {
    pub(super) async fn events(
        self: &Arc<Self>,
        query: &EventQuery,
    ) -> Result<Page<StoredEvent>, JournalError> {
        let mut before = query.before.map_or(u64::MAX >> 1, |before| before.0);
        let (mut items, mut bytes) = (Vec::new(), 0);
        while items.len() < query.limit {
            let rows = self.reader.with(move |connection| rows_before(connection, before)).await?;
            if rows.is_empty() {
                return Ok(Page { items, next: None });
            }
            for (first, last, data) in rows {
                bytes += data.len();
                let blob = self.reader.checked(ENTRIES, first, last, first, data);
                collect(&blob, query, before, &mut items);
                before = first;
                if items.len() >= query.limit {
                    break;
                }
            }
            if bytes > SCAN_BYTES_MAX && items.len() < query.limit {
                return Ok(Page { items, next: Some(Position(before)) });
            }
        }
        let next = items.last().map(|last| last.position).filter(|last| last.0 > 1);
        Ok(Page { items, next })
    }

    pub(super) async fn lane_states(self: &Arc<Self>) -> Result<Vec<LaneStatus>, JournalError> {
        let (names, open, dead) = self
            .reader
            .with(|connection| {
                let names = attach::numbers(connection)?;
                let open =
                    counts(connection, "SELECT lane, count(*) FROM open_items GROUP BY lane")?;
                let dead =
                    counts(connection, "SELECT lane, count(*) FROM dead_letters GROUP BY lane")?;
                Ok((names, open, dead))
            })
            .await?;
        let head = self.head.load(Ordering::Acquire);
        let lanes = locked(&self.lanes).clone();
        let mut all: Vec<LaneStatus> = names
            .into_iter()
            .map(|(no, (lane, cursor))| {
                let dead = dead.get(&no).copied().unwrap_or_default();
                let id: LaneId = lane.parse().unwrap_or_else(|never| match never {});
                match lanes.cells.get(&id) {
                    Some(cell) => LaneStatus { dead, ..status(cell, head) },
                    None => LaneStatus {
                        lane,
                        cursor: Position(cursor),
                        behind: head.saturating_sub(cursor),
                        open: open.get(&no).copied().unwrap_or_default(),
                        dead,
                        paused: false,
                        detached: true,
                        detached_at: None,
                    },
                }
            })
            .collect();
        all.sort_by(|one, other| one.lane.cmp(&other.lane));
        Ok(all)
    }

    pub(super) async fn dead(
        self: &Arc<Self>,
        lane: Option<&LaneId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, JournalError> {
        let lane = lane.map(LaneId::to_string);
        let limit = number(limit as u64);
        self.reader.with(move |connection| dead_letters(connection, lane.as_deref(), limit)).await
    }
}

fn status(cell: &Cell, head: u64) -> LaneStatus {
    let inner = locked(&cell.inner);
    let scanned = match inner.last_match <= inner.lane.scanned() {
        true if cell.is_projection() => head,
        true => cell.settled.load(Ordering::Acquire).max(inner.lane.scanned()),
        false => inner.lane.scanned(),
    };
    LaneStatus {
        lane: cell.id.to_string(),
        cursor: Position(inner.lane.cursor()),
        behind: head.saturating_sub(scanned),
        open: inner.lane.open() as u64,
        dead: 0,
        paused: false,
        detached: false,
        detached_at: None,
    }
}

fn collect(blob: &Blob, query: &EventQuery, before: u64, items: &mut Vec<StoredEvent>) {
    let words = &mut Words::default();
    for frame in blob.frames().iter().rev().filter(|frame| frame.position < before) {
        if items.len() >= query.limit {
            return;
        }
        let command = blob.command(*frame).unwrap_or_default();
        if !query.commands.is_empty() && !Pattern::any(&query.commands, command) {
            continue;
        }
        let Some(parts) = blob.entry(*frame) else { continue };
        if let Some(facts) = Facts::read_from(&parts.facts, words) {
            let position = Position(frame.position);
            items.push(StoredEvent { position, facts, body: parts.body });
        }
    }
}

fn rows_before(connection: &Connection, before: u64) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(
        "SELECT first, first + count - 1, data FROM entries WHERE first < ?1 ORDER BY first DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![number(before), STEP_BLOBS], |row| {
        Ok((count(row.get(0)?), count(row.get(1)?), Bytes::from(row.get::<_, Vec<u8>>(2)?)))
    })?;
    rows.collect()
}

fn counts(connection: &Connection, sql: &str) -> rusqlite::Result<HashMap<i64, u64>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, count(row.get(1)?))))?;
    rows.collect()
}

fn dead_letters(
    connection: &Connection,
    lane: Option<&str>,
    limit: i64,
) -> rusqlite::Result<Vec<DeadLetter>> {
    let mut statement = connection.prepare_cached(
        "SELECT dead_letters.no, id, position, at, attempts, reason, response
         FROM dead_letters JOIN lanes ON lanes.no = dead_letters.lane
         WHERE ?1 IS NULL OR id = ?1 ORDER BY dead_letters.no DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![lane, limit], |row| {
        Ok(DeadLetter {
            number: count(row.get(0)?),
            lane: row.get(1)?,
            position: Position(count(row.get(2)?)),
            at: Timestamp::from_millisecond(row.get(3)?).unwrap_or_default(),
            attempts: row.get(4)?,
            reason: row.get(5)?,
            response: row.get(6)?,
            callback: None,
        })
    })?;
    rows.collect()
}
