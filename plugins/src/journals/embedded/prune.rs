//! Removing what is old and needed by nobody: in small commits, so that nobody who appends waits for long.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use switchhook_api::journal::{ConsumerStatus, JournalError, Pruned, Retention};

use super::schema::{PLACE, PRUNED, REPLAYS, count, number, slot};
use super::store::Shared;
use super::upkeep::change;
use super::writer::Writer;
use super::{history, late, write};

/// One commit removes so many blobs of entries at most, with the records of the same places.
const STEP_BLOBS: usize = 8;
/// It looks at so many.
const LOOK_BLOBS: usize = 256;
/// Rows that one commit removes at most.
const STEP_ROWS: usize = 1000;
/// Values of a handler's state that one commit removes at most: each may be 64 KiB.
const STEP_STATE: usize = 100;
/// What a removed blob adds to the WAL, about.
const STEP_BYTES: usize = 16 << 10;

/// How far the removal of entries has come.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// The blob that was looked at last.
    looked: u64,
    events: u64,
    held_by: Option<String>,
    more: bool,
    /// The next row whose time can be, and its time; at the end of the log there may be none.
    sound: Option<(u64, i64)>,
    /// A row whose time is yet to come, where `sound` is not known.
    ahead: Option<u64>,
}

impl Shared {
    pub(super) async fn prune(
        self: &Arc<Self>,
        retention: Retention,
    ) -> Result<Pruned, JournalError> {
        let mut pruned = Pruned::default();
        let wall = self.clock.wall();
        if let Some(keep) = retention.orphan_retention {
            for lane in self.order(move |writer| left_before(writer, wall, keep)).await? {
                tracing::warn!(
                    consumer = %lane.lane, orphaned_since = lane.detached_at.map(tracing::field::display),
                    lag = lane.behind, pending = lane.open, dead_letters = lane.dead,
                    "deleting an orphaned consumer"
                );
                let name = lane.lane.clone();
                self.in_steps(move |writer| remove_lane(writer, &name)).await?;
                pruned.lanes.push(lane.lane);
            }
        }
        // Where one of these finds something damaged, the others go on: nothing else keeps the disk from filling.
        let mut letters = Ok(0);
        if let Some(keep) = retention.dead_letter_retention {
            let oldest = before(wall, keep);
            letters = self.in_steps(move |writer| remove_letters(writer, oldest)).await;
        }
        let advanced = self.order(advance).await;
        let mut progress = Progress { more: true, ..Progress::default() };
        while progress.more {
            if let Some(ahead) = progress.ahead.take() {
                let find = move |connection: &Connection| sound_after(connection, ahead, wall);
                progress.sound = Some(self.reader.with(find).await?); // which may take a while
            }
            let so_far = progress.clone();
            let age = retention
                .retention
                .map(|keep| Age { now: millis(wall), oldest: before(wall, keep) });
            let step = move |writer: &mut Writer| {
                remove_entries(writer, age, retention.retention_size, so_far)
            };
            progress = self.order(step).await?;
        }
        let swept = self.sweep().await;
        pruned.dead_letters = letters?;
        advanced.and(swept)?;
        Ok(Pruned { events: progress.events, held_by: progress.held_by, ..pruned })
    }

    /// Removes records that were made again and that nothing refers to any more; looks for them beside the writer.
    pub(super) async fn sweep(self: &Arc<Self>) -> Result<(), JournalError> {
        let slots = self.reader.with(unreferenced).await?;
        for slots in slots.chunks(STEP_ROWS) {
            let slots = slots.to_vec();
            self.order(move |writer| remove_slots(writer, &slots)).await?;
        }
        Ok(())
    }

    /// Repeats a removal until it has found less than it may remove at once; how much there was.
    pub(super) async fn in_steps(
        &self,
        step: impl Fn(&mut Writer) -> Result<usize, JournalError> + Clone + Send + 'static,
    ) -> Result<u64, JournalError> {
        let mut all = 0;
        loop {
            let removed = self.order(step.clone()).await?;
            all += removed as u64;
            if removed < STEP_ROWS {
                return Ok(all);
            }
        }
    }
}

