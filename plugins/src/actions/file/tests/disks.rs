//! Disks that are bent.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::super::disk::{Disk, Real};

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
}

/// Fails one kind of operation for a while; what it does of a write first is up to `part`.
#[derive(Default)]
pub(super) struct Failing {
    /// Bytes of data that there is room for. None: enough.
    pub(super) room: Mutex<Option<usize>>,
    /// The syncs to fail, counted down to 0; then the one that fails.
    pub(super) sync_in: AtomicI64,
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
        match self.sync_in.fetch_sub(1, Ordering::SeqCst) {
            1 => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }
}

/// Loses what was not synced, sector by sector as chance has it, when the power is cut.
pub(super) struct Volatile {
    /// Operations until it goes.
    left: AtomicI64,
    synced: Mutex<HashMap<u64, Vec<u8>>>,
}

const SECTOR: usize = 512;

impl Volatile {
    pub(super) fn new() -> Self {
        Self { left: AtomicI64::new(i64::MAX), synced: Mutex::default() }
    }

    pub(super) fn set(&self, operations: i64) {
        self.left.store(operations, Ordering::SeqCst);
    }

    fn alive(&self) -> io::Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            ..=0 => Err(ErrorKind::BrokenPipe.into()),
            _ => Ok(()),
        }
    }

    fn content(file: &File) -> Vec<u8> {
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file));
        fs::read(path).expect("readable")
    }

    fn keep(&self, file: &File, again: bool) {
        let inode = file.metadata().expect("open").ino();
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if again || !synced.contains_key(&inode) {
            synced.insert(inode, Self::content(file));
        }
    }

    /// What is found on the disk afterwards.
    pub(super) fn cut_power(&self, path: &Path, chance: &mut impl FnMut() -> u64) {
        let synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        let inode = fs::metadata(path).expect("there").ino();
        let Some(old) = synced.get(&inode) else { return };
        let mut new = fs::read(path).expect("readable");
        let longest = new.len().max(old.len());
        let length = match chance() % 3 {
            0 => old.len(),
            1 => new.len(),
            _ => {
                old.len().min(new.len())
                    + usize::try_from(chance()).expect("64 bits") % (longest + 1)
            }
        };
        new.resize(longest, 0);
        for (place, sector) in new.chunks_mut(SECTOR).enumerate() {
            let before = old.get(place * SECTOR..).unwrap_or_default();
            if chance().is_multiple_of(2) {
                sector.fill(0);
                let kept = before.len().min(sector.len());
                sector[..kept].copy_from_slice(&before[..kept]);
            }
        }
        new.truncate(length.min(longest));
        fs::write(path, new).expect("written");
    }
}

impl Disk for Volatile {
    fn append(&self, file: &File, data: &[u8]) -> io::Result<()> {
        self.alive()?;
        self.keep(file, false);
        Real.append(file, data)
    }
    fn write_at(&self, file: &File, data: &[u8], at: u64) -> io::Result<()> {
        self.alive()?;
        self.keep(file, false);
        Real.write_at(file, data, at)
    }
    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        self.alive()?;
        self.keep(file, false);
        Real.cut(file, length)
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        self.alive()?;
        self.keep(file, true);
        Ok(())
    }
}
