//! A disk that forgets what was not synced when the power is cut.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::super::disk::{Disk, Real};

const SECTOR: usize = 512;

/// Loses what was not synced when the power is cut: data sector by sector as chance has it, changes of names from some point on.
pub(super) struct Volatile {
    /// Operations until it goes.
    left: AtomicI64,
    synced: Mutex<HashMap<u64, Vec<u8>>>,
    names: Mutex<Vec<Change>>,
    /// Removed files, as long as they may come back.
    grave: TempDir,
}

/// A change of names that is not safe yet.
enum Change {
    Made(PathBuf),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf, PathBuf),
}

impl Volatile {
    /// One beside a folder, on the same file system.
    pub(super) fn new(folder: &Path) -> Self {
        let grave = tempfile::tempdir_in(folder.parent().expect("not the root")).expect("a folder");
        let (synced, names) = (Mutex::default(), Mutex::default());
        Self { left: AtomicI64::new(i64::MAX), synced, names, grave }
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

    fn synced(&self) -> MutexGuard<'_, HashMap<u64, Vec<u8>>> {
        self.synced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self) -> MutexGuard<'_, Vec<Change>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn content(file: &File) -> Vec<u8> {
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(file));
        fs::read(path).expect("readable")
    }

    fn keep(&self, file: &File, again: bool) {
        let inode = file.metadata().expect("open").ino();
        let mut synced = self.synced();
        if again || !synced.contains_key(&inode) {
            synced.insert(inode, Self::content(file));
        }
    }

    /// Makes a folder what is found on the disk afterwards.
    pub(super) fn cut_power(&self, folder: &Path, chance: &mut impl FnMut() -> u64) {
        let mut names = self.names();
        let kept = usize::try_from(chance()).expect("64 bits") % (names.len() + 1);
        for change in names.drain(kept..).rev() {
            match change {
                Change::Made(path) => fs::remove_file(path).expect("there"),
                Change::Renamed(from, to) => fs::rename(to, from).expect("there"),
                Change::Removed(path, grave) => fs::rename(grave, path).expect("there"),
            }
        }
        names.clear();
        for entry in fs::read_dir(folder).expect("readable") {
            self.cut_content(&entry.expect("readable").path(), chance);
        }
    }

    fn cut_content(&self, path: &Path, chance: &mut impl FnMut() -> u64) {
        let synced = self.synced();
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
    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        self.alive()?;
        let file = Real.create(path, mode)?;
        self.keep(&file, true);
        self.names().push(Change::Made(path.into()));
        Ok(file)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.alive()?;
        Real.rename(from, to)?;
        self.names().push(Change::Renamed(from.into(), to.into()));
        Ok(())
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.alive()?;
        Real.link(from, to)?;
        self.names().push(Change::Made(to.into()));
        Ok(())
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.alive()?;
        let mut names = self.names();
        let grave = self.grave.path().join(names.len().to_string());
        fs::rename(path, &grave)?;
        names.push(Change::Removed(path.into(), grave));
        Ok(())
    }
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.alive()?;
        for change in self.names().drain(..) {
            if let Change::Removed(_, grave) = change {
                fs::remove_file(grave).expect("there");
            }
        }
        Ok(())
    }
}
