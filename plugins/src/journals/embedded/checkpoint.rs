//! Copying the WAL into the database, beside the writer and on a connection of its own; what is left the writer copies.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use switchhook_api::journal::Health;
use switchhook_api::{BoxError, with_causes};

use super::mend::is_damaged;
use super::schema::{PATIENCE, open_writing};
use super::store::Shared;
use super::write;
use super::writer::Writer;

/// After so many bytes the WAL is copied into the database.
const CHECKPOINT_BYTES: usize = 4 << 20;
/// Idle lanes' cursors are stored with every so many copies: a thousand of them cost more than the rest.
const CURSORS_EVERY: u64 = 16;
/// How long the writer waits for a reader before it puts off starting the WAL anew.
const RESTART_PATIENCE: Duration = Duration::from_millis(20);
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
                // A full disk is known of.
                if shared.health() == Health::Ready {
                    tracing::warn!(%error, "a checkpoint of the journal failed");
                }
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

impl Writer {
    pub(super) fn look_after_wal(&mut self) {
        if self.since_checkpoint >= CHECKPOINT_BYTES {
            self.since_checkpoint = 0;
            self.copies += 1;
            let cursors = self.copies.is_multiple_of(CURSORS_EVERY);
            let lanes = self.lanes.cells.values().filter(|_| cursors);
            if let Err(error) = write::tidy(&mut self.connection, lanes, &self.shared) {
                let error = self.shared.fail_if_lost(error);
                if self.mend(&error) || !is_damaged(&error) {
                    tracing::warn!(error = %with_causes(&error), "cleaning up the journal failed");
                }
            }
            self.checkpoints.try_send(()).ok(); // full: one is under way
        }
        if self.shared.restart_wal.swap(false, Ordering::Relaxed) {
            self.restart_wal();
        }
    }

    /// Copies the small rest of the WAL, so that the next commit begins it anew. A reader in the way puts it off.
    pub(super) fn restart_wal(&self) {
        let patience = |time| self.connection.busy_timeout(time);
        let restarted = patience(RESTART_PATIENCE).and_then(|()| {
            self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
        });
        if let Err(error) = restarted.and(patience(PATIENCE)) {
            if self.shared.health() == Health::Ready {
                tracing::warn!(%error, "cannot restart the journal's write-ahead log");
            }
            self.shared.fail_if_lost(error);
        }
    }

    pub(super) fn finish(mut self) {
        self.rescue_at_the_end();
        if let Health::Failed(_) = self.shared.health() {
            return;
        }
        if !self.shared.late.unmarked().is_empty()
            && let Err(error) = self.commit(&[], &[])
        {
            tracing::warn!(%error, "cannot mark callbacks that were persisted late");
        }
        let tidied = write::tidy(&mut self.connection, self.lanes.cells.values(), &self.shared);
        let closed =
            tidied.and_then(|()| write::close(&mut self.connection, self.lanes.cells.values()));
        let copied = closed.and_then(|()| {
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        });
        if let Err(error) = copied {
            tracing::warn!(%error, "the journal's last checkpoint failed; the next start will complete it");
        }
    }
}
