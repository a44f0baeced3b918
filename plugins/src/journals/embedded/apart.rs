//! What the writer does when the store is no longer where it was opened. Nothing new is acknowledged. Moved or covered, it is
//! waited for: deliveries go on, for what they settle lies with the store, wherever that is. Removed, it cannot come back: all
//! it holds is still in this process, is copied, and the server ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use switchhook_api::journal::{Health, JournalError};
use switchhook_api::{BoxError, program_name, with_causes};

use super::copy::{copy, remove, sync_folder_of};
use super::lock::Lock;
use super::place::{Apart, LOOK_EVERY};
use super::queue::{Ack, Batch};
use super::restore::{COPYING, RESTORING};
use super::same;
use super::stats::beside;
use super::writer::Writer;

/// What removes a folder is done with its files after this.
const REMOVING: Duration = Duration::from_millis(200);
/// What was saved while its folder was still being removed is saved again.
const RESCUES: usize = 3;

const NOT_ACKNOWLEDGED: &str =
    "no new callback is acknowledged until they are back; deliveries continue";

impl Writer {
    /// Looks after the place of the store before the next batch, where that is due or something was missed.
    pub(super) fn look_after_place_if_due(&mut self, idle: bool) {
        let now = self.shared.clock.now();
        let due = idle || self.looked_at.is_none_or(|at| now.saturating_sub(at) >= LOOK_EVERY);
        if due || self.shared.place.is_apart() {
            self.looked_at = Some(now);
            self.look_after_place();
        }
    }

    /// Looks whether the store is in its place, and does what can be done where it is not.
    pub(super) fn look_after_place(&mut self) {
        if let Health::Failed(_) = self.shared.health() {
            return;
        }
        match self.looked() {
            Ok(()) => self.is_back(),
            Err(Apart::Lock(why)) => self.take_lock_again(&why),
            Err(Apart::Log(why)) => self.end_without_log(&why),
            Err(Apart::Store { removed, why }) => {
                if self.shared.place.note(Some(&why)) {
                    tracing::error!(%why, "the journal's files were moved or removed: {NOT_ACKNOWLEDGED}");
                }
                if removed && !std::mem::replace(&mut self.rescue_tried, true) {
                    self.end_rescued(&why);
                }
            }
        }
    }

    /// What is being removed file by file is looked at when that is done: nothing is put in its way.
    fn looked(&self) -> Result<(), Apart> {
        let looked = self.shared.place.look();
        let waits = match &looked {
            Ok(()) | Err(Apart::Store { removed: false, .. }) => false,
            Err(Apart::Store { removed: true, .. }) => !self.rescue_tried,
            Err(Apart::Log(_) | Apart::Lock(_)) => true,
        };
        if !waits {
            return looked;
        }
        std::thread::sleep(REMOVING);
        self.shared.place.look()
    }

    fn is_back(&mut self) {
        self.rescue_tried = false;
        if self.shared.place.note(None) {
            tracing::info!("the journal's files are back: accepting callbacks again");
        }
    }

    /// Without a lock file that is ours a second server could start on this store.
    fn take_lock_again(&mut self, why: &str) {
        let taken = self.lock_again();
        match taken {
            Ok(()) => {
                tracing::warn!(%why, "the journal's lock was replaced and taken again");
                self.is_back();
            }
            Err(error) => {
                let error = with_causes(&*error);
                let text =
                    format!("{why}, and the journal's lock could not be taken again: {error}");
                self.shared.place.note(Some(&text));
                self.shared.fail(&text);
            }
        }
    }

    fn lock_again(&mut self) -> Result<(), BoxError> {
        let lock = Lock::take(self.folder())?;
        if data_version(&self.connection)? != self.data_version {
            return Err("another process has written to the journal in the meantime".into());
        }
        self.shared.place.relocked()?;
        self.lock = Some(lock);
        Ok(())
    }

    /// All that the log holds goes into the database, which is in its place: a restart finds it there.
    fn end_without_log(&mut self, why: &str) {
        self.shared.place.note(Some(why));
        let copied = self.copy_log();
        if let Err(Apart::Store { removed: true, why }) = self.shared.place.look() {
            return self.end_rescued(&why); // its folder is being removed, file by file
        }
        match copied {
            Ok(()) => self.shared.fail(&format!(
                "{why}; its content was copied into the database, so nothing is lost: start again"
            )),
            Err(error) => {
                tracing::error!(error = %with_causes(&*error), "cannot copy the journal's write-ahead log into its database");
                self.end_rescued(why);
            }
        }
    }

