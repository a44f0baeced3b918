//! Copying the WAL into the database, beside the writer and on a connection of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use switchhook_core::BoxError;

use super::schema::open_writing;
use super::store::Shared;

/// So many frames (4 KiB each) the writer copies itself, between two commits.
const REST_FRAMES: i64 = 256;
/// Past this the WAL is begun anew, whatever the rest.
const WAL_FRAMES_MAX: i64 = 16_384;
const RUNS_MAX: usize = 4;

/// Starts the thread; it ends when the sender is dropped.
pub(super) fn start(
    file: &Path,
    shared: Arc<Shared>,
) -> Result<(SyncSender<()>, JoinHandle<()>), BoxError> {
    let connection = open_writing(file)?;
    let (sender, wanted) = sync_channel(1);
    let thread = std::thread::Builder::new()
        .name("journal-copy".into())
        .spawn(move || run(&connection, &wanted, &shared))?;
    Ok((sender, thread))
}

fn run(connection: &Connection, wanted: &Receiver<()>, shared: &Shared) {
    while wanted.recv().is_ok() {
        match copy(connection) {
            Ok(true) => shared.restart_wal.store(true, Ordering::Relaxed),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "a checkpoint of the journal failed");
                shared.fail_if_lost(error);
            }
        }
    }
}

/// Copies until little is left; whether the writer should do the rest.
fn copy(connection: &Connection) -> rusqlite::Result<bool> {
    let mut wal = 0;
    for _ in 0..RUNS_MAX {
        let (all, done): (i64, i64) =
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok((row.get(1)?, row.get(2)?))
            })?;
        if all - done <= REST_FRAMES {
            return Ok(true);
        }
        wal = all;
    }
    Ok(wal > WAL_FRAMES_MAX)
}
