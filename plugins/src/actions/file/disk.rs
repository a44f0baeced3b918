//! What is done to open files, so that tests can let a disk fill up, fail or lose power at any point.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

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
}
