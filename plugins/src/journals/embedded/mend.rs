//! When the database itself is damaged: what is said of it, what can be built anew, and what goes on beside it.

use std::fmt;

use rusqlite::{Connection, TransactionBehavior};
use switchhook_api::journal::{Health, JournalError};
use switchhook_api::{program_name, with_causes};

use super::attach;
use super::lanes::Cell;
use super::queue::Batch;
use super::store::Shared;
use super::verify::is_damage;
use super::writer::{Planned, Writer};
use super::{locked, same};

/// After so many commits in a row that kept nothing, the journal says that it keeps nothing.
const FAILURES_MAX: u32 = 3;
/// Those that have indexes beside their rows, which can be built anew from these.
const INDEXED: [&str; 5] = ["lanes", "handlers", "dead_letters", "replays", "seen"];

/// What is in the file is wrong. To start again does not make it right.
#[derive(Debug)]
pub(super) struct Damaged(pub(super) rusqlite::Error);

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "its database is damaged; run `{} journal verify` for details, or restore a backup",
            program_name()
        )
    }
}

impl std::error::Error for Damaged {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Whether an error says that the database is damaged.
pub(super) fn is_damaged(error: &JournalError) -> bool {
    matches!(error, JournalError::Store(error) if error.is::<Damaged>())
}

impl Shared {
    /// Logs why a commit failed, unless nothing else has been the matter since it was logged last.
    pub(super) fn tell_failure(&self, error: &JournalError) {
        let error = with_causes(error);
        let mut told = locked(&self.told);
        if told.as_ref() != Some(&error) {
            tracing::error!(%error, "the journal failed to commit");
            *told = Some(error);
        }
    }
}

impl Writer {
    /// When an error says that the database is damaged, its indexes are built anew, the first time. True: it may have been
    /// one of them, and what failed can be tried again.
    pub(super) fn mend(&mut self, error: &JournalError) -> bool {
        if !is_damaged(error) || std::mem::replace(&mut self.mended, true) {
            return false;
        }
        tracing::error!(error = %with_causes(error), "journal index damaged: rebuilding");
        for table in INDEXED {
            let rebuilt = self.connection.execute_batch(&format!("REINDEX {table}"));
            let rebuilt = match rebuilt {
                Err(error) if is_damage(&error) => leave_indexes(&mut self.connection, table),
                rebuilt => rebuilt,
            };
            if let Err(error) = rebuilt {
                tracing::error!(table, %error, "cannot rebuild an index of the journal");
            }
        }
        true
    }

    /// Does what `run` does, and once more if that met a damaged index.
    pub(super) fn mending<T>(
        &mut self,
        run: impl Fn(&mut Self) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        match run(self) {
            Err(error) if self.mend(&error) => run(self),
            done => done,
        }
    }

    /// A commit failed, and not for lack of room. New callbacks and each lane by itself: what is damaged for one of them is no
    /// matter to the others.
    pub(super) fn commit_apart(
        &mut self,
        batch: Batch,
        planned: Vec<Planned>,
        error: &JournalError,
    ) {
        if planned.is_empty() {
            return self.not_kept(batch, error);
        }
        if !batch.chunks.is_empty() {
            match self.commit(&batch.chunks, &[]) {
                Ok(stored) => self.done(batch, Vec::new(), stored),
                Err(error) => self.not_kept(batch, &error),
            }
        }
        let mut left = planned;
        while let Some(first) = left.first() {
            let no = first.cell.no;
            // One settlement of a lane counts on those before it: all of them, or none.
            let (of_one, others) = left.into_iter().partition(|one| one.cell.no == no);
            left = others;
            self.settle_alone(of_one);
        }
    }

    fn settle_alone(&mut self, planned: Vec<Planned>) {
        match self.commit(&[], &planned) {
            Ok(stored) => self.done(Batch::default(), planned, stored),
            Err(error) => self.failed(Batch::default(), planned, &error),
        }
    }

    /// Callbacks could not be kept. Once that has happened several times in a row, nobody needs to try until it is well.
    fn not_kept(&mut self, batch: Batch, error: &JournalError) {
        self.failures += 1;
        if self.failures >= FAILURES_MAX && self.shared.health() == Health::Ready {
            self.shared.health.send_replace(Health::Unavailable(with_causes(error)));
        }
        self.failed(batch, Vec::new(), error);
    }

    /// Nothing was stored: lanes go back to what is.
    pub(super) fn failed(&mut self, batch: Batch, planned: Vec<Planned>, error: &JournalError) {
        self.unwell(error);
        for one in planned {
            if let Err(error) = attach::restore(self, &one.cell) {
                self.end_for(&one.cell, error);
            }
            drop(one.job.answer.send(Err(same(error))));
        }
        self.refuse(batch, error);
    }

    /// In memory the items of the lane are settled, in the store they are not: the next commit would lose them.
    fn end_for(&self, cell: &Cell, error: rusqlite::Error) {
        tracing::error!(consumer = %cell.id, %error, "cannot read the state of a consumer from the journal");
        let error = self.shared.commit_error(error);
        let why = match is_damaged(&error) {
            true => with_causes(&error),
            false => "cannot reload the state of a consumer; restart to recover".to_owned(),
        };
        self.shared.fail(&why);
    }
}

/// Makes the indexes of a table in new pages, where the first page of one is so damaged that what it has cannot be cleared.
/// Its old pages are lost to the file, which a check of the database goes on to mention.
fn leave_indexes(connection: &mut Connection, table: &str) -> rusqlite::Result<()> {
    let left = make_indexes(connection, table);
    // Also when it was taken back: else this connection would go on without them.
    connection.pragma_update(None, "writable_schema", "RESET")?;
    left
}

fn make_indexes(connection: &mut Connection, table: &str) -> rusqlite::Result<()> {
    let of_table = "FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL";
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let indexes: Vec<String> = {
        let mut indexes = tx.prepare(&format!("SELECT sql {of_table}"))?;
        let indexes = indexes.query_map([table], |row| row.get(0))?;
        indexes.collect::<rusqlite::Result<_>>()?
    };
    tx.pragma_update(None, "writable_schema", true)?;
    tx.execute(&format!("DELETE {of_table}"), [table])?;
    tx.pragma_update(None, "writable_schema", "RESET")?; // read again, without them
    for index in indexes {
        tx.execute_batch(&index)?;
    }
    tx.commit()
}