/// What is old, and what cannot be: a callback that was kept later than now.
#[derive(Clone, Copy)]
struct Age {
    now: i64,
    oldest: i64,
}

impl Age {
    /// Whether a row is old; none: that is only known with the next row whose time can be. The clock was set back since it
    /// was kept, and it is at least as old as that one.
    fn is_old(self, blob: &Candidate, sound: Option<(u64, i64)>) -> Option<bool> {
        let at = match blob.at > self.now {
            true => sound.filter(|(first, _)| *first > blob.first)?.1,
            false => blob.at,
        };
        Some(at <= self.oldest)
    }
}

fn millis(wall: Timestamp) -> i64 {
    wall.as_millisecond()
}

fn before(wall: Timestamp, by: Duration) -> i64 {
    wall.saturating_sub(by).unwrap_or(Timestamp::MIN).as_millisecond()
}

/// The lanes that left the configuration so long ago.
fn left_before(
    writer: &mut Writer,
    wall: Timestamp,
    keep: Duration,
) -> Result<Vec<ConsumerStatus>, JournalError> {
    let head = writer.shared.head.load(std::sync::atomic::Ordering::Relaxed);
    let oldest = wall.saturating_sub(keep).unwrap_or(Timestamp::MIN);
    let any = "SELECT EXISTS (SELECT 1 FROM lanes WHERE detached_at <= ?1)";
    let connection = &writer.connection;
    let left = connection.query_row(any, [oldest.as_millisecond()], |row| row.get(0));
    let lanes = left.and_then(|left: bool| match left {
        true => history::stored_lanes(connection, head), // which counts: not every minute
        false => Ok(Vec::new()),
    });
    let mut lanes = lanes.map_err(|error| writer.shared.commit_error(error))?;
    lanes.retain(|lane| lane.detached_at.is_some_and(|at| at <= oldest));
    Ok(lanes)
}

/// Removes some of a lane's dead letters, then some of its handler's state; when there is no more, the lane with all that is left
/// of it. State belongs to a handler's projection: without it, a handler of that name is a new one.
pub(super) fn remove_lane(writer: &mut Writer, name: &str) -> Result<usize, JournalError> {
    let is_projection = !name.contains('>');
    let removed = change(writer, |connection| {
        let find = "SELECT no FROM lanes WHERE id = ?1 AND detached_at IS NOT NULL";
        let no: Option<i64> = connection.query_row(find, [name], |row| row.get(0)).optional()?;
        let Some(no) = no else { return Ok(0) };
        let letters = connection.execute(
            "DELETE FROM dead_letters WHERE no IN (SELECT no FROM dead_letters WHERE lane = ?1 LIMIT ?2)",
            params![no, number(STEP_ROWS as u64)],
        )?;
        if letters < STEP_ROWS && is_projection && remove_state(connection, name)? == STEP_STATE {
            return Ok(STEP_ROWS); // there may be more
        }
        if letters < STEP_ROWS {
            connection.execute("DELETE FROM open_items WHERE lane = ?1", [no])?;
            connection.execute("DELETE FROM replays WHERE lane = ?1", [no])?;
            connection.execute("DELETE FROM lanes WHERE no = ?1", [no])?;
        }
        Ok(letters)
    })?;
    if is_projection {
        writer.shared.reader.state_forgotten(name);
    }
    Ok(removed)
}

/// Removes some of a handler's state; how much.
fn remove_state(connection: &Connection, handler: &str) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM state WHERE handler = ?1
                 AND key IN (SELECT key FROM state WHERE handler = ?1 LIMIT ?2)",
        )?
        .execute(params![handler, number(STEP_STATE as u64)])
}

