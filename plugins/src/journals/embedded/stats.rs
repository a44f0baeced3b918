//! The store in numbers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use switchhook_api::journal::{JournalError, Position, Stats};

use super::schema::count;
use super::store::Shared;

/// One reading looks at so many rows, so that it keeps no checkpoint waiting.
const STEP_ROWS: u32 = 10_000;

impl Shared {
    pub(super) async fn stats(self: &Arc<Self>) -> Result<Stats, JournalError> {
        let mut stats = self.reader.with(numbers).await?;
        let mut after = i64::MIN;
        loop {
            let step = self.reader.with(move |connection| count_after(connection, after)).await?;
            let Some((events, last)) = step else { break };
            stats.events += events;
            after = last;
        }
        Ok(stats)
    }
}

fn numbers(connection: &Connection) -> rusqlite::Result<Stats> {
    let tx = connection.unchecked_transaction()?;
    let number = |sql: &str| tx.query_row(sql, [], |row| row.get(0)).map(count);
    let end = |order: &str| {
        let sql = format!("SELECT first, count, at FROM entries ORDER BY first {order} LIMIT 1");
        tx.query_row(&sql, [], |row| {
            Ok((count(row.get(0)?), count(row.get(1)?), row.get::<_, i64>(2)?))
        })
        .optional()
    };
    let (first, last) = (end("ASC")?, end("DESC")?);
    let at = |(_, _, at)| Timestamp::from_millisecond(at).ok();
    Ok(Stats {
        events: 0,
        first: first.map(|(first, ..)| Position(first)),
        last: last.map(|(first, count, _)| Position((first + count).saturating_sub(1))),
        oldest: first.and_then(at),
        newest: last.and_then(at),
        bytes: tx.path().map(Path::new).map_or(0, bytes),
        free: number("PRAGMA freelist_count")? * number("PRAGMA page_size")?,
        dead_letters: number("SELECT count(*) FROM dead_letters")?,
        open: number("SELECT count(*) FROM open_items")?,
        format: number("PRAGMA user_version")?,
    })
}

/// The bytes of the database and of what is not yet copied into it.
fn bytes(file: &Path) -> u64 {
    let size = |file: PathBuf| std::fs::metadata(file).map_or(0, |file| file.len());
    size(file.to_owned()) + size(beside(file, "-wal"))
}

/// The name of a file that belongs to the database.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The callbacks of the next rows, and the last of these; none: there are no more.
fn count_after(connection: &Connection, after: i64) -> rusqlite::Result<Option<(u64, i64)>> {
    let sql = "SELECT sum(count), max(first) FROM (SELECT first, count FROM entries WHERE first > ?1 ORDER BY first LIMIT ?2)";
    let (events, last): (Option<i64>, Option<i64>) = connection
        .prepare_cached(sql)?
        .query_row(params![after, STEP_ROWS], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(events.map(count).zip(last))
}
