//! The lanes as they are stored: named at start, read again when a commit has failed.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering as Atomic};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use switchhook_api::Pattern;
use switchhook_api::journal::{ConsumerId, ConsumerSpec, JournalError, Ordering, Position, Start};
use switchhook_journal_kit::{Due, Lane, OpenRow};
use tokio::sync::Notify;

use super::frame::{Blob, ENTRIES};
use super::lanes::{Cell, Inner, Lanes};
use super::locked;
use super::schema::{PLACE, PRUNED, REPLAYS, attempts, count, integer, number, slot};
use super::store::Shared;
use super::verify::data_of;
use super::writer::Writer;

/// What an older version stored says nothing of how long it was to wait: no longer than this after a restart.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// Leases that one attachment of a lane can number, as a power of two.
const TOKENS_BITS: u32 = 40;

/// Names the lanes: new ones get their cursor, others go on where they were.
pub(super) fn attach(writer: &mut Writer, specs: &[ConsumerSpec]) -> Result<(), JournalError> {
    let head = writer.shared.head.load(Atomic::Acquire);
    let wall = writer.shared.clock.wall().as_millisecond();
    let first = writer.attached == 0;
    let (rows, beyond) = name(&mut writer.connection, specs, head, wall, first)
        .map_err(|error| writer.shared.commit_error(error))?;
    for one in beyond {
        tracing::error!(
            consumer = %switchhook_api::escape::for_line(&one.id), cursor = one.cursor, last = head, now = one.now,
            "the cursor of this consumer is damaged or points past the last callback: it was set back, and later work is repeated"
        );
        writer.shared.reader.damage.count_lane(one.no);
    }
    let old = writer.lanes.clone();
    writer.attached += 1;
    let mut settled = old.settled.clone();
    let mut cells = Vec::new();
    let known = specs.iter().zip(rows).filter_map(|(spec, row)| Some((spec, row?)));
    let (projections, subscriptions): (Vec<_>, Vec<_>) =
        known.partition(|(spec, _)| spec.id.action().is_none());
    for (spec, (handler, no)) in projections.into_iter().chain(subscriptions) {
        let cell = if let Some(cell) = old.cells.get(&spec.id) {
            respec(cell, spec, head)
        } else {
            let known = settled.entry(spec.id.handler().clone());
            let known = known.or_insert_with(|| projected(&writer.connection, &spec.id)).clone();
            let cell = fresh(writer, spec, no, handler, known);
            Arc::new(cell.map_err(|error| writer.shared.commit_error(error))?)
        };
        cells.push(cell);
    }
    writer.lanes = Arc::new(Lanes::of(cells, settled));
    writer.routes.clear();
    *locked(&writer.shared.lanes) = writer.lanes.clone();
    for cell in old.cells.values() {
        cell.notify.notify_waiters();
    }
    Ok(())
}

/// A lane as it is stored.
fn fresh(
    writer: &Writer,
    spec: &ConsumerSpec,
    no: i64,
    handler: u64,
    settled: Arc<AtomicU64>,
) -> rusqlite::Result<Cell> {
    let tokens = writer.shared.tokens + (writer.attached << TOKENS_BITS);
    let inner = load(&writer.connection, &writer.shared, spec, no, handler, tokens)?;
    if spec.id.action().is_none() {
        settled.store(inner.lane.settled_to(), Atomic::Release);
    }
    let (id, inner) = (spec.id.clone(), Mutex::new(inner));
    let (notify, scan) = (Notify::new(), tokio::sync::Mutex::default());
    Ok(Cell { id, no, handler, settled, inner, notify, scan })
}

/// A lane that was attached before, with what the configuration says now. Its ordering changes with the next start.
fn respec(cell: &Arc<Cell>, spec: &ConsumerSpec, head: u64) -> Arc<Cell> {
    let mut inner = locked(&cell.inner);
    if cell.is_projection() && inner.spec.commands != spec.commands {
        inner.last_match = head;
    }
    inner.spec = Arc::new(spec.clone());
    drop(inner);
    cell.clone()
}

/// How far the projection of a handler without one in the configuration had come; all there is if it never had one.
fn projected(connection: &Connection, id: &ConsumerId) -> Arc<AtomicU64> {
    let cursor = connection
        .query_row("SELECT cursor FROM lanes WHERE id = ?1", [&**id.handler()], |row| row.get(0))
        .optional();
    Arc::new(AtomicU64::new(cursor.ok().flatten().map_or(u64::MAX >> 1, count)))
}

/// A lane that was put back.
struct PutBack {
    no: i64,
    id: String,
    cursor: i64,
    now: u64,
}

