//! `embedded`: the journal in a folder on this machine, a database (`SQLite`) written by one thread.
//!
//! Entries and records are stored as blobs, one row for each commit, so that keeping a callback costs little more than
//! copying it once. Leases live in memory: one process owns the folder, which a lock file makes sure of.

mod apart;
mod attach;
mod ballast;
mod checkpoint;
mod copy;
mod damage;
mod frame;
mod full;
mod history;
mod lanes;
mod late;
mod lease;
mod lock;
mod mend;
mod migrate;
mod outlook;
mod place;
mod prune;
mod queue;
mod reader;
mod references;
mod replays;
mod restore;
mod rows;
mod schema;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod upkeep;
mod verify;
mod write;
mod writer;

use std::ffi::OsStr;
use std::io::{self, ErrorKind::QuotaExceeded, ErrorKind::StorageFull};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_SHMSIZE as IOERR_SHMSIZE, SQLITE_IOERR_WRITE as IOERR_WRITE};
use schemars::JsonSchema;
use serde::Deserialize;
use switchhook_api::config::{ByteSize, FilePath};
use switchhook_api::journal::{
    Appended, BackedUp, ConsumerId, ConsumerSpec, ConsumerStatus, DeadLetter, DeadLetterQuery,
    Entry, EventQuery, Health, Journal, JournalAdmin, JournalError, Lease, LeaseRequest, Page,
    Pruned, Replay, Requeued, Restored, Retention, Settlement, Stats, StoredEvent, Verified,
};
use switchhook_api::{
    BoxError, BuildContext, Claim, Plugin, StateReader, async_trait, with_causes,
};

use self::ballast::Ballast;
use self::lock::Lock;
use self::mend::Damaged;
use self::place::Place;
use self::store::Shared;

/// Options of the `embedded` journal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The folder of the journal, relative to the configuration file; created if missing, for this user only.
    path: FilePath,
    /// The most bytes that may wait to be persisted; beyond that, new callbacks are rejected. Default "16 MiB".
    #[serde(default = "queue_default")]
    queue: ByteSize,
    /// The most before-callbacks that may wait to be persisted; beyond that, they are dropped and counted. Default 4096.
    #[serde(default = "notes_default")]
    notes: usize,
    /// Space reserved on the disk, so that persisted callbacks can be delivered when the disk is full; 0: none. Default "16 MiB".
    #[serde(default = "ballast_default")]
    ballast: ByteSize,
}

fn queue_default() -> ByteSize {
    ByteSize(16 << 20)
}

fn ballast_default() -> ByteSize {
    ByteSize(16 << 20)
}

fn notes_default() -> usize {
    4096
}

/// The open journal. Dropping it stops its threads and lets go of the folder; what was queued is still committed.
struct Embedded {
    shared: Arc<Shared>,
    folder: PathBuf,
    held: Mutex<Option<(Threads, Lock)>>,
}

type Threads = [JoinHandle<()>; 2];

#[async_trait]
impl Plugin for Embedded {
    type Role = dyn Journal;
    const NAME: &'static str = "embedded";
    const DESCRIPTION: &'static str = "stores the journal in a folder on this machine (SQLite)";
    const EXAMPLE: &'static str = r#"path = "data/journal""#;
    type Options = Options;

    fn claims(options: &Options) -> Vec<Claim> {
        // Others may use the folder too: one volume often holds journal and files.
        let own = |name: &OsStr| {
            let name = name.to_string_lossy();
            ["lock", "ballast", "probe", "admin.sock"].contains(&&*name)
                || name.starts_with("journal.sqlite")
        };
        vec![Claim::file("path", &options.path.join("journal.sqlite")).and_beside(own)]
    }

    async fn build(options: Options, cx: &BuildContext) -> Result<Arc<dyn Journal>, BoxError> {
        let folder = cx.path(&options.path);
        let cx = cx.clone();
        let opening = move || Self::open(folder, &options, &cx);
        Ok(Arc::new(tokio::task::spawn_blocking(opening).await??))
    }
}

switchhook_api::register!(Embedded);

