//! Rotation: the file gets another name, and a new one takes its place, between two batches.
//!
//! 1. The last batch is marked complete for good: from then on it does not matter what becomes of its data.
//! 2. The file is renamed, never over anything.
//! 3. A new file is made.
//! 4. The names are synced. Only then is anything written into the new file.
//!
//! A crash after any step leaves either the file in its place or none there, and opening makes a new one.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;

use super::super::disk::rename;
use super::super::open::{at, folder, leads_to};
use super::{MODE, Spec, Store};

/// When a file is rotated. None: never for this reason.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Rotation {
    /// Before it has more bytes than this.
    pub(in super::super) size: Option<u64>,
    /// When its last line is of an earlier stretch than this one; stretches are counted from the start of 1970 in UTC.
    pub(in super::super) every: Option<Duration>,
}

impl Rotation {
    /// Whether there is any reason to rotate.
    pub(in super::super) fn is_on(self) -> bool {
        self.size.is_some() || self.every.is_some()
    }

    /// How long until the next stretch begins.
    pub(in super::super) fn next(self, now: Timestamp) -> Option<Duration> {
        let every = i128::try_from(self.every?.as_nanos()).ok()?;
        let left = every - now.as_nanosecond().rem_euclid(every);
        u64::try_from(left).ok().map(Duration::from_nanos)
    }

    fn over(self, written: Timestamp, now: Timestamp) -> bool {
        self.every.and_then(|every| i128::try_from(every.as_nanos()).ok()).is_some_and(|every| {
            let stretch = |time: Timestamp| time.as_nanosecond().div_euclid(every);
            stretch(now) > stretch(written)
        })
    }
}

/// Why a file was not rotated.
pub(in super::super) enum NotRotated {
    /// Something is in the way; all is as it was.
    Stuck(io::Error),
    /// It is not known what stands where: the store must be opened again.
    Astray(io::Error),
}

use NotRotated::{Astray, Stuck};

impl NotRotated {
    fn into_error(self) -> io::Error {
        let (Stuck(error) | Astray(error)) = self;
        error
    }
}

impl Store {
    /// Whether the file is to be rotated before so many bytes are added.
    pub(in super::super) fn is_due(&self, bytes: usize) -> bool {
        let rotation = self.spec.rotation;
        let full = |size| self.end.saturating_add(bytes as u64) > size;
        self.end > 0
            && (rotation.size.is_some_and(full)
                || rotation.over(self.written, self.spec.clock.wall()))
    }

    /// Gives the file its rotated name and begins a new one.
    ///
    /// # Errors
    /// Whichever it is, everything that was written is in a file, and known.
    pub(in super::super) fn rotate(&mut self) -> Result<PathBuf, NotRotated> {
        let spec = self.spec.clone();
        let _rotating = spec.rotating.lock().unwrap_or_else(PoisonError::into_inner);
        self.sidecar.seal(spec.sync).map_err(Stuck)?;
        let aside = spec.names.next(spec.clock.wall()).map_err(Stuck)?;
        rename(&*spec.disk, &spec.path, &aside).map_err(Stuck)?;
        if !leads_to(&aside, &self.file) {
            let text = format!("{} was replaced in the meantime", spec.path.display());
            return Err(Astray(put_back(&spec, &aside, io::Error::other(text)).into_error()));
        }
        let made = spec.disk.create(&spec.path, MODE).map_err(at("create", &spec.path));
        let file = made.map_err(|error| put_back(&spec, &aside, error))?;
        sync_names(&spec).map_err(Astray)?;
        (self.file, self.end, self.written) = (file, 0, spec.clock.wall());
        Ok(aside)
    }
}

/// Gives the file its name again. If the power goes and it has the other one after all, it is found by that.
fn put_back(spec: &Spec, aside: &Path, why: io::Error) -> NotRotated {
    match rename(&*spec.disk, aside, &spec.path) {
        Ok(()) => Stuck(why),
        Err(_) => Astray(why),
    }
}

fn sync_names(spec: &Spec) -> io::Result<()> {
    if spec.sync { spec.disk.sync_folder(folder(&spec.path)) } else { Ok(()) }
}

/// Where a rename in two steps was cut short, the file has a second name; it is taken away.
pub(super) fn take_back_half(spec: &Spec) -> io::Result<()> {
    let facts = fs::symlink_metadata(&spec.path);
    if !facts.is_ok_and(|facts| facts.is_file() && facts.nlink() == 2) {
        return Ok(());
    }
    match spec.names.second_name()? {
        Some(second) => spec.disk.remove(&second).map_err(at("remove the second name", &second)),
        None => Ok(()), // somebody else's; opening will refuse it
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn stretches_begin_at_midnight_and_on_the_hour_in_utc() {
        let check = |hours: u64, written: &str, now: &str, over: bool, next: u64| {
            let every = Some(Duration::from_hours(hours));
            let rotation = Rotation { size: None, every };
            assert_eq!(rotation.over(time(written), time(now)), over, "{written} {now}");
            assert_eq!(rotation.next(time(now)), Some(Duration::from_secs(next)), "{now}");
        };
        check(24, "2026-01-01T00:00:00Z", "2026-01-01T23:59:59Z", false, 1);
        check(24, "2026-01-01T23:59:59.999Z", "2026-01-02T00:00:00Z", true, 86_400);
        check(24, "2026-01-02T00:00:00Z", "2026-01-01T23:59:50Z", false, 10);
        check(1, "2026-01-01T10:59:59Z", "2026-01-01T11:00:00Z", true, 3600);
        check(1, "2026-01-01T10:00:00Z", "2026-01-01T10:15:00Z", false, 2700);
        check(1, "1969-12-31T23:30:00Z", "1970-01-01T00:00:00Z", true, 3600);
    }
}