/// Puts lanes back whose cursors lie beyond the last position, or are none. A subscription begins again where the journal
/// does. A projection goes on after its last record: it makes them in order, so what lies before is done.
fn put_back(connection: &Connection, head: u64) -> rusqlite::Result<Vec<PutBack>> {
    let mut beyond = connection.prepare(
        "SELECT lanes.no, id, cursor, handlers.no FROM lanes LEFT JOIN handlers ON name = id
         WHERE cursor NOT BETWEEN 0 AND ?1",
    )?;
    let pruned = count(mark(connection, PRUNED)?);
    let beyond = beyond.query_map([number(head)], |row| {
        let handler: Option<i64> = row.get(3)?;
        let done = handler.map_or(Ok(0), |no| last_record(connection, count(no)))?;
        let now = done.min(head).max(pruned);
        Ok(PutBack { no: row.get(0)?, id: row.get(1)?, cursor: row.get(2)?, now })
    })?;
    let beyond: Vec<PutBack> = beyond.collect::<rusqlite::Result<_>>()?;
    for one in &beyond {
        connection
            .prepare_cached("UPDATE lanes SET cursor = ?2 WHERE no = ?1")?
            .execute(params![one.no, number(one.now)])?;
    }
    Ok(beyond)
}

/// The numbers of its handler and of itself, for each lane that has a row, and the lanes that were put back.
type Named = (Vec<Option<(u64, i64)>>, Vec<PutBack>);

/// Makes sure that each enabled lane has a row.
fn name(
    connection: &mut Connection,
    specs: &[ConsumerSpec],
    head: u64,
    wall: i64,
    first: bool,
) -> rusqlite::Result<Named> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let beyond = if first { put_back(&tx, head)? } else { Vec::new() };
    let mut numbers = Vec::new();
    for spec in specs {
        let (handler, id) = (&**spec.id.handler(), spec.id.to_string());
        let cursor = match spec.start {
            Start::Now => number(head),
            Start::Beginning => mark(&tx, PRUNED)?,
        };
        if spec.enabled {
            tx.execute("INSERT OR IGNORE INTO handlers (name) VALUES (?1)", [handler])?;
            let made = tx.execute(
                "INSERT OR IGNORE INTO lanes (id, cursor, paused) SELECT ?1, ?2, EXISTS
                 (SELECT 1 FROM lanes WHERE paused AND instr(id, '>') AND substr(id, instr(id, '>') + 1) = ?3)",
                params![id, cursor, spec.id.action().map(|action| &**action)],
            )?;
            if made > 0 && spec.id.action().is_none() {
                // Older versions forgot a handler's lane without its state.
                tx.execute("DELETE FROM state WHERE handler = ?1", [handler])?;
            }
        }
        let find = "SELECT handlers.no, lanes.no FROM handlers, lanes WHERE name = ?1 AND id = ?2";
        let found = tx
            .query_row(find, params![handler, id], |row| Ok((row.get(0).map(count)?, row.get(1)?)));
        numbers.push(found.optional()?);
    }
    detach(&tx, specs, wall)?;
    tx.commit()?;
    Ok((numbers, beyond))
}

/// Notes since when lanes are not in the configuration. No lane left before the last callback was kept, whatever a clock says
/// that has not been set yet.
fn detach(connection: &Connection, specs: &[ConsumerSpec], wall: i64) -> rusqlite::Result<()> {
    let named: HashSet<String> = specs.iter().map(|spec| spec.id.to_string()).collect();
    let mut rows = connection.prepare_cached("SELECT no, id, detached_at FROM lanes")?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(i64, String, Option<i64>)> = rows.collect::<rusqlite::Result<_>>()?;
    let last = "SELECT at FROM entries ORDER BY first DESC LIMIT 1";
    let last = connection.query_row(last, [], |row| row.get(0)).optional()?;
    let wall = wall.max(last.unwrap_or(wall));
    for (no, id, since) in rows {
        let attached = named.contains(&id);
        if attached == since.is_some() {
            connection
                .prepare_cached("UPDATE lanes SET detached_at = ?2 WHERE no = ?1")?
                .execute(params![no, (!attached).then_some(wall)])?;
        }
    }
    Ok(())
}

/// A number that outlives what it was taken from; 0 if there is none.
pub(super) fn mark(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    let find = "SELECT value FROM marks WHERE name = ?1";
    Ok(connection.query_row(find, [name], |row| row.get(0)).optional()?.unwrap_or_default())
}