impl Embedded {
    fn open(folder: PathBuf, options: &Options, cx: &BuildContext) -> Result<Self, BoxError> {
        let file = folder.join("journal.sqlite");
        file.try_exists().map_err(|error| lock::cannot("find", &file, &error))?;
        if cx.read_only && !restore::is_store(&file) {
            return Err(JournalError::Missing { folder }.into());
        }
        let lock = Lock::take(&folder)?;
        restore::complete(&file)?;
        lock::check_files(&file)?;
        let size = options.ballast.bytes() as u64;
        let spent = Ballast::make_way(&folder, size);
        let unusable = |error| lock::unusable(&file, error);
        schema::examine(&file, cx.read_only).map_err(unusable)?;
        let ballast = spent.unwrap_or_else(|| Ballast::open(&folder, size));
        lock::own(&file).map_err(|error| lock::cannot("open", &file, &error))?;
        let (connection, head) = prepared(&file).map_err(unusable)?;
        let place = Place::of(&file).map_err(|error| lock::cannot("find", &file, &error))?;
        let shared = Arc::new(Shared::new((file, place), ballast, head, options, cx));
        shared.reader.prepare()?;
        let threads = store::start(&shared, connection)?;
        Ok(Self { shared, folder, held: Mutex::new(Some((threads, lock))) })
    }

    /// Takes no more work; what the threads were is returned once, for somebody to wait for.
    fn stop(&self) -> Option<(Threads, Lock)> {
        self.shared.close();
        locked(&self.held).take()
    }
}

/// The database, up to date, and the last position of its log.
fn prepared(file: &Path) -> Result<(rusqlite::Connection, u64), BoxError> {
    let mut connection = schema::open_writing(file)?;
    schema::prepare(&mut connection)?;
    let head = attach::head(&connection)?;
    Ok((connection, head))
}

fn wait_for(held: Option<(Threads, Lock)>) {
    drop(wait_for_threads(held));
}

/// The lock is held on.
fn wait_for_threads(held: Option<(Threads, Lock)>) -> Option<Lock> {
    let (threads, lock) = held?;
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread of the journal panicked");
        }
    }
    Some(lock)
}

impl Drop for Embedded {
    fn drop(&mut self) {
        wait_for(self.stop());
    }
}

#[async_trait]
impl JournalAdmin for Embedded {
    async fn lanes(&self) -> Result<Vec<ConsumerStatus>, JournalError> {
        self.shared.lane_states().await
    }

    async fn dead_letters(
        &self,
        query: &DeadLetterQuery,
    ) -> Result<Page<DeadLetter>, JournalError> {
        self.shared.dead_letters(query).await
    }

    async fn retry_dead_letters(&self, numbers: &[u64]) -> Result<Requeued, JournalError> {
        self.shared.retry_dead_letters(numbers).await
    }

    async fn drop_dead_letters(&self, numbers: &[u64]) -> Result<u64, JournalError> {
        self.shared.drop_dead_letters(numbers).await
    }

    async fn replay(&self, replay: &Replay) -> Result<Requeued, JournalError> {
        self.shared.replay(replay).await
    }

    async fn pause(&self, action: &str, paused: bool) -> Result<(), JournalError> {
        self.shared.pause(action, paused).await
    }

    async fn prune(&self, retention: &Retention) -> Result<Pruned, JournalError> {
        self.shared.prune(*retention).await
    }

    async fn forget_lane(&self, lane: &ConsumerId) -> Result<ConsumerStatus, JournalError> {
        self.shared.forget_lane(lane).await
    }

    async fn stats(&self) -> Result<Stats, JournalError> {
        self.shared.stats().await
    }

    async fn verify(&self) -> Result<Verified, JournalError> {
        self.shared.verify().await
    }

    async fn backup(&self, to: &Path) -> Result<BackedUp, JournalError> {
        self.shared.backup(to).await
    }

    async fn restore(&self, from: &Path, dry_run: bool) -> Result<Restored, JournalError> {
        restore::restore(self, from, dry_run).await
    }

    fn damaged(&self) -> u64 {
        self.shared.reader.damage.count()
    }
}

