//! Reading: blobs through a cache that the writer feeds, everything else over a few connections of its own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, params};
use switchhook_api::journal::JournalError;

use super::damage::Damage;
use super::frame::Blob;
use super::place::Place;
use super::rows::rows_from;
use super::schema::{REPLAYS, open_reading};
use super::{locked, store_error};

/// Blobs that are kept in memory at most, in bytes: what was written last, and what slow lanes read.
const CACHE_BYTES_MAX: usize = 8 << 20;
/// Connections kept for the next reader.
const IDLE_MAX: usize = 4;
/// Of these, so many are open from the start.
const READY: usize = 2;
/// Values of handlers' state that are kept in memory.
const STATE_MAX: usize = 4096;

#[derive(Debug)]
pub(super) struct Reader {
    file: PathBuf,
    place: Arc<Place>,
    idle: Mutex<Vec<Connection>>,
    /// Held by every reading; true: there are no more.
    closed: RwLock<bool>,
    cache: Mutex<Cache>,
    state: Mutex<StateCache>,
    pub(super) damage: Damage,
}

#[derive(Debug, Default)]
struct Cache {
    blobs: BTreeMap<(u64, u64), Arc<Blob>>,
    order: VecDeque<(u64, u64)>,
    bytes: usize,
    /// Counts removals, so that nothing read before one is put in after it.
    removals: u64,
    /// The last blob of each log, records that were made again left out, as far as it was written by this process.
    ends: HashMap<u64, u64>,
}

#[derive(Debug, Default)]
struct StateCache {
    values: HashMap<(Arc<str>, String), Option<Bytes>>,
    /// Counts commits, so that nothing read before one is put in after it.
    commits: u64,
}

impl Cache {
    fn get(&self, log: u64, position: u64) -> Option<Arc<Blob>> {
        let here = self.blobs.range((log, 0)..=(log, position)).next_back();
        if let Some((_, blob)) = here.filter(|(_, blob)| blob.last >= position) {
            return Some(blob.clone());
        }
        let next = self.blobs.range((log, position)..(log + 1, 0)).next();
        next.filter(|(_, blob)| blob.after < position).map(|(_, blob)| blob.clone())
    }

    fn put(&mut self, log: u64, blob: Arc<Blob>) {
        let key = (log, blob.first);
        self.bytes += blob.data.len();
        match self.blobs.insert(key, blob) {
            Some(old) => self.bytes -= old.data.len(),
            None => self.order.push_back(key),
        }
        while self.bytes > CACHE_BYTES_MAX && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.blobs.remove(&oldest).map_or(0, |blob| blob.data.len());
        }
    }

    /// Puts in what was read when there had been so many removals, unless there was one since.
    fn put_read(&mut self, log: u64, blob: Arc<Blob>, removals: u64) {
        if self.removals == removals {
            self.put(log, blob);
        }
    }

    /// What follows a blob that came out of order may not be reached past it, nor may what is just being read.
    fn forget_after(&mut self, log: u64, first: u64) {
        let end = self.ends.get(&log).copied();
        if end.is_none_or(|end| first < end) {
            self.removals += 1;
        }
        if first < REPLAYS {
            self.ends.insert(log, end.unwrap_or(first).max(first));
        }
        let later: Vec<_> =
            self.blobs.range((log, first + 1)..(log + 1, 0)).map(|(key, _)| *key).collect();
        self.forget(&later);
    }

    fn forget(&mut self, keys: &[(u64, u64)]) {
        for key in keys {
            self.bytes -= self.blobs.remove(key).map_or(0, |blob| blob.data.len());
            self.order.retain(|other| other != key);
        }
    }
}

impl Reader {
    pub(super) fn new(file: PathBuf, place: Arc<Place>) -> Self {
        Self {
            file,
            place,
            idle: Mutex::default(),
            closed: RwLock::default(),
            cache: Mutex::default(),
            state: Mutex::default(),
            damage: Damage::default(),
        }
    }