    fn copy_log(&mut self) -> Result<(), BoxError> {
        self.commit(&[], &[])?; // what is to be marked
        let copy = "PRAGMA wal_checkpoint(TRUNCATE)";
        match self.connection.query_row(copy, [], |row| row.get(0))? {
            true => Err("a reader is in the way".into()),
            false => Ok(()),
        }
    }

    /// Copies the store to where the next start finds it, or beside it where that place is taken.
    fn end_rescued(&mut self, why: &str) {
        let mut saved = self.rescue();
        for _ in 1..RESCUES {
            std::thread::sleep(REMOVING);
            if saved.as_ref().is_ok_and(|saved| self.is_there(saved)) {
                break;
            }
            saved = self.rescue();
        }
        match saved {
            Ok(Rescued::InPlace) => self.shared.fail(&format!(
                "{why}; the journal was saved and will be restored by the next start: start again"
            )),
            Ok(Rescued::Beside(path)) => self.shared.fail(&format!(
                "{why}, and another file is in its place; the journal was saved in {path}: stop what uses that place, restore the \
                 journal with `{} journal restore {path}`, and start again",
                program_name(),
                path = path.display()
            )),
            Err(error) => tracing::error!(
                error = %with_causes(&*error),
                "cannot save the content of the removed journal: keep the server running until everything is delivered; \
                 the rest is lost when it ends"
            ),
        }
    }

    fn rescue(&mut self) -> Result<Rescued, BoxError> {
        self.commit(&[], &[])?; // what is to be marked
        let file = self.shared.file.clone();
        let mut free = is_free(&file) && self.shared.place.has_no_other_log();
        if free && !self.shared.place.has_lock() {
            match Lock::take(self.folder()) {
                Ok(lock) => self.lock = Some(lock),
                Err(error) if error.is::<JournalError>() => free = false, // it is another's
                Err(error) => return Err(error),
            }
        }
        if !free {
            let time = self.shared.clock.wall().strftime("%Y%m%dT%H%M%SZ").to_string();
            let path = beside(self.folder(), &format!(".saved-{time}.sqlite"));
            copy(&self.connection, &path)?;
            return Ok(Rescued::Beside(path));
        }
        let (copying, restoring) = (beside(&file, COPYING), beside(&file, RESTORING));
        remove(&copying);
        copy(&self.connection, &copying)?;
        remove(&file); // its log, which is in the copy
        fs::rename(&copying, &restoring)?;
        sync_folder_of(&file)?;
        Ok(Rescued::InPlace)
    }

    fn is_there(&self, saved: &Rescued) -> bool {
        match saved {
            Rescued::InPlace => super::restore::is_store(&self.shared.file),
            Rescued::Beside(path) => path.exists(),
        }
    }

    fn folder(&self) -> &Path {
        self.shared.file.parent().unwrap_or(&self.shared.file)
    }

    /// At the end: once more, if it has not been saved.
    pub(super) fn rescue_at_the_end(&mut self) {
        let failed = matches!(self.shared.health(), Health::Failed(_));
        match self.shared.place.look() {
            Err(Apart::Store { removed: true, why }) if !failed => self.end_rescued(&why),
            Err(Apart::Store { removed: false, why }) => {
                tracing::error!(%why, "stopped while the journal's files were elsewhere: move them back before the next start");
            }
            _ => {}
        }
    }

    /// What is known to be in vain is not committed.
    pub(super) fn refuse_new_if_apart(&self, batch: &mut Batch) {
        let Some(why) = self.shared.place.why().filter(|_| !batch.chunks.is_empty()) else {
            return;
        };
        let (chunks, hands) = (std::mem::take(&mut batch.chunks), batch.hands.clone());
        let error = JournalError::Displaced(why);
        self.refuse(Batch { chunks, hands, ..Batch::default() }, &error);
    }

    /// Makes refusals of the answers of a commit that did not go to where the store belongs. It cannot be taken back.
    pub(super) fn acknowledge_in_place<T>(&mut self, acks: &mut [(T, Ack)]) {
        if acks.is_empty() {
            return;
        }
        let Err(apart) = self.shared.place.look() else { return };
        self.looked_at = None;
        let error = JournalError::Displaced(apart.why());
        for (_, (_, kept)) in acks {
            let unheard = std::mem::replace(kept, Err(same(&error)));
            self.shared.late.unheard(&unheard);
        }
    }
}

enum Rescued {
    InPlace,
    Beside(PathBuf),
}

fn is_free(file: &Path) -> bool {
    [file.to_owned(), beside(file, RESTORING)]
        .iter()
        .all(|path| fs::symlink_metadata(path).is_err())
}

/// Changes with each commit of another connection.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "data_version", |row| row.get(0))
}
