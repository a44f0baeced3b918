//! Whether what lanes keep of entries and records leads anywhere.

use rusqlite::{Connection, params};
use switchhook_api::journal::{ConsumerId, Position};

use super::attach::head;
use super::schema::{count, number, slot};
use super::verify::Check;

/// Of one kind, so many are named.
const NAMED_MAX: u32 = 10;
/// The entry row that holds `position`, if any, ends beyond it.
const NO_ENTRY: &str = "coalesce((SELECT first + count FROM entries WHERE first <= position ORDER BY first DESC LIMIT 1), 0)
     <= position";

/// A lane as its row has it.
struct Row {
    no: i64,
    id: String,
    cursor: i64,
}

pub(super) fn check(check: &mut Check, connection: &Connection) -> rusqlite::Result<bool> {
    let (lanes, last) = (lanes(connection)?, head(connection)?);
    for lane in &lanes {
        let id: ConsumerId = lane.id.parse().unwrap_or_else(|never| match never {});
        let named = "SELECT EXISTS (SELECT 1 FROM handlers WHERE name = ?1)";
        if !connection.query_row(named, [&**id.handler()], |row| row.get(0))? {
            check.problem(&format!("consumer {}: its handler has no number", lane.id));
        }
        if lane.cursor < 0 || count(lane.cursor) > last {
            check.problem(&format!(
                "consumer {}: its cursor is {}, beyond the last callback, {last}",
                lane.id, lane.cursor
            ));
        }
        for position in lost_items(connection, lane.no, &id)? {
            check.problem(&format!(
                "consumer {}: the pending item at {position} is missing",
                lane.id
            ));
        }
    }
    for table in ["open_items", "dead_letters", "replays"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE lane NOT IN (SELECT no FROM lanes)");
        let lost: u64 = count(connection.query_row(&sql, [], |row| row.get(0))?);
        if lost > 0 {
            check.problem(&format!("{lost} rows of {table} belong to no consumer"));
        }
    }
    attempts(check, connection)?;
    for (table, kind) in [("dead_letters", "dead letter"), ("replays", "replay")] {
        for (no, position) in lost_rows(connection, table)? {
            check.problem(&format!("{kind} {no}: callback {position} is missing"));
        }
    }
    Ok(false)
}

/// Numbers of attempts that are none.
fn attempts(check: &mut Check, connection: &Connection) -> rusqlite::Result<()> {
    for (table, kind) in
        [("open_items", "the pending item at"), ("dead_letters", "the dead letter of callback")]
    {
        let sql = format!(
            "SELECT coalesce((SELECT id FROM lanes WHERE no = lane), '?'), position FROM {table}
             WHERE typeof(attempts) <> 'integer' OR attempts NOT BETWEEN 0 AND ?1 ORDER BY position LIMIT ?2"
        );
        let mut wrong = connection.prepare_cached(&sql)?;
        let wrong = wrong.query_map([u32::MAX, NAMED_MAX], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })?;
        for row in wrong {
            let (lane, position) = row?;
            check.problem(&format!(
                "consumer {lane}: {kind} {position} has a damaged number of attempts"
            ));
        }
    }
    Ok(())
}

fn lanes(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    let mut lanes = connection.prepare_cached("SELECT no, id, cursor FROM lanes ORDER BY id")?;
    let lanes = lanes
        .query_map([], |row| Ok(Row { no: row.get(0)?, id: row.get(1)?, cursor: row.get(2)? }))?;
    lanes.collect()
}

/// Open items of a lane that are neither an entry, or record, nor a replay.
fn lost_items(connection: &Connection, no: i64, id: &ConsumerId) -> rusqlite::Result<Vec<u64>> {
    let no_record = "NOT EXISTS (SELECT 1 FROM records WHERE last >= position AND slot =
         (SELECT max(slot) FROM records WHERE slot BETWEEN ?2 AND ?2 + position))";
    let lost = if id.action().is_some() { no_record } else { NO_ENTRY };
    let sql = format!(
        "SELECT position FROM open_items WHERE lane = ?1 AND position < ?3 AND {lost}
         AND ?2 IS NOT NULL ORDER BY position LIMIT ?4"
    );
    let handler: u64 = connection
        .query_row("SELECT no FROM handlers WHERE name = ?1", [&**id.handler()], |row| row.get(0))
        .map(count)
        .or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(0),
            error => Err(error),
        })?;
    let replays = number(Position::of_replay(0).0);
    let mut lost = connection.prepare_cached(&sql)?;
    let lost = lost.query_map(params![no, slot(handler, 0), replays, NAMED_MAX], |row| {
        Ok(count(row.get(0)?))
    })?;
    let mut lost: Vec<u64> = lost.collect::<rusqlite::Result<_>>()?;
    let mut replays_lost = connection.prepare_cached(
        "SELECT position FROM open_items WHERE lane = ?1 AND position >= ?2
         AND position - ?2 NOT IN (SELECT no FROM replays) ORDER BY position LIMIT ?3",
    )?;
    let rows =
        replays_lost.query_map(params![no, replays, NAMED_MAX], |row| Ok(count(row.get(0)?)))?;
    for row in rows {
        lost.push(row?);
    }
    Ok(lost)
}

/// Rows of a table whose entry is not there.
fn lost_rows(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(u64, u64)>> {
    let sql = format!("SELECT no, position FROM {table} WHERE {NO_ENTRY} ORDER BY no LIMIT ?1");
    let mut lost = connection.prepare_cached(&sql)?;
    let lost = lost.query_map([NAMED_MAX], |row| Ok((count(row.get(0)?), count(row.get(1)?))))?;
    lost.collect()
}
