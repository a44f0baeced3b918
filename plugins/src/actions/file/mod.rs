//! `file`: appends each record's body to a file, one JSON text to a line, each exactly once.
//!
//! What is about to be written is first written down beside the file, in `<file>.intent`, and compared when the file is
//! opened again: no line is torn, doubled or lost by a crash. A replay that was asked for is a delivery of
//! its own, and written once more.
//!
//! The file may be rotated by renaming it: the next batch goes into a new one. Where the file is truncated in place
//! instead, lines written while it is copied are lost with it.

mod disk;
mod intent;
mod line;
mod open;
mod sidecar;
mod store;
#[cfg(test)]
mod tests;
mod work;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use switchhook_core::{Action, BoxError, BuildContext, Failure, Plugin, Record, register};
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::store::{Batch, Spec, Store};
use self::work::Work;

/// Options of a `file` action.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The file to append to, relative to the configuration file's folder. Missing folders are made. No default.
    path: PathBuf,
    /// When lines are made safe against a power cut: `every`, `batch` or `os`. Default: `batch`.
    #[serde(default)]
    fsync: Fsync,
}

/// When lines are made safe against a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Fsync {
    /// Each record by itself before it counts as delivered: one sync for each. Slow; never more than one line at stake.
    Every,
    /// Records that wait together are made safe together, before any of them counts as delivered.
    #[default]
    Batch,
    /// When the operating system thinks fit: survives the end of the process, not a power cut.
    Os,
}

impl Fsync {
    fn batch_max(self) -> usize {
        match self {
            Self::Every => 1,
            Self::Batch | Self::Os => intent::OWN_MAX,
        }
    }
}

/// The action. Calls of several handlers take turns.
struct File {
    fsync: Fsync,
    state: Arc<Mutex<State>>,
}

/// The file while the action runs.
struct State {
    started: bool,
    spec: Arc<Spec>,
    /// None: not started, or what is on the disk must be looked at again first.
    store: Option<Store>,
}

type Guard = OwnedMutexGuard<State>;

impl State {
    /// Opens the file unless it is open.
    fn ready(&mut self) -> io::Result<()> {
        if self.store.is_none() {
            self.store = Some(Store::open(&self.spec)?);
        }
        Ok(())
    }

    /// Writes one batch. Meanwhile the store is out of its place, so that a panic leaves none behind.
    fn write(&mut self, batch: Batch) -> io::Result<()> {
        let mut store = match self.store.take().filter(Store::in_place) {
            Some(store) => store,
            None => Store::open(&self.spec)?,
        };
        let (handler, ids) = (batch.handler.clone(), batch.ids.clone());
        let Err(error) = store.append(batch) else {
            self.store = Some(store);
            return Ok(());
        };
        drop(store); // its lock is in the way
        // Takes a torn batch away at once where it can; where it cannot, the next attempt begins with it.
        self.store = Store::open(&self.spec).ok();
        // Found whole and made safe, it must not be called failed: when it came again, it might not be known any more.
        let there = |store: &Store| ids.iter().all(|id| store.knows(&handler, id));
        let safe = !ids.is_empty() && self.store.as_ref().is_some_and(there);
        if safe { Ok(()) } else { Err(error) }
    }
}

impl File {
    fn new(fsync: Fsync, spec: Spec) -> Self {
        let state = State { started: false, spec: Arc::new(spec), store: None };
        Self { fsync, state: Arc::new(Mutex::new(state)) }
    }

    async fn lock(&self) -> Guard {
        self.state.clone().lock_owned().await
    }

    /// Runs what waits for the disk. Whoever waits here may be dropped: the work itself goes on to its end.
    async fn blocking<F>(&self, mut state: Guard, work: F) -> (Guard, io::Result<()>)
    where
        F: FnOnce(&mut State) -> io::Result<()> + Send + 'static,
    {
        let task = tokio::task::spawn_blocking(move || {
            let result = work(&mut state);
            (state, result)
        });
        match task.await {
            Ok(done) => done,
            Err(error) => (self.lock().await, Err(io::Error::other(error))),
        }
    }

    async fn ready(&self, state: Guard) -> (Guard, io::Result<()>) {
        match (state.started, &state.store) {
            (false, _) => (state, Err(io::Error::other("not started"))),
            (true, Some(_)) => (state, Ok(())),
            (true, None) => self.blocking(state, State::ready).await,
        }
    }
}

#[async_trait]
impl Action for File {
    async fn deliver(&self, record: &Record) -> Result<(), Failure> {
        let mut results = self.deliver_batch(std::slice::from_ref(record)).await;
        results.pop().unwrap_or_else(|| Err(Failure::transient("no result")))
    }

    async fn deliver_batch(&self, records: &[Record]) -> Vec<Result<(), Failure>> {
        let mut work = Work::new(records, self.fsync.batch_max());
        let mut state = self.lock().await;
        loop {
            let ready;
            (state, ready) = self.ready(state).await;
            let batch = match (ready, &state.store) {
                (Err(error), _) => return work.failed(&error.to_string()),
                (Ok(()), Some(store)) => work.next_batch(store),
                (Ok(()), None) => return work.failed("the file is not open"),
            };
            let Some(batch) = batch else { return work.results() };
            let written;
            (state, written) = self.blocking(state, |state| state.write(batch)).await;
            match written {
                Ok(()) => work.succeeded(),
                Err(error) => return work.failed(&error.to_string()),
            }
        }
    }

    fn batch_max(&self) -> usize {
        self.fsync.batch_max()
    }

    fn goes_on(&self) -> bool {
        true // and by the time it is made again, its ids may be forgotten
    }

    async fn start(&self) -> Result<(), BoxError> {
        let (mut state, ready) = self.blocking(self.lock().await, State::ready).await;
        match ready {
            Err(error) if !is_full(&error) => return Err(error.into()),
            Err(error) => tracing::warn!(%error, "the file cannot be opened yet"),
            Ok(()) => {}
        }
        state.started = true;
        Ok(())
    }

    async fn shutdown(&self) {
        let mut state = self.lock().await;
        state.started = false;
        let close = |state: &mut State| state.store.take().map_or(Ok(()), Store::close);
        if let (_, Err(error)) = self.blocking(state, close).await {
            tracing::warn!(%error, "the file could not be synced at the end");
        }
    }
}

/// A full disk is a state that passes: it keeps nobody from starting.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[async_trait]
impl Plugin for File {
    type Role = dyn Action;
    const NAME: &'static str = "file";
    const ABOUT: &'static str = "appends each record's body to a file, one line each, exactly once";
    const EXAMPLE: &'static str = "path = \"data/callbacks.jsonl\"\nfsync = \"batch\"\n";
    type Options = Options;

    fn check(options: &Options) -> Vec<(String, String)> {
        let text = options.path.as_os_str().as_encoded_bytes();
        if options.path.file_name().is_some() && !text.ends_with(b"/") {
            return Vec::new();
        }
        vec![("path".into(), "names no file; write one like \"data/callbacks.jsonl\"".into())]
    }

    async fn build(options: Options, cx: &BuildContext) -> Result<Arc<dyn Action>, BoxError> {
        let spec = Spec {
            path: cx.path(&options.path),
            name: cx.name.clone(),
            sync: options.fsync != Fsync::Os,
            disk: Arc::new(disk::Real),
        };
        Ok(Arc::new(Self::new(options.fsync, spec)))
    }
}

register!(File);