fn remove_letters(writer: &mut Writer, oldest: i64) -> Result<usize, JournalError> {
    change(writer, |connection| {
        connection.execute(
            "DELETE FROM dead_letters WHERE no IN (SELECT no FROM dead_letters WHERE at <= ?1 LIMIT ?2)",
            params![oldest, number(STEP_ROWS as u64)],
        )
    })
}

/// Stores how far lanes have come that had nothing to settle: they need nothing before.
fn advance(writer: &mut Writer) -> Result<(), JournalError> {
    let lanes = writer.lanes.clone();
    write::tidy(&mut writer.connection, lanes.cells.values(), &writer.shared)
        .map_err(|error| writer.shared.commit_error(error))
}

fn remove_entries(
    writer: &mut Writer,
    age: Option<Age>,
    size: Option<u64>,
    so_far: Progress,
) -> Result<Progress, JournalError> {
    let (progress, removed, last) = change(writer, |connection| {
        let (mut progress, mut removed, mut last) = (so_far, 0, None);
        let floor = floor(connection)?;
        progress.more = false;
        for _ in 0..LOOK_BLOBS {
            let Some(blob) = next(connection, progress.looked)? else { break };
            let old = age.map_or(Some(false), |age| age.is_old(&blob, progress.sound));
            if old != Some(true) && !is_larger(connection, size)? {
                progress.ahead = old.is_none().then_some(blob.first);
                progress.more |= old.is_none();
                break;
            }
            if let Some((_, lane)) = floor.as_ref().filter(|(floor, _)| blob.last > *floor) {
                progress.held_by = Some(lane.clone());
                break;
            }
            progress.looked = blob.first;
            if !is_needed(connection, &blob)? {
                connection
                    .prepare_cached("DELETE FROM entries WHERE first = ?1")?
                    .execute([number(blob.first)])?;
                progress.events += blob.last + 1 - blob.first;
                last = Some(blob.last);
                removed += 1;
                remove_records(connection, &blob)?;
                late::forget(connection, blob.first, blob.last)?;
            }
            progress.more = true;
            if removed >= STEP_BLOBS {
                break;
            }
        }
        if let Some(last) = last {
            connection.execute(
                "INSERT INTO marks (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
                params![PRUNED, number(last)],
            )?;
        }
        Ok((progress, removed, last))
    })?;
    if let Some(last) = last {
        writer.since_checkpoint += removed * STEP_BYTES;
        writer.shared.reader.removed(last);
    }
    Ok(progress)
}

struct Candidate {
    first: u64,
    last: u64,
    at: i64,
}

/// The next row; it ends before the one behind it, whatever its count is.
fn next(connection: &Connection, after: u64) -> rusqlite::Result<Option<Candidate>> {
    connection
        .prepare_cached(
            "SELECT first, min(first + count - 1, coalesce((SELECT min(first) - 1 FROM entries AS next
                 WHERE next.first > entries.first), first + count - 1)), at
             FROM entries WHERE first > ?1 ORDER BY first LIMIT 1",
        )?
        .query_row([number(after)], |row| {
            Ok(Candidate { first: count(row.get(0)?), last: count(row.get(1)?), at: row.get(2)? })
        })
        .optional()
}

/// The next row after one whose time is not yet to come; beyond all others if there is none.
fn sound_after(
    connection: &Connection,
    first: u64,
    wall: Timestamp,
) -> rusqlite::Result<(u64, i64)> {
    let find = "SELECT first, at FROM entries WHERE first > ?1 AND at <= ?2 ORDER BY first LIMIT 1";
    let found =
        connection.prepare_cached(find)?.query_row(params![number(first), millis(wall)], |row| {
            Ok((count(row.get(0)?), row.get(1)?))
        });
    Ok(found.optional()?.unwrap_or((u64::MAX, i64::MAX)))
}

