//! The database file: how it is opened and what it holds.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};
use switchhook_api::BoxError;
use switchhook_api::journal::Position;

use super::migrate::migrate;

/// Marks the file as ours: `SwHk`.
const APPLICATION: i64 = 0x5377_486b;
const VERSION: i64 = 3;
/// How long a connection waits for another.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Records of a handler lie from its number, shifted by this, on.
pub(super) const SLOT_BITS: u32 = 44;
/// What of a slot is the position.
pub(super) const PLACE: u64 = (1 << SLOT_BITS) - 1;
/// From this position on lie the records that were made again.
pub(super) const REPLAYS: u64 = Position::of_replay(0).0;
/// The mark of the last entry that was removed for its age.
pub(super) const PRUNED: &str = "pruned";

/// No `auto_vacuum`: its page of pointers would be one more to write with every commit. What is freed is used again.
const TABLES: &str = "
CREATE TABLE entries (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE handlers (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE records (
    slot INTEGER PRIMARY KEY, last INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 0, data BLOB NOT NULL
) STRICT;
CREATE TABLE lanes (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, cursor INTEGER NOT NULL,
    detached_at INTEGER, paused INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE open_items (
    lane INTEGER NOT NULL, position INTEGER NOT NULL, attempts INTEGER NOT NULL, key INTEGER, due INTEGER, reason TEXT,
    wait INTEGER, PRIMARY KEY (lane, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE dead_letters (
    no INTEGER PRIMARY KEY AUTOINCREMENT, lane INTEGER NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL,
    attempts INTEGER NOT NULL, reason TEXT NOT NULL, response TEXT, record INTEGER
) STRICT;
CREATE INDEX dead_letters_lane ON dead_letters (lane, no);
CREATE INDEX dead_letters_position ON dead_letters (position);
CREATE INDEX dead_letters_at ON dead_letters (at);
CREATE TABLE replays (
    no INTEGER PRIMARY KEY AUTOINCREMENT, lane INTEGER NOT NULL, position INTEGER NOT NULL, record INTEGER,
    id BLOB NOT NULL
) STRICT;
CREATE INDEX replays_lane ON replays (lane);
CREATE INDEX replays_position ON replays (position);
CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE state (
    handler TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (handler, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE seen (key TEXT PRIMARY KEY, position INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX seen_until ON seen (until);
";

/// A connection that may write.
pub(super) fn open_writing(file: &Path) -> Result<Connection, BoxError> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(32);
    // Pages of twice the usual size: half the writes for the blobs of a commit, a tenth more callbacks a second.
    connection.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
         PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = ON;",
    )?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn open_reading(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// Makes the tables of a new file, or brings those of an older version up to date.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), BoxError> {
    if let Some(version) = identify(connection)? {
        return migrate(connection, version);
    }
    let tx = connection.transaction()?;
    tx.execute_batch(TABLES)?;
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", VERSION)?;
    Ok(tx.commit()?)
}

/// The version of a store; none: the file is new. Refuses what is not ours or newer than we are.
pub(super) fn identify(connection: &Connection) -> Result<Option<i64>, BoxError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    if number("schema_version")? == 0 {
        return Ok(None);
    }
    if application != APPLICATION || version < 1 {
        return Err("the file is an SQLite database, but not a journal of Switchhook".into());
    }
    if version > VERSION {
        return Err(format!(
            "the journal was written by a newer version (format {version}; this program supports up to {VERSION}): \
             use that version or another folder"
        )
        .into());
    }
    Ok(Some(version))
}

/// Refuses a file that is not ours to write to, before anything in it is touched; and one of an older format to whom only
/// wants to read, for bringing it up to date would keep the program that wrote it from reading it.
pub(super) fn examine(file: &Path, read_only: bool) -> Result<(), BoxError> {
    if !file.exists() {
        return Ok(());
    }
    let version = match identify(&open_reading(file)?) {
        // The power went while the file was being made: only a connection that writes can take back the half of it.
        Err(error) if needs_writing(&error) => return Ok(()),
        other => other?,
    };
    match version {
        Some(old) if read_only && old < VERSION => Err(format!(
            "the journal has an older format ({old}; this program uses {VERSION}), which is not changed by reading: \
             start the server of this program once, which upgrades it, or use the version that wrote it"
        )
        .into()),
        _ => Ok(()),
    }
}

fn needs_writing(error: &BoxError) -> bool {
    let error = error.downcast_ref::<rusqlite::Error>();
    error.and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::ReadOnly)
}

/// The first slot of a handler's records; `position` 0 is below all of them.
pub(super) fn slot(handler: u64, position: u64) -> i64 {
    i64::try_from(handler << SLOT_BITS | position).unwrap_or(i64::MAX)
}

/// A position as the database counts.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// And back.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The whole number in a column; none: there is none, or something else.
pub(super) fn integer(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    match row.get_ref(column)? {
        ValueRef::Integer(value) => Ok(Some(value)),
        _ => Ok(None),
    }
}

/// How often something was tried; 0 for what cannot be a number of attempts.
pub(super) fn attempts(value: Option<i64>) -> u32 {
    value.and_then(|value| u32::try_from(value).ok()).unwrap_or_default()
}
