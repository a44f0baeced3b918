//! Whether the store is still where it was opened. A file that was moved, removed or covered goes on taking writes, and a
//! restart finds none of them: so nothing is acknowledged unless its files are at their paths.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, fstat, open, stat};
use rustix::io::Errno;
use switchhook_api::journal::JournalError;

use super::locked;
use super::stats::beside;

/// How often the writer looks for all files, idle or not.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Place {
    database: Watched,
    /// The log and its index.
    log: [Watched; 2],
    lock: Mutex<Watched>,
    /// Whether `why` says something.
    apart: AtomicBool,
    why: Mutex<Option<String>>,
}

/// A file and its path. It is held by a descriptor that can neither read nor write: closing one that can would let go of the
/// locks that the database has on it.
#[derive(Debug)]
struct Watched {
    path: PathBuf,
    held: OwnedFd,
    id: Id,
}

/// Device and inode.
type Id = (u64, u64);

/// How a file stands that is not at its path.
#[derive(Debug)]
struct Gone {
    /// No path leads to it any more.
    removed: bool,
    why: String,
}

/// What is not in its place.
#[derive(Debug)]
pub(super) enum Apart {
    /// The database, and why; `removed`: for good.
    Store { removed: bool, why: String },
    /// What is not yet copied into the database.
    Log(String),
    /// Only the lock: another process could take it.
    Lock(String),
}

impl Apart {
    pub(super) fn why(self) -> String {
        match self {
            Self::Store { why, .. } | Self::Log(why) | Self::Lock(why) => why,
        }
    }
}

impl Watched {
    fn at(path: PathBuf) -> io::Result<Self> {
        let held = open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let id = id(&fstat(&held)?);
        Ok(Self { path, held, id })
    }

    fn look(&self) -> Result<(), Gone> {
        let found = stat(&self.path).map(|found| id(&found));
        if found == Ok(self.id) {
            return Ok(());
        }
        // Some file systems number a file anew while it is open.
        let held = fstat(&self.held);
        if held.as_ref().is_ok_and(|held| found == Ok(id(held))) {
            return Ok(());
        }
        let path = self.path.display();
        let removed = held.is_ok_and(|held| held.st_nlink == 0);
        let why = match found {
            _ if removed => format!("{path} was removed"),
            Ok(_) => format!("{path} was replaced by another file"),
            Err(Errno::NOENT | Errno::NOTDIR) => format!(
                "{path} is missing: it or its folder was moved, or another file system was mounted over it"
            ),
            Err(error) => format!("cannot find {path}: {}", io::Error::from(error)),
        };
        Err(Gone { removed, why })
    }
}

#[allow(clippy::unnecessary_cast, reason = "their types differ from system to system")]
fn id(file: &rustix::fs::Stat) -> Id {
    (file.st_dev as u64, file.st_ino as u64)
}

fn lock_beside(database: &Path) -> PathBuf {
    database.with_file_name("lock")
}

impl Place {
    /// Of a store that is open.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        let log = |suffix| Watched::at(beside(database, suffix));
        Ok(Self {
            database: Watched::at(database.to_owned())?,
            log: [log("-wal")?, log("-shm")?],
            lock: Mutex::new(Watched::at(lock_beside(database))?),
            apart: AtomicBool::new(false),
            why: Mutex::default(),
        })
    }

    /// Looks for all its files, in a few microseconds.
    pub(super) fn look(&self) -> Result<(), Apart> {
        self.database.look().map_err(|Gone { removed, why }| Apart::Store { removed, why })?;
        self.log.iter().try_for_each(Watched::look).map_err(|gone| Apart::Log(gone.why))?;
        locked(&self.lock).look().map_err(|gone| Apart::Lock(gone.why))
    }

    /// Refuses to open or use what lies at the path where it is not this store. Without its lock it still is.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        match self.look() {
            Ok(()) | Err(Apart::Lock(_)) => Ok(()),
            Err(apart) => Err(JournalError::Displaced(apart.why())),
        }
    }

    /// Whether the file at the lock's path is the one that is held.
    pub(super) fn has_lock(&self) -> bool {
        locked(&self.lock).look().is_ok()
    }

    /// Whether the log that lies at its path is this store's, or none lies there.
    pub(super) fn has_no_other_log(&self) -> bool {
        self.log.iter().all(|file| file.look().is_ok() || !file.path.exists())
    }

    /// The lock was taken anew.
    pub(super) fn relocked(&self) -> io::Result<()> {
        *locked(&self.lock) = Watched::at(lock_beside(&self.database.path))?;
        Ok(())
    }

    /// Notes why the store is not in its place, or that it is; whether that is new.
    pub(super) fn note(&self, why: Option<&str>) -> bool {
        let mut noted = locked(&self.why);
        let new = noted.as_deref() != why;
        if new {
            *noted = why.map(str::to_owned);
            self.apart.store(why.is_some(), Ordering::Release);
        }
        new
    }

    pub(super) fn is_apart(&self) -> bool {
        self.apart.load(Ordering::Acquire)
    }

    /// Why it is known not to be in its place.
    pub(super) fn why(&self) -> Option<String> {
        if self.is_apart() { locked(&self.why).clone() } else { None }
    }
}
