//! Whole copies of the store: a backup goes to a file of its own, and is read again before it counts.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use switchhook_api::BoxError;
use switchhook_api::journal::{BackedUp, JournalError, Position, Verified};

use super::schema::{count, identify, open_reading};
use super::stats::beside;
use super::store::Shared;
use super::verify::{integrity, read_all};

/// Pages that are copied at once.
const STEP_PAGES: i32 = 128;
/// After so many steps the copy is synced, so that the last sync does not hold up those of the journal.
const SYNC_STEPS: usize = 32;

impl Shared {
    pub(super) async fn backup(self: &Arc<Self>, to: &Path) -> Result<BackedUp, JournalError> {
        self.open()?;
        let (shared, to) = (self.clone(), to.to_owned());
        let copying = move || {
            shared.place.check()?;
            let source = open_reading(&shared.file)?;
            let copied = copy(&source, &to)?;
            Ok(BackedUp { found: read_all(&open_reading(&to)?)?, ..copied })
        };
        match tokio::task::spawn_blocking(copying).await {
            Ok(copied) => copied.map_err(into_journal_error),
            Err(_) => Err(JournalError::Closed), // the runtime is going away
        }
    }
}

/// Copies a store, as of now, into a new file for this user alone. When it fails, the file is not there.
pub(super) fn copy(source: &Connection, to: &Path) -> Result<BackedUp, BoxError> {
    let file = new_file(to)?;
    let copied = fill(source, to, &file).and_then(|last| {
        file.sync_all()?;
        sync_folder_of(to)?;
        Ok(BackedUp { bytes: file.metadata()?.len(), last, found: Verified::default() })
    });
    copied.map_err(|error| {
        remove(to);
        format!("cannot write a backup to {}: {error}", to.display()).into()
    })
}

/// What was Refused stays so.
pub(super) fn into_journal_error(error: BoxError) -> JournalError {
    match error.downcast::<JournalError>() {
        Ok(error) => *error,
        Err(error) => JournalError::Store(error),
    }
}

fn new_file(path: &Path) -> Result<File, BoxError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            let why = format!("{} already exists; name a new file for the backup", path.display());
            JournalError::Refused(why).into()
        }
        _ => format!("cannot create {}: {error}", path.display()).into(),
    })
}

/// The last callback in the copy.
fn fill(source: &Connection, to: &Path, file: &File) -> Result<Option<Position>, BoxError> {
    // A transaction that reads: what is committed meanwhile does not begin the copy anew, and nobody waits for it.
    let source = source.unchecked_transaction()?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, flags)?;
    target.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;",
    )?;
    copy_pages(&source, &mut target, file)?;
    drop(source); // while it reads, the WAL cannot begin anew, and the check below takes its time
    // One file, that can be read where nothing can be written.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    whole(&target)?;
    let last = "SELECT first + count - 1 FROM entries ORDER BY first DESC LIMIT 1";
    let last = target.query_row(last, [], |row| row.get(0)).optional()?;
    target.close().map_err(|(_, error)| error)?;
    Ok(last.map(|last| Position(count(last))))
}

fn copy_pages(source: &Connection, target: &mut Connection, file: &File) -> Result<(), BoxError> {
    let backup = Backup::new(source, target)?;
    for steps in 1.. {
        match backup.step(STEP_PAGES)? {
            StepResult::Done => break,
            StepResult::More if steps % SYNC_STEPS == 0 => file.sync_data()?,
            StepResult::More => {}
            _ => return Err("another process uses the file".into()),
        }
    }
    Ok(())
}

/// Makes sure that a database is a whole store of ours that this program can use.
pub(super) fn whole(store: &Connection) -> Result<(), BoxError> {
    if identify(store)?.is_none() {
        return Err("it is empty".into());
    }
    match integrity(store)?.first() {
        Some(problem) => Err(format!("it is damaged: {problem}").into()),
        None => Ok(()),
    }
}

/// Removes a database and what lies beside it.
pub(super) fn remove(file: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        std::fs::remove_file(beside(file, suffix)).ok(); // most are not there
    }
}

pub(super) fn sync_folder_of(file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