    /// Runs a short reading on a blocking thread.
    pub(super) async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, JournalError> {
        let reader = self.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let closed = reader.closed.read().unwrap_or_else(PoisonError::into_inner);
            if *closed {
                return Err(JournalError::Closed);
            }
            let idle = locked(&reader.idle).pop();
            let known = idle.is_some();
            let connection = match idle {
                Some(connection) => connection,
                None => reader.connect()?,
            };
            let result = read(&connection);
            if !known {
                reader.place.check()?; // else the log that was read may be another's
            }
            let mut idle = locked(&reader.idle);
            if idle.len() < IDLE_MAX {
                idle.push(connection);
            }
            result.map_err(store_error)
        });
        reading.await.unwrap_or(Err(JournalError::Closed)) // the runtime is going away
    }

    /// Opens connections ahead of their use: a store that is moved away is read over those that are open.
    pub(super) fn prepare(&self) -> Result<(), JournalError> {
        for _ in 0..READY {
            let connection = self.connect()?;
            // Which opens the log, too.
            let read = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
            read.map_err(store_error)?;
            locked(&self.idle).push(connection);
        }
        Ok(())
    }

    fn connect(&self) -> Result<Connection, JournalError> {
        self.place.check()?;
        open_reading(&self.file).map_err(store_error)
    }

    /// Ends all readings and waits for those under way: the file is nobody's then.
    pub(super) fn close(&self) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        locked(&self.idle).clear();
    }

    /// The first blob that ends at or after a position.
    pub(super) async fn blob_at(
        self: &Arc<Self>,
        log: u64,
        position: u64,
    ) -> Result<Option<Arc<Blob>>, JournalError> {
        let removals = {
            let cache = locked(&self.cache);
            if let Some(blob) = cache.get(log, position) {
                return Ok(Some(blob));
            }
            cache.removals
        };
        let rows = self.with(move |connection| rows_from(connection, log, position)).await?;
        let (mut found, mut after) = (None, None);
        for (first, last, data) in rows {
            let blob = self.checked(log, first, last, after.unwrap_or(first), data);
            after = Some(blob.last);
            locked(&self.cache).put_read(log, blob.clone(), removals);
            if found.is_none() && blob.last >= position {
                found = Some(blob);
            }
        }
        Ok(found)
    }

    /// A blob as it was read; damage in it is reported.
    pub(super) fn checked(
        &self,
        log: u64,
        first: u64,
        last: u64,
        after: u64,
        data: Bytes,
    ) -> Arc<Blob> {
        let blob = Blob::read(log, first, last, after, data);
        if blob.damaged().next().is_some() {
            self.damage.report(log, &blob);
        }
        Arc::new(blob)
    }

    /// Takes in what has just been committed.
    pub(super) fn written(&self, log: u64, first: u64, last: u64, after: u64, data: Bytes) {
        let blob = Blob::read(log, first, last, after, data);
        let mut cache = locked(&self.cache);
        if after == first {
            cache.forget_after(log, first);
        }
        cache.put(log, Arc::new(blob));
    }

    /// Takes in that everything up to a position may have been removed.
    pub(super) fn removed(&self, upto: u64) {
        let mut cache = locked(&self.cache);
        cache.removals += 1;
        let gone = cache.blobs.iter().filter(|(_, blob)| blob.last <= upto);
        let gone: Vec<_> = gone.map(|(key, _)| *key).collect();
        cache.forget(&gone);
    }

    /// Takes in state that has just been committed.
    pub(super) fn state_written(
        &self,
        handler: &Arc<str>,
        changes: HashMap<String, Option<Bytes>>,
    ) {
        let mut state = locked(&self.state);
        state.commits += 1;
        if state.values.len() + changes.len() > STATE_MAX {
            state.values.clear();
        }
        state
            .values
            .extend(changes.into_iter().map(|(key, value)| ((handler.clone(), key), value)));
    }

    /// A handler's state has been removed, or some of it.
    pub(super) fn state_forgotten(&self, handler: &str) {
        let mut state = locked(&self.state);
        state.commits += 1;
        state.values.retain(|(of, _), _| **of != *handler);
    }

    pub(super) async fn state(
        self: &Arc<Self>,
        handler: &str,
        key: &str,
    ) -> Result<Option<Bytes>, JournalError> {
        let name: (Arc<str>, String) = (handler.into(), key.to_owned());
        let commits = {
            let state = locked(&self.state);
            if let Some(value) = state.values.get(&name) {
                return Ok(value.clone());
            }
            state.commits
        };
        let (handler, key) = name.clone();
        let read = self.with(move |connection| {
            connection
                .prepare_cached("SELECT value FROM state WHERE handler = ?1 AND key = ?2")?
                .query_row(params![handler, key], |row| row.get::<_, Vec<u8>>(0))
                .optional()
        });
        let value = read.await?.map(Bytes::from);
        let mut state = locked(&self.state);
        if state.commits == commits && state.values.len() < STATE_MAX {
            state.values.insert(name, value.clone());
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
