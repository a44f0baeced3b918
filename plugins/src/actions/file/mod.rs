//! `file`: appends each record's body to a file, one JSON text to a line, each exactly once.
//!
//! What is about to be written is first written down beside the file, in `<file>.intent`, and compared when the file is
//! opened again: no line is torn, doubled or lost by a crash. A replay that was asked for is a delivery of
//! its own, and written once more.
//!
//! It rotates its file by size and time, compresses rotated files and keeps as many as it is told. The file may also be
//! rotated by others who rename it: the next batch goes into a new one. Where the file is truncated in place instead, lines
//! written while it is copied are lost with it, and a warning says so.

mod disk;
mod gzip;
mod house;
mod intent;
mod line;
mod names;
mod open;
mod options;
mod sidecar;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod upkeep;
mod work;

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use switchhook_api::{Action, BoxError, BuildContext, Claim, Failure, Plugin, Record, register};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};
use tokio::task::JoinHandle;

use self::names::Names;
use self::options::{Fsync, Options};
use self::state::{Disposition, Doubt, State};
use self::store::{Spec, Store};
use self::upkeep::{JournalAdmin, Keep};
use self::work::Work;

/// The action. Calls of several handlers take turns.
struct File {
    fsync: Fsync,
    spec: Arc<Spec>,
    state: Arc<Mutex<State>>,
    upkeep: Arc<JournalAdmin>,
    /// Looks after rotated files while the action runs.
    house: Mutex<Option<JoinHandle<()>>>,
}

type Guard = OwnedMutexGuard<State>;

impl File {
    fn new(fsync: Fsync, spec: Spec, keep: Keep) -> Self {
        let spec = Arc::new(spec);
        let state = Arc::new(Mutex::new(State::new(spec.clone())));
        let upkeep = Arc::new(JournalAdmin::new(spec.clone(), keep));
        Self { fsync, spec, state, upkeep, house: Mutex::default() }
    }

    async fn lock(&self) -> Guard {
        self.state.clone().lock_owned().await
    }

    /// Runs what waits for the disk. Whoever waits here may be dropped: the work itself goes on to its end.
    async fn blocking<T, F>(&self, mut state: Guard, work: F) -> (Guard, io::Result<T>)
    where
        T: Send + 'static,
        F: FnOnce(&mut State) -> T + Send + 'static,
    {
        let task = tokio::task::spawn_blocking(move || {
            let result = work(&mut state);
            (state, result)
        });
        match task.await {
            Ok((state, result)) => (state, Ok(result)),
            Err(error) => (self.lock().await, Err(io::Error::other(error))),
        }
    }

    async fn ready(&self, state: Guard) -> (Guard, io::Result<()>) {
        match (state.started, &state.store) {
            (false, _) => (state, Err(io::Error::other("the action was not started"))),
            (true, Some(_)) => (state, Ok(())),
            (true, None) => {
                let (state, ready) = self.blocking(state, State::ready).await;
                (state, ready.flatten())
            }
        }
    }

    /// Writes a batch and does not come back before it is known what became of it.
    async fn write(&self, state: Guard, batch: store::Batch) -> (Guard, io::Result<()>) {
        let (mut state, mut fate) = self.blocking(state, |state| state.write(batch)).await;
        loop {
            match fate {
                Ok(Disposition::Written) => return (state, Ok(())),
                Ok(Disposition::Failed(error)) | Err(error) => return (state, Err(error)),
                Ok(Disposition::Unknown(doubt)) => {
                    (state, fate) = self.ask_later(state, doubt).await;
                }
            }
        }
    }

    async fn ask_later(&self, state: Guard, doubt: Doubt) -> (Guard, io::Result<Disposition>) {
        drop(state); // others may find out before
        let (error, again) = (&doubt.error, doubt.wait);
        tracing::warn!(%error, retry_in = ?again, "cannot tell whether the last batch was written; deliveries wait until that is known");
        let clock = &self.spec.clock;
        clock.sleep_until(clock.now() + doubt.wait).await;
        let state = self.lock().await;
        self.blocking(state, |state| state.ask(doubt)).await
    }

    fn keep_house(&self) -> Option<JoinHandle<()>> {
        let (spec, state, upkeep) = (&self.spec, &self.state, &self.upkeep);
        let on = self.spec.rotation.is_on();
        on.then(|| tokio::spawn(house::keep(spec.clone(), state.clone(), upkeep.clone())))
    }
}

#[async_trait]
impl Action for File {
    async fn deliver(&self, record: &Record) -> Result<(), Failure> {
        let mut results = self.deliver_batch(std::slice::from_ref(record)).await;
        results.pop().unwrap_or_else(|| Err(Failure::transient("the action returned no result")))
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
            (state, written) = self.write(state, batch).await;
            match written {
                Ok(()) => work.succeeded(),
                Err(error) => return work.failed(&error.to_string()),
            }
        }
    }

    fn batch_max(&self) -> usize {
        self.fsync.batch_max()
    }

    fn is_uncancellable(&self) -> bool {
        true // and by the time it is made again, its ids may be forgotten
    }

    async fn start(&self) -> Result<(), BoxError> {
        let (mut state, ready) = self.blocking(self.lock().await, State::ready).await;
        match ready.flatten() {
            Err(error) if !is_full(&error) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "the disk is full: the file will be opened with the next delivery");
            }
            Ok(()) => {}
        }
        state.started = true;
        drop(state);
        *self.house.lock().await = self.keep_house();
        Ok(())
    }

    async fn reopen(&self) {
        let state = self.lock().await;
        if !state.started {
            return;
        }
        let path = self.spec.path.display();
        match self.blocking(state, State::reopen).await.1.flatten() {
            Ok(()) => tracing::info!(%path, "file reopened"),
            Err(error) => {
                tracing::warn!(%path, %error, "cannot reopen the file; trying again with the next delivery");
            }
        }
    }

    async fn shutdown(&self) {
        // First, for whoever gets the sidecar's lock looks after the rotated files.
        self.upkeep.stop();
        self.spec.rotated.notify_one();
        if let Some(house) = self.house.lock().await.take() {
            drop(house.await); // it told of its panics itself
        }
        let mut state = self.lock().await;
        state.started = false;
        let close = |state: &mut State| state.store.take().map_or(Ok(()), Store::close);
        if let Err(error) = self.blocking(state, close).await.1.flatten() {
            tracing::warn!(%error, "cannot sync the file at shutdown");
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
    const DESCRIPTION: &'static str =
        "appends each record's body to a file, one line each, exactly once";
    const EXAMPLE: &'static str = options::EXAMPLE;
    type Options = Options;

    fn check(options: &Options) -> Vec<(String, String)> {
        options.mistakes()
    }

    fn claims(options: &Options) -> Vec<Claim> {
        let sidecar = open::beside(&options.path, store::INTENT);
        let names = Names::of(&options.path);
        let own =
            move |name: &OsStr| Some(name) == sidecar.file_name() || names.read(name).is_some();
        vec![Claim::file("path", &options.path).and_beside(own)]
    }

    async fn build(options: Options, cx: &BuildContext) -> Result<Arc<dyn Action>, BoxError> {
        let path = cx.path(&options.path);
        let spec = Spec {
            names: Names::of(&path),
            path,
            name: cx.name.clone(),
            sync: options.fsync != Fsync::Os,
            disk: Arc::new(disk::Real),
            clock: cx.clock.clone(),
            rotation: options.rotation(),
            rotating: std::sync::Mutex::default(),
            rotated: Notify::new(),
        };
        Ok(Arc::new(Self::new(options.fsync, spec, options.keep())))
    }
}

register!(File);
