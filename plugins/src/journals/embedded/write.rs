//! What one transaction of the writer stores.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use switchhook_api::journal::{Appended, Dedupe, Disposition, Position};
use switchhook_journal_kit::{OpenRow, Plan};

use super::lanes::Cell;
use super::locked;
use super::queue::{BLOB_BYTES, Chunk, Kept};
use super::replays::{self, Origin};
use super::schema::{count, number, slot};
use super::store::Shared;
use super::writer::Planned;

/// Keys of duplicates whose window is over that one tidying removes at most.
const FORGET_MAX: i64 = 5000;

/// What was stored, for those who must be told.
#[derive(Default)]
pub(super) struct Stored {
    /// The answer to each append, in order.
    pub(super) results: Vec<Kept>,
    /// What became of each chunk.
    pub(super) blobs: Vec<StoredChunk>,
    /// The records of each settlement.
    pub(super) records: Vec<Vec<RecordBlob>>,
    /// What lanes have to do again.
    pub(super) again: Vec<(Arc<Cell>, OpenRow)>,
    /// About how much was written.
    pub(super) bytes: usize,
}

#[derive(Default)]
pub(super) struct StoredChunk {
    /// Entries that were kept.
    pub(super) count: u64,
    /// Which; empty: all.
    pub(super) kept: Vec<bool>,
    /// The blob without its duplicates, where there were some.
    pub(super) rebuilt: Option<Vec<u8>>,
}

pub(super) struct RecordBlob {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) data: Bytes,
}

/// Stores the chunks after `head`.
pub(super) fn entries(
    tx: &Transaction<'_>,
    chunks: &[Chunk],
    mut head: u64,
    wall: i64,
    stored: &mut Stored,
) -> rusqlite::Result<()> {
    for chunk in chunks {
        let first = head + 1;
        let mut kept = Vec::new();
        let mut entries = chunk.entries.iter();
        for group in &chunk.groups {
            if group.is_withdrawn() {
                kept.extend(entries.by_ref().take(group.count).map(|_| false));
                stored.results.push(Ok(Vec::new()));
                continue;
            }
            let mut appended = Vec::with_capacity(group.count);
            for entry in entries.by_ref().take(group.count) {
                let before = match &entry.dedupe {
                    Some(dedupe) => seen(tx, dedupe, head + 1, wall)?,
                    None => None,
                };
                head += u64::from(before.is_none());
                kept.push(before.is_none());
                appended.push(match before {
                    Some(position) => Appended::Duplicate(Position(position)),
                    None => Appended::Kept(Position(head)),
                });
            }
            stored.results.push(Ok(appended));
        }
        let mut blob = StoredChunk { count: head + 1 - first, ..StoredChunk::default() };
        if kept.contains(&false) {
            blob.rebuilt = Some(without_duplicates(chunk, &kept));
            blob.kept = kept;
        }
        if blob.count > 0 {
            let data: &[u8] = blob.rebuilt.as_deref().unwrap_or(&chunk.data);
            stored.bytes += data.len() + 16_384;
            tx.prepare_cached(
                "INSERT INTO entries (first, count, at, data) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![number(first), number(blob.count), wall, data])?;
        }
        stored.blobs.push(blob);
    }
    Ok(())
}

/// Where the same was seen within its window; else remembers this one.
fn seen(
    tx: &Transaction<'_>,
    dedupe: &Dedupe,
    position: u64,
    wall: i64,
) -> rusqlite::Result<Option<u64>> {
    let before = tx
        .prepare_cached("SELECT position FROM seen WHERE key = ?1 AND until > ?2")?
        .query_row(params![&*dedupe.key, wall], |row| row.get(0))
        .optional()?;
    if let Some(before) = before {
        return Ok(Some(count(before)));
    }
    let window = i64::try_from(dedupe.window.as_millis()).unwrap_or(i64::MAX);
    tx.prepare_cached("INSERT OR REPLACE INTO seen (key, position, until) VALUES (?1, ?2, ?3)")?
        .execute(params![&*dedupe.key, number(position), wall.saturating_add(window)])?;
    Ok(None)
}

fn without_duplicates(chunk: &Chunk, kept: &[bool]) -> Vec<u8> {
    let mut data = Vec::with_capacity(chunk.data.len());
    let mut start = 0;
    for (entry, kept) in chunk.entries.iter().zip(kept) {
        if *kept {
            data.extend_from_slice(chunk.data.get(start..entry.end).unwrap_or_default());
        }
        start = entry.end;
    }
    data
}

/// Where records must be parted: at the size of a blob, where an open entry lies between two, and those made again, each
/// of which somebody else refers to.
pub(super) fn runs(
    records: &[(u64, usize)],
    apart: impl Fn(&[(u64, usize)]) -> bool,
) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut start = 0;
    for (index, two) in records.windows(2).enumerate() {
        let end = two.first().map_or(0, |one| one.1);
        if end - start >= BLOB_BYTES || apart(two) {
            ends.push(index + 1);
            start = end;
        }
    }
    if !records.is_empty() {
        ends.push(records.len());
    }
    ends
}

