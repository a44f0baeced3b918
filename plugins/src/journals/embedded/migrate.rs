//! Bringing a store of an older format up to date, one step at a time.

use rusqlite::{Connection, TransactionBehavior};
use switchhook_api::BoxError;

use super::ballast;

/// What leads from each version to the next, the first from 1 to 2.
const STEPS: [&str; 2] = [FROM_1, FROM_2];

/// Lanes can be paused and left, deliveries asked for again; numbers of dead letters are not given twice.
const FROM_1: &str = "
ALTER TABLE records ADD COLUMN count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lanes ADD COLUMN detached_at INTEGER;
ALTER TABLE lanes ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letters RENAME TO dead_letters_1;
DROP INDEX dead_letters_lane;
CREATE TABLE dead_letters (
    no INTEGER PRIMARY KEY AUTOINCREMENT, lane INTEGER NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL,
    attempts INTEGER NOT NULL, reason TEXT NOT NULL, response TEXT, record INTEGER
) STRICT;
INSERT INTO dead_letters (no, lane, position, at, attempts, reason, response)
    SELECT no, lane, position, at, attempts, reason, response FROM dead_letters_1 ORDER BY no;
DROP TABLE dead_letters_1;
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
";

/// Retries know how long they were to wait, so that no restart makes it longer.
const FROM_2: &str = "ALTER TABLE open_items ADD COLUMN wait INTEGER;";

/// Each step is one transaction: broken off, it leaves the version before it.
pub(super) fn migrate(connection: &mut Connection, version: i64) -> Result<(), BoxError> {
    let done = usize::try_from(version - 1).unwrap_or_default();
    for (from, step) in (version..).zip(STEPS.iter().skip(done)) {
        room(connection)?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", from + 1)?;
        tx.commit()?;
        tracing::info!("journal migrated from format {from} to {}", from + 1);
    }
    Ok(())
}

/// Makes sure that there is room for what a step writes at most: all but the callbacks and records, twice.
fn room(connection: &Connection) -> Result<(), BoxError> {
    let sum = "SELECT coalesce(sum(length(reason) + coalesce(length(response), 0) + 200), 0) FROM dead_letters";
    let rows: u64 = connection.query_row(sum, [], |row| row.get(0)).map(super::schema::count)?;
    let (need, file) = (2 * rows + MARGIN, connection.path().unwrap_or_default());
    match ballast::room(file.as_ref()) {
        Some(room) if room < need => Err(format!(
            "the journal's format must be upgraded, which needs {need} bytes, but its disk has only {room} bytes free"
        )
        .into()),
        _ => Ok(()),
    }
}

/// What every step takes.
const MARGIN: u64 = 1 << 20;
