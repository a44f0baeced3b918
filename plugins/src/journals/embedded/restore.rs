//! Putting a backup in the store's place. At every moment there is one whole store: the old one, or the new one, which the
//! next start puts in its place if this one did not come to it. What handlers and actions keep elsewhere needs nothing:
//! state is part of the store, and deliveries are told apart by their ids, not by places in the journal.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};
use switchhook_api::BoxError;
use switchhook_api::journal::{JournalError, Restored};

use super::copy::{copy, into_journal_error, remove, sync_folder_of, whole};
use super::schema::{open_reading, open_writing};
use super::stats::beside;
use super::{Embedded, locked, outlook};

/// A copy that is not yet whole; one that is.
pub(super) const COPYING: &str = ".copying";
pub(super) const RESTORING: &str = ".restoring";

pub(super) async fn restore(
    journal: &Embedded,
    from: &Path,
    dry_run: bool,
) -> Result<Restored, JournalError> {
    journal.shared.open()?;
    if !locked(&journal.shared.lanes).cells.is_empty() {
        let why = "the journal is in use: stop the server, then restore";
        return Err(JournalError::Refused(why.to_owned()));
    }
    let (file, from) = (journal.shared.file.clone(), from.to_owned());
    let mut restored = blocking({
        let (file, from) = (file.clone(), from.clone());
        move || compare(&file, &from)
    })
    .await?;
    if dry_run {
        return Ok(restored);
    }
    let time = journal.shared.clock.wall().strftime("%Y%m%dT%H%M%SZ").to_string();
    let change = Replacement::new(&file, &time);
    let (change, reader) =
        (blocking(move || change.prepared(&from)).await?, journal.shared.reader.clone());
    let held = journal.stop();
    restored.kept = Some(change.kept.display().to_string());
    blocking(move || {
        let lock = super::wait_for_threads(held);
        reader.close();
        let done = change.run();
        drop(lock);
        done
    })
    .await?;
    Ok(restored)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BoxError> + Send + 'static,
) -> Result<T, JournalError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(into_journal_error),
        Err(_) => Err(JournalError::Closed), // the runtime is going away
    }
}

/// What the backup would change; refused unless it is whole.
fn compare(file: &Path, from: &Path) -> Result<Restored, BoxError> {
    outlook::compare(&open_reading(file)?, &open_backup(file, from)?)
}

fn open_backup(file: &Path, from: &Path) -> Result<Connection, BoxError> {
    let refused = |why: String| {
        BoxError::from(JournalError::Refused(format!(
            "{} is not a usable backup: {why}",
            from.display()
        )))
    };
    let place = fs::canonicalize(from).map_err(|error| refused(error.to_string()))?;
    if place == fs::canonicalize(file)? {
        return Err(refused("it is the journal itself".to_owned()));
    }
    let more = ["-wal", "-journal"].map(|suffix| beside(&place, suffix));
    let holds = |path: &&PathBuf| fs::metadata(path).is_ok_and(|file| file.len() > 0);
    if let Some(more) = more.iter().find(holds) {
        return Err(refused(format!(
            "part of what it holds is still in {}: have the program that wrote it make a copy with its command `journal backup`",
            more.display()
        )));
    }
    let backup = reading(&uri(from, UNCHANGED)).map_err(|error| refused(error.to_string()))?;
    whole(&backup).map_err(|error| refused(error.to_string()))?;
    Ok(backup)
}

/// Opened so, nothing is written beside a file, and nobody else is expected to write into it.
const UNCHANGED: &str = "?immutable=1";

fn reading(uri: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
}

/// What of a path is spelt by its number in a URI.
const IN_A_URI: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// A path as `SQLite` takes it with parameters.
fn uri(path: &Path, parameters: &str) -> String {
    format!("file:{}{parameters}", percent_encode(path.as_os_str().as_encoded_bytes(), IN_A_URI))
}

/// The files that change places.
pub(super) struct Replacement {
    file: PathBuf,
    copying: PathBuf,
    restoring: PathBuf,
    kept: PathBuf,
}

impl Replacement {
    pub(super) fn new(file: &Path, time: &str) -> Self {
        let name = format!(".before-restore-{time}");
        let names = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}-{n}") });
        let mut free = names.map(|name| beside(file, &name)).filter(|path| !path.exists());
        let (copying, restoring) = (beside(file, COPYING), beside(file, RESTORING));
        let kept = free.next().unwrap_or_else(|| beside(file, &name));
        Self { file: file.to_owned(), copying, restoring, kept }
    }

    /// With a synced copy of the backup beside the store.
    pub(super) fn prepared(self, from: &Path) -> Result<Self, BoxError> {
        let backup = open_backup(&self.file, from)?;
        remove(&self.copying);
        copy(&backup, &self.copying)?;
        fs::rename(&self.copying, &self.restoring)?;
        sync_folder_of(&self.file)?;
        Ok(self)
    }

    pub(super) fn run(&self) -> Result<(), BoxError> {
        let done = STEPS.iter().try_for_each(|step| step(self));
        done.map_err(|error| self.broken_off(&error).into())
    }

    /// Goes back as far as that can be done; how it stands then.
    pub(super) fn broken_off(&self, error: &BoxError) -> String {
        if self.kept.exists() && self.file.exists() && !self.restoring.exists() {
            return format!(
                "the store was replaced and the old one saved in {}, but a power cut may bring the old one back: {error}",
                self.kept.display()
            );
        }
        if !self.file.exists() {
            fs::rename(&self.kept, &self.file).ok(); // else the next start completes the restore
        }
        if self.file.exists() {
            remove(&self.restoring);
        }
        format!("the store was not replaced: {error}")
    }

    /// Copies what is left in the WAL into the old database, and removes it: it would be taken for the new one's.
    fn settle(&self) -> Result<(), BoxError> {
        let store = open_writing(&self.file)?;
        let busy = store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            return Err("another process reads the journal".into());
        }
        store.close().map_err(|(_, error)| error)?;
        let wal = beside(&self.file, "-wal");
        if fs::metadata(&wal).is_ok_and(|wal| wal.len() > 0) {
            return Err("another process has the journal open".into());
        }
        for leftover in [wal, beside(&self.file, "-shm")] {
            if let Err(error) = fs::remove_file(leftover)
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(error.into());
            }
        }
        Ok(sync_folder_of(&self.file)?)
    }

    fn keep_old(&self) -> Result<(), BoxError> {
        fs::rename(&self.file, &self.kept)?;
        Ok(sync_folder_of(&self.file)?)
    }

    fn put_new(&self) -> Result<(), BoxError> {
        fs::rename(&self.restoring, &self.file)?;
        Ok(sync_folder_of(&self.file)?)
    }
}

pub(super) type Step = fn(&Replacement) -> Result<(), BoxError>;
pub(super) const STEPS: [Step; 3] =
    [Replacement::settle, Replacement::keep_old, Replacement::put_new];

/// Before the store is opened: completes a restore that was broken off, or removes what is left of it.
pub(super) fn complete(file: &Path) -> io::Result<()> {
    remove(&beside(file, COPYING));
    let restoring = beside(file, RESTORING);
    if file.exists() {
        remove(&restoring);
    } else if restoring.exists() {
        fs::rename(&restoring, file)?;
        sync_folder_of(file)?;
        tracing::info!("an interrupted restore was completed");
    }
    Ok(())
}

/// Whether the next opening finds a store, or one on its way.
pub(super) fn is_store(file: &Path) -> bool {
    file.exists() || beside(file, RESTORING).exists()
}
