//! What one batch goes through: the file is opened, rotated if it is time, and written.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::intent::Id;
use super::store::{Batch, NotRotated, Spec, Store};

/// After a rotation that could not be made, the wait before the next one; also keeps the log from filling.
const ROTATE_AGAIN: Duration = Duration::from_mins(1);
/// The first wait before a file is opened again that may hold a batch or not; each next one is twice as long.
const ASK_FIRST: Duration = Duration::from_secs(1);
const ASK_LONGEST: Duration = Duration::from_mins(1);

/// The file while the action runs.
pub(super) struct State {
    /// Between start and shutdown.
    pub(super) started: bool,
    spec: Arc<Spec>,
    /// None: not started, or what is on the disk must be looked at again first.
    pub(super) store: Option<Store>,
    /// No rotation is tried before, by the steady clock.
    rotate_from: Duration,
}

/// What became of a batch.
pub(super) enum Disposition {
    /// It is in the file.
    Written,
    /// It is not in the file.
    Failed(io::Error),
    /// It may be in the file; opening it again tells, but failed.
    Unknown(Doubt),
}

/// A batch that may be in the file.
pub(super) struct Doubt {
    handler: String,
    ids: Vec<Id>,
    /// Why nobody knows.
    pub(super) error: io::Error,
    /// How long to wait before asking.
    pub(super) wait: Duration,
}

impl State {
    /// Nothing is opened yet.
    pub(super) fn new(spec: Arc<Spec>) -> Self {
        Self { started: false, spec, store: None, rotate_from: Duration::ZERO }
    }

    /// Opens the file unless it is open.
    pub(super) fn ready(&mut self) -> io::Result<()> {
        if self.store.is_none() {
            self.store = Some(Store::open(&self.spec)?);
        }
        Ok(())
    }

    /// Opens the file anew, whatever stands there by now.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Some(store) = self.store.take()
            && let Err(error) = store.close()
        {
            tracing::warn!(%error, "cannot sync the file before it is reopened");
        }
        self.ready()
    }

    /// Writes one batch. Meanwhile the store is out of its place, so that a panic leaves none behind.
    pub(super) fn write(&mut self, batch: Batch) -> Disposition {
        let mut store = match self.take_for(batch.data.len()) {
            Ok(store) => store,
            Err(error) => return Disposition::Failed(error),
        };
        let (handler, ids) = (batch.handler.clone(), batch.ids.clone());
        let Err(error) = store.append(batch) else {
            self.store = Some(store);
            return Disposition::Written;
        };
        drop(store); // its lock is in the way
        self.ask(Doubt { handler, ids, error, wait: Duration::ZERO })
    }

    /// Finds out what became of a batch. Takes a torn one away at once where it can. One that is found whole is made safe and must
    /// not be called failed, one that cannot be looked at neither: when it came again, it might not be known any more.
    pub(super) fn ask(&mut self, doubt: Doubt) -> Disposition {
        if let Err(error) = self.ready() {
            return Disposition::Unknown(Doubt {
                error,
                wait: (doubt.wait * 2).clamp(ASK_FIRST, ASK_LONGEST),
                ..doubt
            });
        }
        let there = |store: &Store| doubt.ids.iter().all(|id| store.knows(&doubt.handler, id));
        let safe = self.store.as_ref().is_some_and(there);
        if safe { Disposition::Written } else { Disposition::Failed(doubt.error) }
    }

    /// Rotates the file if the time has come, without a batch that waits for it.
    pub(super) fn rotate_if_due(&mut self) {
        let Some(store) = self.store.take_if(|store| store.in_place()) else { return };
        self.store = self.rotated(store, 0);
    }

    /// The store, ready for so many bytes.
    fn take_for(&mut self, bytes: usize) -> io::Result<Store> {
        let there = self.store.take().filter(Store::in_place);
        let store = there.map_or_else(|| Store::open(&self.spec), Ok)?;
        self.rotated(store, bytes).map_or_else(|| Store::open(&self.spec), Ok)
    }

    /// The store, rotated if it is time to. If that cannot be done, the old file is written on. None: it must be opened again.
    fn rotated(&mut self, mut store: Store, bytes: usize) -> Option<Store> {
        let now = self.spec.clock.now();
        if now < self.rotate_from || !store.is_due(bytes) {
            return Some(store);
        }
        let path = self.spec.path.display();
        let failed = match store.rotate() {
            Ok(aside) => {
                tracing::info!(%path, rotated_to = %aside.display(), "file rotated");
                self.spec.rotated.notify_one();
                return Some(store);
            }
            Err(failed) => failed,
        };
        self.rotate_from = now + ROTATE_AGAIN;
        let again = ROTATE_AGAIN;
        match failed {
            NotRotated::Stuck(error) => {
                tracing::warn!(%path, %error, retry_in = ?again, "cannot rotate the file; lines are still appended to it");
                Some(store)
            }
            NotRotated::Astray(error) => {
                tracing::warn!(%path, %error, retry_in = ?again, "the rotation failed halfway; the file is reopened");
                None
            }
        }
    }
}