/// Stores what a settlement changes.
pub(super) fn settlement(
    tx: &Transaction<'_>,
    one: &Planned,
    wall: i64,
    stored: &mut Stored,
) -> rusqlite::Result<()> {
    let (plan, lane) = (&one.plan, one.cell.no);
    open_rows(tx, plan, lane)?;
    dead_letters(tx, one, wall)?;
    state(tx, one)?;
    let blobs = records(tx, one)?;
    spread(tx, one, stored)?;
    for position in &plan.delete {
        tx.prepare_cached("DELETE FROM open_items WHERE lane = ?1 AND position = ?2")?
            .execute(params![lane, number(*position)])?;
        replays::delete(tx, *position)?;
    }
    stored.bytes += 8192 + one.job.frames.len();
    stored.records.push(blobs);
    Ok(())
}

/// Stores where subscriptions stand when nothing more is going to be settled.
pub(super) fn close<'a>(
    connection: &mut Connection,
    lanes: impl Iterator<Item = &'a Arc<Cell>>,
) -> rusqlite::Result<()> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for cell in lanes.filter(|cell| !cell.is_projection()) {
        let plan = locked(&cell.inner).lane.close();
        open_rows(&tx, &plan, cell.no)?;
    }
    tx.commit()
}

fn open_rows(tx: &Transaction<'_>, plan: &Plan, lane: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE lanes SET cursor = ?2 WHERE no = ?1")?
        .execute(params![lane, number(plan.cursor)])?;
    for row in &plan.put {
        let due = row.due.map(|due| due.at.as_millisecond());
        let wait = row.due.map(|due| i64::try_from(due.wait.as_millis()).unwrap_or(i64::MAX));
        let (at, key) = (number(row.position.0), row.key.map(number));
        tx.prepare_cached(
            "INSERT OR REPLACE INTO open_items (lane, position, attempts, key, due, reason, wait)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![lane, at, row.attempts, key, due, row.reason, wait])?;
    }
    Ok(())
}

fn dead_letters(tx: &Transaction<'_>, one: &Planned, wall: i64) -> rusqlite::Result<()> {
    if one.plan.dead.is_empty() {
        return Ok(());
    }
    let attempts: HashMap<u64, u32> = one.plan.dead.iter().copied().collect();
    for (position, fate) in &one.job.fates {
        let Disposition::Dead { reason, response } = fate else { continue };
        let attempts = attempts.get(&position.0).copied().unwrap_or_default();
        let origin = replays::find(tx, *position)?;
        let place = number(origin.map_or(position.0, |origin| origin.position));
        let record = origin.and_then(|origin| origin.record).map(number);
        // Not before its callback was kept, whatever a clock says that has not been set yet.
        tx.prepare_cached(
            "INSERT INTO dead_letters (lane, position, at, attempts, reason, response, record)
             SELECT ?1, ?2, max(?3, coalesce(
                 (SELECT at FROM entries WHERE first <= ?2 ORDER BY first DESC LIMIT 1), ?3)), ?4, ?5, ?6, ?7",
        )?
        .execute(params![one.cell.no, place, wall, attempts, reason, response, record])?;
    }
    Ok(())
}

/// Sends what came of a callback that was handled again to all the handler's actions.
fn spread(tx: &Transaction<'_>, one: &Planned, stored: &mut Stored) -> rusqlite::Result<()> {
    for (position, key) in &one.job.again {
        let Some(origin) = replays::find(tx, Position(*position))? else { continue };
        let origin = Origin { record: Some(*position), ..origin };
        for cell in &one.heirs {
            let row = replays::put(tx, cell.no, &origin, *key)?;
            stored.again.push((cell.clone(), row));
        }
    }
    Ok(())
}

fn state(tx: &Transaction<'_>, one: &Planned) -> rusqlite::Result<()> {
    let handler: &str = one.cell.id.handler();
    for (key, value) in &one.job.state {
        match value {
            Some(value) => tx
                .prepare_cached(
                    "INSERT OR REPLACE INTO state (handler, key, value) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![handler, key, &**value])?,
            None => tx
                .prepare_cached("DELETE FROM state WHERE handler = ?1 AND key = ?2")?
                .execute(params![handler, key])?,
        };
    }
    Ok(())
}

fn records(tx: &Transaction<'_>, one: &Planned) -> rusqlite::Result<Vec<RecordBlob>> {
    let mut blobs = Vec::new();
    let (mut from, mut start) = (0, 0);
    let frames = Bytes::copy_from_slice(&one.job.frames);
    for to in &one.runs {
        let run = one.job.records.get(from..*to).unwrap_or_default();
        let (Some((first, _)), Some((last, end))) = (run.first(), run.last()) else { continue };
        let data = frames.slice(start..*end);
        let (at, many) = (slot(one.cell.handler, *first), number(run.len() as u64));
        tx.prepare_cached(
            "INSERT OR REPLACE INTO records (slot, last, count, data) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![at, number(*last), many, &*data])?;
        blobs.push(RecordBlob { first: *first, last: *last, data });
        (from, start) = (*to, *end);
    }
    Ok(blobs)
}

/// Bytes of the database that are free for what comes next.
pub(super) fn free(connection: &Connection) -> u64 {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get(0)).map(count);
    let pages = number("freelist_count").unwrap_or_default();
    pages.saturating_mul(number("page_size").unwrap_or_default())
}

/// Keeps and removes as much as a blob has, and says how much was written; an error where there is no room for it, or the
/// entry after `head` could not be kept for another reason.
pub(super) fn try_room(connection: &mut Connection, head: u64) -> rusqlite::Result<usize> {
    let entry = "INSERT INTO entries (first, count, at, data) VALUES (?1, 1, 0, zeroblob(?2))";
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    tx.execute(entry, [number(head + 1), number(BLOB_BYTES as u64)])?; // where the next goes
    tx.rollback()?;
    let keep = "INSERT OR REPLACE INTO state (handler, key, value) VALUES ('', '', zeroblob(?1))";
    // Two commits: what is removed in the same one is never written.
    connection.execute(keep, [number(BLOB_BYTES as u64)])?;
    connection.execute("DELETE FROM state WHERE handler = ''", [])?;
    Ok(BLOB_BYTES)
}

/// Between checkpoints: cursors that moved without a settlement are stored, old keys of duplicates forgotten.
pub(super) fn tidy<'a>(
    connection: &mut Connection,
    lanes: impl Iterator<Item = &'a Arc<Cell>>,
    shared: &Shared,
) -> rusqlite::Result<()> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let moved = moved(lanes, shared.head.load(Ordering::Relaxed));
    for (cell, cursor) in &moved {
        tx.prepare_cached("UPDATE lanes SET cursor = ?2 WHERE no = ?1")?
            .execute(params![cell.no, number(*cursor)])?;
    }
    tx.prepare_cached(
        "DELETE FROM seen WHERE key IN (SELECT key FROM seen WHERE until <= ?1 LIMIT ?2)",
    )?
    .execute(params![shared.clock.wall().as_millisecond(), FORGET_MAX])?;
    tx.commit()?;
    for (cell, cursor) in moved {
        locked(&cell.inner).stored = cursor;
    }
    Ok(())
}

/// The lanes whose cursors can go further than they are stored: past what is not for them, so that a restart does not read it
/// all again and it can be removed.
fn moved<'a>(lanes: impl Iterator<Item = &'a Arc<Cell>>, head: u64) -> Vec<(&'a Arc<Cell>, u64)> {
    let mut lanes: Vec<_> = lanes.collect();
    lanes.sort_by_key(|cell| !cell.is_projection()); // subscriptions go as far as their projection
    let mut moved = Vec::new();
    for cell in lanes {
        let mut inner = locked(&cell.inner);
        if inner.last_match <= inner.lane.scanned() {
            inner.lane.skip_to(Position(cell.limit(head)));
        }
        let cursor = inner.lane.advance_idle();
        if cell.is_projection() {
            cell.settled.store(inner.lane.settled_to(), Ordering::Release);
        }
        if cursor > inner.stored {
            moved.push((cell, cursor));
        }
    }
    moved
}