#[async_trait]
impl StateReader for Embedded {
    async fn state(&self, handler: &str, key: &str) -> Result<Option<Bytes>, JournalError> {
        self.shared.reader.state(handler, key).await
    }
}

#[async_trait]
impl Journal for Embedded {
    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Appended>, JournalError> {
        self.shared.append(entries).await
    }

    fn note(&self, entry: Entry) -> bool {
        self.shared.note(entry)
    }

    async fn attach(&self, lanes: &[ConsumerSpec]) -> Result<(), JournalError> {
        self.shared.attach(lanes).await
    }

    async fn lease(&self, lane: &ConsumerId, want: &LeaseRequest) -> Result<Lease, JournalError> {
        self.shared.lease(lane, want).await
    }

    async fn settle(&self, settlement: Settlement) -> Result<(), JournalError> {
        self.shared.settle(settlement).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<StoredEvent>, JournalError> {
        self.shared.events(query).await
    }

    fn health(&self) -> Health {
        match (self.shared.health(), self.shared.place.why()) {
            (Health::Ready | Health::Unavailable(_), Some(why)) => Health::Unavailable(why),
            (Health::Ready, None) if self.shared.is_stuck() => {
                Health::Unavailable("the disk does not respond".to_owned())
            }
            (health, _) => health,
        }
    }

    async fn failed(&self) -> String {
        self.shared.failed().await
    }

    fn notes_lost(&self) -> u64 {
        self.shared.notes_lost.load(Ordering::Relaxed)
    }

    fn persisted_late(&self) -> u64 {
        self.shared.late.count()
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.folder)
    }

    async fn shutdown(&self) {
        let held = self.stop();
        if tokio::task::spawn_blocking(|| wait_for(held)).await.is_err() {
            tracing::error!("the journal was not closed properly");
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn store_error(error: rusqlite::Error) -> JournalError {
    match verify::is_damage(&error) {
        true => JournalError::Store(Damaged(error).into()),
        false => JournalError::Store(error.into()),
    }
}

/// What a failed commit means. After an error of the disk nobody knows what is on it: the store is not used any more. Where
/// only what was read is wrong, nothing was written, and the rest may be well.
///
/// `SQLite` tells a full disk (ENOSPC) from a failed one, but not a reached quota (EDQUOT): that is a failed write to it, and
/// asking for the system's own number of the error takes unsafe code. So a write is tried: `probe`.
fn commit_error(error: rusqlite::Error, probe: impl FnOnce() -> io::Result<()>) -> JournalError {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    // Room for the WAL's index is made ahead of its use; nothing has been written when there is none.
    let no_index = extended == Some(IOERR_SHMSIZE);
    let full = |error: io::Error| matches!(error.kind(), StorageFull | QuotaExceeded);
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => JournalError::Full,
        Some(ErrorCode::SystemIoFailure) if no_index => JournalError::Full,
        Some(ErrorCode::SystemIoFailure)
            if extended == Some(IOERR_WRITE) && probe().is_err_and(full) =>
        {
            JournalError::Full
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
            tracing::error!(%error, "I/O error on the journal's disk: the journal is closed");
            JournalError::Closed
        }
        _ => store_error(error),
    }
}

/// The same error for each of several that wait.
fn same(error: &JournalError) -> JournalError {
    match error {
        JournalError::Full => JournalError::Full,
        JournalError::Overloaded => JournalError::Overloaded,
        JournalError::Stale => JournalError::Stale,
        JournalError::Displaced(why) => JournalError::Displaced(why.clone()),
        JournalError::Closed => JournalError::Closed,
        JournalError::Locked { by, folder } => {
            JournalError::Locked { by: by.clone(), folder: folder.clone() }
        }
        JournalError::Missing { folder } => JournalError::Missing { folder: folder.clone() },
        JournalError::Unsupported(what) => JournalError::Unsupported(what),
        JournalError::Refused(why) => JournalError::Refused(why.clone()),
        JournalError::Store(error) => JournalError::Store(with_causes(&**error).into()),
        other => JournalError::Store(with_causes(other).into()),
    }
}
