//! What is done to files and names, so that tests can let a disk fill up, fail or lose power at any point.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::open;

/// The operations that change files or make changes durable.
pub(super) trait Disk: Send + Sync {
    /// Adds to the end of a file that was opened for appending.
    fn append(&self, file: &File, data: &[u8]) -> io::Result<()>;
    /// Writes over what stands at a place.
    fn write_at(&self, file: &File, data: &[u8], at: u64) -> io::Result<()>;
    /// Cuts a file to a length.
    fn cut(&self, file: &File, length: u64) -> io::Result<()>;
    /// Returns when everything written to a file would survive a power cut.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Makes a file, to be read and appended to, where nothing stands.
    fn create(&self, path: &Path, mode: u32) -> io::Result<File>;
    /// Gives a file another name that nothing has. [`io::ErrorKind::Unsupported`]: this file system cannot promise that.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name that nothing has.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a name away.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns when the names in a folder would survive a power cut.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// Gives a file another name, never that of something else. Where it takes two steps, a crash between them leaves the file
/// with both names.
///
/// # Errors
/// Nothing has changed, or the file has both names.
pub(super) fn rename(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    let renamed = match disk.rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            disk.link(from, to).and_then(|()| {
                disk.remove(from).inspect_err(|_| drop(disk.remove(to))) // back to one name if it can be
            })
        }
        done => done,
    };
    renamed.map_err(|error| {
        let text = format!("cannot rename {} to {}: {error}", from.display(), to.display());
        io::Error::new(error.kind(), text)
    })
}

/// The disk of the machine.
pub(super) struct Real;

impl Disk for Real {
    fn append(&self, mut file: &File, data: &[u8]) -> io::Result<()> {
        file.write_all(data)
    }

    fn write_at(&self, file: &File, data: &[u8], at: u64) -> io::Result<()> {
        file.write_all_at(data, at)
    }

    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true).mode(mode).custom_flags(flags).open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).map_err(|error| match error {
            Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP => io::ErrorKind::Unsupported.into(),
            other => other.into(),
        })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        open::sync_folder(folder)
    }
}