/// The lane that needs the oldest, and what it does not need any more: up to here, this included.
fn floor(connection: &Connection) -> rusqlite::Result<Option<(u64, String)>> {
    connection
        .prepare_cached(
            "SELECT id, min(cursor, coalesce((SELECT min(position) - 1 FROM open_items
                 WHERE lane = lanes.no AND position < ?1), cursor)) AS floor
             FROM lanes ORDER BY floor, id LIMIT 1",
        )?
        .query_row([number(REPLAYS)], |row| Ok((count(row.get(1)?), row.get(0)?)))
        .optional()
}

/// Whether a dead letter or a replay refers to something in it.
fn is_needed(connection: &Connection, blob: &Candidate) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM dead_letters WHERE position BETWEEN ?1 AND ?2)
                 OR EXISTS (SELECT 1 FROM replays WHERE position BETWEEN ?1 AND ?2)",
        )?
        .query_row([number(blob.first), number(blob.last)], |row| row.get(0))
}

/// Whether what is in use of the file is more than that.
fn is_larger(connection: &Connection, size: Option<u64>) -> rusqlite::Result<bool> {
    let Some(size) = size else { return Ok(false) };
    let number = |name| connection.pragma_query_value(None, name, |row| row.get(0)).map(count);
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(pages.saturating_mul(number("page_size")?) > size)
}

/// The records made of a blob's entries; those that reach further, or that somebody refers to, stay. Looks no further back
/// than the row that holds its first: there may be many that stay.
fn remove_records(connection: &Connection, blob: &Candidate) -> rusqlite::Result<()> {
    let mut handlers = connection.prepare_cached("SELECT no FROM handlers")?;
    let handlers = handlers.query_map([], |row| row.get(0).map(count))?;
    let mut delete = connection.prepare_cached(
        "DELETE FROM records
         WHERE slot BETWEEN coalesce((SELECT max(slot) FROM records WHERE slot BETWEEN ?1 AND ?2), ?1) AND ?3
             AND last <= ?4
             AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE position BETWEEN (slot & ?5) AND last)
             AND NOT EXISTS (SELECT 1 FROM replays WHERE position BETWEEN (slot & ?5) AND last)",
    )?;
    for handler in handlers {
        let handler = handler?;
        let at = |position| slot(handler, position);
        let (from, first, to) = (at(0), at(blob.first), at(blob.last));
        delete.execute(params![from, first, to, number(blob.last), number(PLACE)])?;
    }
    Ok(())
}

/// Records that were made again and that nothing refers to, nor ever will.
fn unreferenced(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut handlers = connection.prepare_cached("SELECT no FROM handlers")?;
    let handlers = handlers.query_map([], |row| row.get(0).map(count))?;
    let mut slots = Vec::new();
    for handler in handlers {
        let handler = handler?;
        let (from, to) = (slot(handler, REPLAYS), slot(handler + 1, 0) - 1);
        let any = "SELECT EXISTS (SELECT 1 FROM records WHERE slot BETWEEN ?1 AND ?2)";
        if connection.prepare_cached(any)?.query_row([from, to], |row| row.get(0))? {
            let mut found = connection.prepare_cached(
                "SELECT slot FROM records WHERE slot BETWEEN ?1 AND ?2 AND (slot & ?3) NOT IN
                     (SELECT record FROM dead_letters WHERE record IS NOT NULL
                      UNION SELECT record FROM replays WHERE record IS NOT NULL) LIMIT ?4",
            )?;
            let most = number(STEP_ROWS as u64);
            let found =
                found.query_map(params![from, to, number(PLACE), most], |row| row.get(0))?;
            slots.extend(found.collect::<rusqlite::Result<Vec<i64>>>()?);
        }
    }
    Ok(slots)
}

fn remove_slots(writer: &mut Writer, slots: &[i64]) -> Result<(), JournalError> {
    change(writer, |connection| {
        for slot in slots {
            connection.prepare_cached("DELETE FROM records WHERE slot = ?1")?.execute([slot])?;
        }
        Ok(())
    })
}
