//! What is done to rotated files beside the deliveries: the oldest ones are removed, the others compressed.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::gzip;
use super::names::{Form, Rotated};
use super::open::at;
use super::store::Spec;

/// What becomes of rotated files.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keep {
    /// Whether they are compressed.
    pub(super) compress: bool,
    /// How many are kept. None: all.
    pub(super) files: Option<usize>,
    /// How long they are kept. None: for ever.
    pub(super) time: Option<Duration>,
}

/// The rotated files of one action.
pub(super) struct JournalAdmin {
    spec: Arc<Spec>,
    keep: Keep,
    stop: AtomicBool,
}

impl JournalAdmin {
    /// Nothing is done before [`JournalAdmin::run`].
    pub(super) fn new(spec: Arc<Spec>, keep: Keep) -> Self {
        Self { spec, keep, stop: AtomicBool::new(false) }
    }

    /// Ends a run under way soon, and every later one at once; what was half done is begun again by the next process.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Does what is to be done. Waits for the disk; one at a time, by whoever holds the lock of the sidecar.
    pub(super) fn run(&self) {
        if let Err(error) = self.try_run()
            && !self.is_stopped()
        {
            let path = self.spec.path.display();
            tracing::warn!(%path, %error, "the maintenance of rotated files failed; it will be repeated");
        }
    }

    fn try_run(&self) -> io::Result<()> {
        let rotated = {
            let _settled = self.spec.rotating.lock().unwrap_or_else(PoisonError::into_inner);
            self.spec.names.list()?
        };
        let (unfinished, rotated): (Vec<_>, Vec<_>) =
            rotated.into_iter().partition(|one| one.form == Form::Unfinished);
        unfinished.iter().try_for_each(|one| self.remove(&one.path))?;
        let old = self.too_old(&rotated);
        // One that something is wrong with does not hold up the others.
        let mut done = Ok(());
        for one in rotated.iter().take_while(|_| !self.is_stopped()) {
            done = done.and(self.look_after(one, old.contains(&one.time)));
        }
        done
    }

    fn look_after(&self, one: &Rotated, old: bool) -> io::Result<()> {
        if old {
            self.remove(&one.path)?;
            tracing::info!(path = %one.path.display(), "expired rotated file removed");
        } else if one.form == Form::Plain && self.keep.compress {
            gzip::compress(&*self.spec.disk, &one.path, &|| self.is_stopped())?;
        }
        Ok(())
    }

    /// The rotations whose files are no longer kept.
    fn too_old(&self, rotated: &[Rotated]) -> BTreeSet<Timestamp> {
        let mut times: BTreeSet<Timestamp> = rotated.iter().map(|one| one.time).collect();
        let now = self.spec.clock.wall();
        let spent = |time: &Timestamp| {
            let age = Duration::try_from(now.duration_since(*time)).unwrap_or_default();
            self.keep.time.is_some_and(|most| age > most)
        };
        let excess = times.len().saturating_sub(self.keep.files.unwrap_or(usize::MAX));
        let mut place = 0;
        times.retain(|time| {
            place += 1;
            place <= excess || spent(time)
        });
        times
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.spec.disk.remove(path).map_err(at("remove", path))
    }
}