fn load(
    connection: &Connection,
    shared: &Shared,
    spec: &ConsumerSpec,
    no: i64,
    handler: u64,
    tokens: u64,
) -> rusqlite::Result<Inner> {
    let (cursor, paused): (i64, bool) =
        connection.query_row("SELECT cursor, paused FROM lanes WHERE no = ?1", [no], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let cursor = count(cursor);
    let mut rows = connection.prepare_cached(
        "SELECT position, attempts, key, due, wait FROM open_items WHERE lane = ?1 ORDER BY position",
    )?;
    // Numbers of a row that are none, or out of bounds, are damaged: the item is done at once and from its first attempt on.
    let rows = rows.query_map([no], |row| {
        Ok(OpenRow {
            position: Position(integer(row, 0)?.map_or(0, count)),
            attempts: attempts(integer(row, 1)?),
            key: integer(row, 2)?.map(count),
            due: due(integer(row, 3)?, integer(row, 4)?),
            reason: None,
        })
    })?;
    let rows: Vec<OpenRow> = rows.collect::<rusqlite::Result<_>>()?;
    let projection = spec.id.action().is_none();
    let last_match = match projection {
        true => shared.head.load(Atomic::Acquire),
        false => last_record(connection, handler)?,
    };
    let ordering = if projection { Ordering::Key } else { spec.ordering };
    let (now, wall) = (shared.clock.now(), shared.clock.wall());
    let lane = Lane::restore(ordering, cursor, rows, now, wall).numbered_from(tokens);
    if projection {
        // What it made of entries beyond its cursor it makes again: nobody has seen that.
        connection.execute(
            "DELETE FROM records WHERE slot > ?1 AND slot < ?2",
            params![slot(handler, cursor), slot(handler, REPLAYS)],
        )?;
    }
    let mut inner = Inner::new(spec, lane, last_match, cursor);
    inner.paused = paused;
    if projection && inner.lane.open() > 0 {
        inner.ahead = ahead(connection, handler, inner.lane.settled_to())?;
    }
    Ok(inner)
}

/// Where blobs of records begin that lie above a position.
fn ahead(connection: &Connection, handler: u64, settled: u64) -> rusqlite::Result<BTreeSet<u64>> {
    let mut rows = connection
        .prepare_cached("SELECT slot FROM records WHERE slot > ?1 AND slot < ?2 ORDER BY slot")?;
    let bounds = params![slot(handler, settled), slot(handler, REPLAYS)];
    let rows = rows.query_map(bounds, |row| Ok(count(row.get(0)?) & PLACE))?;
    rows.collect()
}

fn due(at: Option<i64>, wait: Option<i64>) -> Option<Due> {
    let at = Timestamp::from_millisecond(at?).ok()?;
    let wait = wait.map_or(WAIT_MAX, |wait| Duration::from_millis(count(wait)));
    Some(Due { at, wait })
}

fn last_record(connection: &Connection, handler: u64) -> rusqlite::Result<u64> {
    let last = connection
        .query_row(
            "SELECT last FROM records WHERE slot BETWEEN ?1 AND ?2 ORDER BY slot DESC LIMIT 1",
            params![slot(handler, 0), slot(handler, REPLAYS) - 1],
            |row| row.get(0),
        )
        .optional()?;
    Ok(last.map_or(0, count))
}

/// Puts a lane back to what is stored; leases of it are lost.
pub(super) fn restore(writer: &Writer, cell: &Cell) -> rusqlite::Result<()> {
    let (spec, tokens) = {
        let inner = locked(&cell.inner);
        (inner.spec.clone(), inner.lane.last_token())
    };
    let (no, handler) = (cell.no, cell.handler);
    let inner = load(&writer.connection, &writer.shared, &spec, no, handler, tokens)?;
    *locked(&cell.inner) = inner;
    cell.notify.notify_waiters();
    Ok(())
}

impl Lanes {
    /// The projections that read a command.
    pub(super) fn wanting(&self, command: &str) -> Vec<Arc<Cell>> {
        let wants = |cell: &&Arc<Cell>| Pattern::any(&locked(&cell.inner).spec.commands, command);
        self.projections.iter().filter(wants).cloned().collect()
    }
}

/// The last position of the log: of what there is, or was before it was removed for its age. No cursor counts: one that lies
/// beyond is damaged, or what it has seen is gone.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<u64> {
    let last = "SELECT first, first + count - 1 FROM entries ORDER BY first DESC LIMIT 1";
    let last = connection.query_row(last, [], |row| Ok((row.get(0)?, count(row.get(1)?))));
    let end = match last.optional()? {
        Some((first, last)) => end(connection, first, last)?,
        None => 0,
    };
    Ok(end.max(count(mark(connection, PRUNED)?)))
}

/// Where a row of entries ends: what is in it says so, whatever its number is.
fn end(connection: &Connection, first: i64, last: u64) -> rusqlite::Result<u64> {
    let data = data_of(connection, "SELECT data FROM entries WHERE first = ?1", first)?;
    let first = count(first);
    Ok(Blob::read(ENTRIES, first, last.max(first), first, data).last)
}
