//! Reading everything and comparing every checksum, a little at a time, beside a server that runs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use switchhook_api::journal::{DAMAGE_MAX, Damage, JournalError, Position, Verified};
use switchhook_api::{Metadata, StringInterner};

use super::attach::mark;
use super::frame::{Blob, ENTRIES, Frame};
use super::references;
use super::schema::{PLACE, PRUNED, SLOT_BITS, count, number};
use super::store::Shared;

/// One reading stops past so many bytes or blobs, so that it keeps no checkpoint waiting.
const STEP_BYTES: usize = 4 << 20;
const STEP_BLOBS: u32 = 256;
/// Problems that are named at most, and the length of each.
const PROBLEMS_MAX: usize = 100;
const PROBLEM_CHARS: usize = 200;

/// One row of blobs, as its numbers have it.
struct Row {
    log: u64,
    first: u64,
    last: u64,
    /// Frames that were stored; 0: not known.
    count: u64,
}

/// What has been found so far, and how far the reading is.
#[derive(Default)]
pub(super) struct Check {
    found: Verified,
    words: StringInterner,
    names: HashMap<u64, String>,
    unnamed: HashSet<u64>,
    /// The last entry that was removed for its age.
    pruned: u64,
    /// The row to go on with.
    next: i64,
    /// The log and the last position of the row before.
    before: (u64, u64),
    /// Where the last entry that was looked for lies, and all with it.
    near: std::ops::Range<u64>,
}

impl Shared {
    pub(super) async fn verify(self: &Arc<Self>) -> Result<Verified, JournalError> {
        let mut check = Check::default();
        for table in [Check::entries as Step, Check::records] {
            check.next = i64::MIN;
            let mut more = true;
            while more {
                (check, more) = self.reader.with(move |c| check.step(table, c)).await?;
            }
        }
        for whole in [references::check as Step, Check::database] {
            (check, _) = self.reader.with(move |c| check.step(whole, c)).await?;
        }
        Ok(check.found)
    }
}

/// The same for a store that nobody writes to, the database's own check left out.
pub(super) fn read_all(connection: &Connection) -> rusqlite::Result<Verified> {
    let mut check = Check::default();
    for part in [Check::entries as Step, Check::records, references::check] {
        check.next = i64::MIN;
        let mut more = true;
        while more {
            (check, more) = check.step(part, connection)?;
        }
    }
    Ok(check.found)
}

type Step = fn(&mut Check, &Connection) -> rusqlite::Result<bool>;

impl Check {
    /// One reading, of one state of the store. What cannot be read at all is a problem, and the end of it.
    fn step(mut self, step: Step, connection: &Connection) -> rusqlite::Result<(Self, bool)> {
        let tx = connection.unchecked_transaction()?;
        match mark(&tx, PRUNED) {
            Err(error) if is_damage(&error) => {} // the database's own check tells of it
            pruned => self.pruned = count(pruned?),
        }
        let more = match step(&mut self, &tx) {
            Err(error) if is_damage(&error) => {
                self.problem(&format!("the database cannot be read: {error}"));
                false
            }
            more => more?,
        };
        Ok((self, more))
    }

    pub(super) fn problem(&mut self, text: &str) {
        if self.found.problems.len() < PROBLEMS_MAX {
            self.found.problems.push(text.chars().take(PROBLEM_CHARS).collect());
        }
    }

    fn entries(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let rows = "SELECT first, count, 0 FROM entries WHERE first >= ?1 ORDER BY first LIMIT ?2";
        let data = "SELECT data FROM entries WHERE first = ?1";
        self.blobs(connection, rows, data, |first, frames, _| Row {
            log: ENTRIES,
            first: count(first),
            last: count(first).saturating_add(count(frames)).saturating_sub(1),
            count: count(frames),
        })
    }

    fn records(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        if self.names.is_empty() {
            let mut names = connection.prepare_cached("SELECT no, name FROM handlers")?;
            let names = names.query_map([], |row| Ok((count(row.get(0)?), row.get(1)?)))?;
            self.names = names.collect::<rusqlite::Result<_>>()?;
        }
        let rows = "SELECT slot, last, count FROM records WHERE slot >= ?1 ORDER BY slot LIMIT ?2";
        let data = "SELECT data FROM records WHERE slot = ?1";
        self.blobs(connection, rows, data, |slot, last, frames| Row {
            log: count(slot) >> SLOT_BITS,
            first: count(slot) & PLACE,
            last: count(last),
            count: count(frames),
        })
    }

    /// Checks some rows; whether there are more.
    fn blobs(
        &mut self,
        connection: &Connection,
        rows: &str,
        data: &str,
        row: fn(i64, i64, i64) -> Row,
    ) -> rusqlite::Result<bool> {
        let mut rows = connection.prepare_cached(rows)?;
        let mut rows = rows.query(params![self.next, STEP_BLOBS])?;
        let (mut bytes, mut seen) = (0, 0);
        while let Some(found) = rows.next()? {
            let at: i64 = found.get(0)?;
            let row = row(at, found.get(1)?, found.get(2)?);
            let data = data_of(connection, data, at)?;
            bytes += data.len();
            seen += 1;
            self.blob(connection, &row, data)?;
            let Some(next) = at.checked_add(1) else { return Ok(false) };
            self.next = next;
            if bytes > STEP_BYTES {
                return Ok(true);
            }
        }
        Ok(seen == STEP_BLOBS)
    }

