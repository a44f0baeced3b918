//! Room kept back: a file that takes its place on the disk, and gives it up when there is no other left, so that what is
//! kept already can still be settled and delivered. While it is given up nothing new is taken in.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

use super::locked;

/// Opening a store takes so much at most.
const OPENING: u64 = 1 << 20;
/// What is tried to be written when the database cannot write.
const PROBE_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
    size: u64,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// There was no room for it.
    Missing,
    Kept,
    Spent,
}

impl Ballast {
    /// Makes the file if there is room.
    pub(super) fn open(folder: &Path, size: u64) -> Self {
        let state = Mutex::new(State::Missing);
        let ballast = Self { path: folder.join("ballast"), size, state };
        if ballast.is_there() {
            *locked(&ballast.state) = State::Kept;
        } else {
            ballast.remove();
            ballast.keep();
        }
        ballast
    }

    /// Gives its room up where a store could not even be opened with it.
    pub(super) fn make_way(folder: &Path, size: u64) -> Option<Self> {
        let state = Mutex::new(State::Kept);
        let ballast = Self { path: folder.join("ballast"), size, state };
        let needed = room(folder).is_some_and(|room| room < OPENING);
        (needed && ballast.give()).then_some(ballast)
    }

    /// Gives its room up; whether there was any.
    pub(super) fn give(&self) -> bool {
        let mut state = locked(&self.state);
        let given = self.is_there() && self.remove();
        if given {
            *state = State::Spent;
            tracing::warn!(
                bytes = self.size,
                "the journal's ballast was given up for want of room"
            );
        }
        given
    }

    /// Makes it if it is not there and has room twice over. False: it was given up, and what is new must wait.
    pub(super) fn keep(&self) -> bool {
        let mut state = locked(&self.state);
        let room = || room(&self.path).unwrap_or(u64::MAX) / 2 >= self.size;
        if self.size > 0 && *state != State::Kept && room() {
            match self.make() {
                Ok(()) => *state = State::Kept,
                Err(error) => {
                    self.remove();
                    tracing::debug!(%error, "no ballast was made");
                }
            }
        }
        *state != State::Spent
    }

    /// So much is free within the database itself: room twice over there serves as well.
    pub(super) fn make_do_with(&self, free: u64) {
        let mut state = locked(&self.state);
        if *state == State::Spent && free / 2 >= self.size {
            *state = State::Missing;
        }
    }

    fn make(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, self.size) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(&mut file, self.size),
            made => Ok(made?),
        }
    }

    /// Whether the file has its size, and the disk has given it.
    fn is_there(&self) -> bool {
        let given = |file: &fs::Metadata| std::os::unix::fs::MetadataExt::blocks(file) * 512;
        self.size > 0
            && fs::metadata(&self.path)
                .is_ok_and(|file| file.len() == self.size && given(&file) >= self.size)
    }

    fn remove(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }
}

fn write_zeros(file: &mut File, size: u64) -> io::Result<()> {
    io::copy(&mut io::Read::take(io::repeat(0), size), file)?;
    file.sync_all()
}

/// Bytes that this user may still write on the disk of a file or folder, there or not yet there.
pub(super) fn room(path: &Path) -> Option<u64> {
    let place = path.ancestors().find(|place| place.exists())?;
    let disk = statvfs(place).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Tries to write to a folder, as the database just could not.
pub(super) fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join("probe");
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&vec![0; PROBE_BYTES])?;
        file.sync_all()
    });
    fs::remove_file(&path).ok(); // it is not there if it could not be made
    written
}
