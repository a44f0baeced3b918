//! Reads the rows of a log. Their numbers have no checksum, so damaged ones are corrected or left out.

use bytes::Bytes;
use rusqlite::{Connection, params};

use super::frame::ENTRIES;
use super::schema::{PLACE, REPLAYS, SLOT_BITS, count, number, slot};
use super::verify::{data_of, is_damage};

/// One reading takes at most so many blobs and stops past so many bytes.
const READ_BLOBS_MAX: usize = 16;
const READ_BYTES_MAX: usize = 1 << 20;

/// First and last position, and the blob.
pub(super) type Row = (u64, u64, Bytes);

const ENTRY_ROWS: &str = "SELECT first, first + count - 1, data FROM entries
     WHERE first >= coalesce((SELECT max(first) FROM entries WHERE first BETWEEN ?1 AND ?2), ?1) AND first <= ?3
     ORDER BY first LIMIT ?4";
const RECORD_ROWS: &str = "SELECT slot, last, data FROM records
     WHERE slot >= coalesce((SELECT max(slot) FROM records WHERE slot BETWEEN ?1 AND ?2), ?1) AND slot < ?3
     ORDER BY slot LIMIT ?4";

/// The blob that holds a position, or the next, and some after it. Of records that were made again just the one.
pub(super) fn rows_from(
    connection: &Connection,
    log: u64,
    position: u64,
) -> rusqlite::Result<Vec<Row>> {
    let near = rows_near(connection, log, position, false)?;
    let found = near.rows.iter().any(|row| row.1 >= position);
    if position >= REPLAYS || found || near.is_end {
        return Ok(near.rows);
    }
    // Where the search was led astray, by a damaged number, what is asked for may come later all the same.
    Ok(rows_near(connection, log, position, true)?.rows)
}

/// The result of one search.
#[derive(Default)]
struct Near {
    rows: Vec<Row>,
    /// The number of the row after them.
    next: Option<u64>,
    /// The search found no row at all.
    is_end: bool,
}

fn rows_near(
    connection: &Connection,
    log: u64,
    position: u64,
    behind: bool,
) -> rusqlite::Result<Near> {
    let sql = if log == ENTRIES { ENTRY_ROWS } else { RECORD_ROWS };
    let whole = rows(connection, sql, log, (position, behind), |row| row.get(2));
    let mut near = match whole {
        Err(error) if is_damage(&error) => {
            // The database cannot find the rest of one of them: that one is all damaged, the others are read alone.
            let data = match log {
                ENTRIES => "SELECT data FROM entries WHERE first = ?1",
                _ => "SELECT data FROM records WHERE slot = ?1",
            };
            let sql = sql.replace(", data FROM", ", x'' FROM");
            let alone = |row: &rusqlite::Row<'_>| data_of(connection, data, row.get(0)?);
            rows(connection, &sql, log, (position, behind), |row| alone(row).map(Vec::from))
        }
        whole => whole,
    }?;
    if log == ENTRIES {
        near.rows = in_order(near.rows, near.next);
    }
    Ok(near)
}

/// Entries lie one after the other without a gap, so each row says twice where it belongs: by its number, which no checksum
/// covers, and by its neighbours, the last one's being `next`. One whose number has a changed bit, and that fits between its
/// neighbours, is put there; one that lies over another, or on a page of another place, is left out.
pub(super) fn in_order(rows: Vec<Row>, next: Option<u64>) -> Vec<Row> {
    let starts: Vec<u64> = rows.iter().skip(1).map(|row| row.0).chain(next).collect();
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    for (index, (first, last, data)) in rows.into_iter().enumerate() {
        let room = kept.last().map(|before| before.1 + 1);
        let next = starts.get(index).copied();
        let count = last.saturating_sub(first);
        let fits = |room: u64| next == Some(room + count + 1) && (first ^ room).count_ones() <= 1;
        match room {
            Some(room) if fits(room) => kept.push((room, room + count, data)),
            Some(room) if first < room => {}
            Some(room) if next.is_some_and(|next| room <= next && next <= first) => {}
            _ => kept.push((first, last, data)),
        }
    }
    kept
}

/// Some rows of a log.
fn rows(
    connection: &Connection,
    sql: &str,
    log: u64,
    (position, behind): (u64, bool),
    data: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<Vec<u8>>,
) -> rusqlite::Result<Near> {
    let again = position >= REPLAYS;
    let limit = if again { 1 } else { READ_BLOBS_MAX };
    let (low, at, high) = match log {
        ENTRIES => (0, number(position), i64::MAX),
        _ if again => (slot(log, position), slot(log, position), slot(log, position + 1)),
        _ => (slot(log, 0), slot(log, position), slot(log, REPLAYS)),
    };
    let low = if behind { at } else { low };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![low, at, high, number(limit as u64 + 1)])?;
    let mut near = Near { is_end: true, ..Near::default() };
    let (mut bytes, mut complete) = (0, false);
    while let Some(row) = rows.next()? {
        near.is_end = false;
        let number = count(row.get(0)?);
        if number >> SLOT_BITS != log {
            continue; // on a page of another log
        }
        let first = number & PLACE;
        if let Some(before) = near.rows.last_mut() {
            end_before(before, first);
        }
        if complete || near.rows.len() >= limit {
            near.next = Some(first);
            break;
        }
        let data = Bytes::from(data(row)?);
        bytes += data.len();
        let last = count(row.get(1)?);
        near.rows.push((first, last, data));
        complete = bytes > READ_BYTES_MAX && last >= position;
    }
    Ok(near)
}

/// Limits a row's last position to the one before the next row begins: a damaged number may be larger.
fn end_before((first, last, _): &mut Row, next: u64) {
    if *first < next {
        *last = next.saturating_sub(1).min(*last);
    }
}