    fn blob(&mut self, connection: &Connection, row: &Row, data: Bytes) -> rusqlite::Result<()> {
        let blob = Blob::read(row.log, row.first, row.last, row.first, data);
        self.row(row, &blob);
        for frame in blob.frames() {
            let whole = match row.log {
                ENTRIES => self.entry(&blob, *frame),
                _ => self.record(connection, &blob, *frame)?,
            };
            match (whole, row.log) {
                (true, ENTRIES) => self.found.events += 1,
                (true, _) => self.found.records += 1,
                (false, _) => self.damaged(row.log, frame.position),
            }
        }
        // Records say where they belong, so where one begins is not known when those before it are damaged.
        let stored = if blob.damaged().next().is_some() { row.count } else { 0 };
        for _ in blob.frames().len() as u64..stored.min(blob.frames_max()) {
            self.damaged(row.log, blob.last);
        }
        Ok(())
    }

    /// The numbers of a row, which no checksum covers.
    fn row(&mut self, row: &Row, blob: &Blob) {
        let Row { log, first, last, count } = *row;
        let kind = if log == ENTRIES { "callbacks" } else { "records" };
        let frames = blob.frames().len() as u64;
        if blob.last != last || (count > 0 && blob.damaged().next().is_none() && count != frames) {
            self.problem(&format!(
                "the {kind} from {first}: their row says {count} up to {last}, but there are {frames} up to {}",
                blob.last
            ));
        }
        if blob.first != first {
            self.problem(&format!(
                "the {kind} from {first}: the row holds those from {} to {}",
                blob.first, blob.last
            ));
        }
        let first = blob.first;
        if self.before.0 == log && first <= self.before.1 && first > 0 {
            self.problem(&format!("the {kind} from {first}: other rows have the same positions"));
        }
        let gap = self.before.1.max(self.pruned) + 1..first; // below the mark, what was needed stays alone
        if log == ENTRIES && self.before.1 > 0 && !gap.is_empty() {
            self.problem(&format!(
                "the callbacks from {} to {} are missing",
                gap.start,
                gap.end - 1
            ));
        }
        if log != ENTRIES && !self.names.contains_key(&log) && self.unnamed.insert(log) {
            self.problem(&format!("handler {log} has records but no name"));
        }
        self.before = (log, blob.last);
    }

    fn entry(&mut self, blob: &Blob, frame: Frame) -> bool {
        let parts = blob.command(frame).and_then(|_| blob.entry(frame));
        parts.is_some_and(|parts| Metadata::read_from(&parts.facts, &mut self.words).is_some())
    }

    fn record(
        &mut self,
        connection: &Connection,
        blob: &Blob,
        frame: Frame,
    ) -> rusqlite::Result<bool> {
        let Some(parts) = blob.record(frame) else { return Ok(false) };
        let readable = Metadata::read_from(parts.facts, &mut self.words).is_some();
        // One that was made again has a body; one that reaches past what was removed for its age waits to go, too.
        let body = parts.body.is_some() || frame.position <= self.pruned;
        Ok(readable && (body || self.has_entry(connection, frame.position)?))
    }

    /// Whether there is an entry whose body a record may have.
    fn has_entry(&mut self, connection: &Connection, position: u64) -> rusqlite::Result<bool> {
        if !self.near.contains(&position) {
            let row = connection
                .prepare_cached(
                    "SELECT first, count FROM entries WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
                )?
                .query_row([number(position)], |row| Ok((count(row.get(0)?), count(row.get(1)?))))
                .optional()?;
            let (first, many) = row.unwrap_or_default();
            self.near = first..first.saturating_add(many);
        }
        Ok(self.near.contains(&position))
    }

    fn damaged(&mut self, log: u64, position: u64) {
        self.found.damaged += 1;
        if self.found.damage.len() < DAMAGE_MAX {
            let unnamed = || format!("handler {log}");
            let handler =
                (log != ENTRIES).then(|| self.names.get(&log).cloned().unwrap_or_else(unnamed));
            self.found.damage.push(Damage { handler, position: Position(position) });
        }
    }

    /// What the database says of itself: its pages, rows and indexes.
    fn database(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        for problem in integrity(connection)? {
            self.problem(&problem);
        }
        Ok(false)
    }
}

/// The findings of the database's own check; none: it is whole.
pub(super) fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA integrity_check({PROBLEMS_MAX})"))?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = lines.collect::<rusqlite::Result<_>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// A blob; nothing where the database cannot find it any more.
pub(super) fn data_of(connection: &Connection, sql: &str, at: i64) -> rusqlite::Result<Bytes> {
    let data = connection.prepare_cached(sql)?.query_row([at], |row| row.get::<_, Vec<u8>>(0));
    match data {
        Err(error) if is_damage(&error) => Ok(Bytes::new()),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(Bytes::new()), // a damaged number misleads the search
        data => Ok(Bytes::from(data?)),
    }
}

/// Whether an error says that the file's content is wrong, not that it could not be read.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(error, rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::Utf8Error(..))
}
