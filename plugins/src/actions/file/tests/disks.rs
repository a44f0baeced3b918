//! Disks that are bent.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::super::disk::{Disk, Real};

/// What is done to names as the machine does it.
macro_rules! real_names {
    () => {
        fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
            Real.create(path, mode)
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            Real.rename(from, to)
        }
        fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
            Real.link(from, to)
        }
        fn remove(&self, path: &Path) -> io::Result<()> {
            Real.remove(path)
        }
        fn sync_folder(&self, _: &Path) -> io::Result<()> {
            Ok(())
        }
    };
}

/// Saves the time of syncing, where no power is cut.
pub(super) struct Fast;

impl Disk for Fast {
    fn append(&self, file: &File, data: &[u8]) -> io::Result<()> {
        Real.append(file, data)
    }
    fn write_at(&self, file: &File, data: &[u8], at: u64) -> io::Result<()> {
        Real.write_at(file, data, at)
    }
    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        Real.cut(file, length)
    }
    fn sync(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
    real_names!();
}

/// Ends like a killed process: after so many bytes (anything else counts as one) nothing is done any more.
pub(super) struct Dying(AtomicI64);

impl Dying {
    pub(super) fn after(bytes: i64) -> Self {
        Self(AtomicI64::new(bytes))
    }

    pub(super) fn set(&self, bytes: i64) {
        self.0.store(bytes, Ordering::SeqCst);
    }

    /// How many of these bytes may still be written.
    fn granted(&self, wanted: usize) -> usize {
        let wanted = i64::try_from(wanted).expect("small");
        let left = self.0.fetch_sub(wanted, Ordering::SeqCst);
        usize::try_from(left.clamp(0, wanted)).expect("clamped")
    }

    fn partly(&self, data: &[u8], write: impl Fn(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let granted = self.granted(data.len());
        write(&data[..granted])?;
        if granted == data.len() { Ok(()) } else { Err(ErrorKind::BrokenPipe.into()) }
    }
}

impl Disk for Dying {
    fn append(&self, file: &File, data: &[u8]) -> io::Result<()> {
        self.partly(data, |data| Real.append(file, data))
    }
    fn write_at(&self, file: &File, data: &[u8], at: u64) -> io::Result<()> {
        self.partly(data, |data| Real.write_at(file, data, at))
    }
    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        self.partly(&[0], |data| if data.is_empty() { Ok(()) } else { Real.cut(file, length) })
    }
    fn sync(&self, _: &File) -> io::Result<()> {
        self.partly(&[0], |_| Ok(()))
    }
    real_names!();
}

/// Fails one kind of operation for a while; what it does of a write first is up to `part`.
#[derive(Default)]
pub(super) struct Failing {
    /// Bytes of data that there is room for. None: enough.
    pub(super) room: Mutex<Option<usize>>,
    /// The syncs to fail, counted down to 0; then the one that fails.
    pub(super) sync_in: AtomicI64,
    /// How many more fail behind that one.
    pub(super) syncs_more: AtomicI64,
    /// Whether files cannot be cut.
    pub(super) uncuttable: AtomicBool,
    /// Bytes that were written over lines.
    pub(super) overwritten: AtomicUsize,
}

impl Disk for Failing {
    fn append(&self, file: &File, data: &[u8]) -> io::Result<()> {
        let room = *self.room.lock().unwrap_or_else(PoisonError::into_inner);
        match room {
            Some(room) if room < data.len() => {
                Real.append(file, &data[..room])?;
                Err(ErrorKind::StorageFull.into())
            }
            _ => Real.append(file, data),
        }
    }
    fn write_at(&self, file: &File, data: &[u8], at: u64) -> io::Result<()> {
        if data.first().is_some_and(u8::is_ascii_digit) {
            self.overwritten.fetch_add(data.len(), Ordering::SeqCst);
        }
        Real.write_at(file, data, at)
    }
    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        match self.uncuttable.load(Ordering::SeqCst) {
            true => Err(ErrorKind::ReadOnlyFilesystem.into()),
            false => Real.cut(file, length),
        }
    }
    fn sync(&self, _: &File) -> io::Result<()> {
        let last = 1 - self.syncs_more.load(Ordering::SeqCst);
        match (last..=1).contains(&self.sync_in.fetch_sub(1, Ordering::SeqCst)) {
            true => Err(io::Error::from_raw_os_error(5)),
            false => Ok(()),
        }
    }
    real_names!();
}

/// What happens to the operations of a [`Scripted`] disk.
#[derive(Clone, Copy, Debug)]
pub(super) enum Then {
    /// From the given one on, nothing is done any more.
    Dies,
    /// The given one fails, and nothing of it is done.
    Fails(i32),
    /// From the given one on, nothing is done to names any more.
    NamesFail(i32),
}

/// Bent at one operation, counted from 0.
pub(super) struct Scripted {
    left: AtomicI64,
    then: Then,
    /// Whether it can rename without replacing in one step.
    renames: bool,
}

impl Scripted {
    pub(super) fn new(operation: i64, then: Then, renames: bool) -> Self {
        Self { left: AtomicI64::new(operation), then, renames }
    }

    /// Whether it came as far as the operation.
    pub(super) fn was_bent(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }

    fn turn(&self, names: bool) -> io::Result<()> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        match self.then {
            Then::Dies if left <= 0 => Err(ErrorKind::BrokenPipe.into()),
            Then::Fails(code) if left == 0 => Err(io::Error::from_raw_os_error(code)),
            Then::NamesFail(code) if left <= 0 && names => Err(io::Error::from_raw_os_error(code)),
            _ => Ok(()),
        }
    }
}

impl Disk for Scripted {
    fn append(&self, file: &File, data: &[u8]) -> io::Result<()> {
        self.turn(false).and_then(|()| Real.append(file, data))
    }
    fn write_at(&self, file: &File, data: &[u8], at: u64) -> io::Result<()> {
        self.turn(false).and_then(|()| Real.write_at(file, data, at))
    }
    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        self.turn(false).and_then(|()| Real.cut(file, length))
    }
    fn sync(&self, _: &File) -> io::Result<()> {
        self.turn(false)
    }
    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        self.turn(true).and_then(|()| Real.create(path, mode))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.renames {
            true => self.turn(true).and_then(|()| Real.rename(from, to)),
            false => Err(ErrorKind::Unsupported.into()),
        }
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.turn(true).and_then(|()| Real.link(from, to))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.turn(true).and_then(|()| Real.remove(path))
    }
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.turn(true)
    }
}

/// Lets a test meddle with names just before they are changed: it is told what is about to be done where.
pub(super) struct Meddled<F>(pub(super) F);

impl<F: Fn(&str, &Path) -> io::Result<()> + Send + Sync> Disk for Meddled<F> {
    fn append(&self, file: &File, data: &[u8]) -> io::Result<()> {
        Real.append(file, data)
    }
    fn write_at(&self, file: &File, data: &[u8], at: u64) -> io::Result<()> {
        Real.write_at(file, data, at)
    }
    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        Real.cut(file, length)
    }
    fn sync(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        (self.0)("create", path).and_then(|()| Real.create(path, mode))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        (self.0)("rename", from).and_then(|()| Real.rename(from, to))
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        (self.0)("link", from).and_then(|()| Real.link(from, to))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        (self.0)("remove", path).and_then(|()| Real.remove(path))
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        (self.0)("sync", folder)
    }
}
