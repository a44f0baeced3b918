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
    /// Given up; an empty file says so to the next process, too.
    Spent,
    /// Given up, and free pages of the database stand in for it.
    Within,
}

impl Ballast {
    /// Makes the file if there is room; an empty one was given up, and stays so until there is room twice over.
    pub(super) fn open(folder: &Path, size: u64) -> Self {
        let ballast = Self::at(folder, size, State::Missing);
        fs::remove_file(ballast.unfinished()).ok(); // most times there is none
        if ballast.is_there() {
            ballast.is(State::Kept);
        } else if size > 0 && ballast.is_empty() {
            ballast.is(State::Spent);
        } else {
            fs::remove_file(&ballast.path).ok();
        }
        ballast.keep(|| 0);
        ballast
    }

    /// Gives its room up where a store could not even be opened with it.
    pub(super) fn make_way(folder: &Path, size: u64) -> Option<Self> {
        let ballast = Self::at(folder, size, State::Kept);
        let needed = room(folder).is_some_and(|room| room < OPENING);
        (needed && ballast.give()).then_some(ballast)
    }

    fn at(folder: &Path, size: u64, state: State) -> Self {
        Self { path: folder.join("ballast"), size, state: Mutex::new(state) }
    }

    fn is(&self, state: State) {
        *locked(&self.state) = state;
    }

    /// Gives its room up; whether there was any on the disk.
    pub(super) fn give(&self) -> bool {
        let mut state = locked(&self.state);
        let given = self.is_there() && self.empty().is_ok();
        if given {
            tracing::warn!(
                bytes = self.size,
                "the journal's disk is full: its reserve (ballast) was released"
            );
        }
        if given || *state == State::Within {
            *state = State::Spent;
        }
        given
    }

    /// Makes it if it is not there and the disk has room twice over; so much that is `free` within the database serves as
    /// well, as long as there is room for it once. False: it was given up, and what is new must wait.
    pub(super) fn keep(&self, free: impl Fn() -> u64) -> bool {
        let mut state = locked(&self.state);
        let room = || room(&self.path).unwrap_or(u64::MAX) / 2 >= self.size;
        if self.size > 0 && *state != State::Kept && room() {
            match self.make() {
                Ok(()) => *state = State::Kept,
                Err(error) => {
                    fs::remove_file(self.unfinished()).ok(); // it may not have come to it
                    tracing::debug!(%error, "cannot create the journal's reserve (ballast)");
                }
            }
        }
        *state = match *state {
            State::Spent if free() / 2 >= self.size => State::Within,
            State::Within if free() < self.size => State::Spent,
            other => other,
        };
        *state != State::Spent
    }

    fn make(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(self.unfinished())?;
        match fallocate(&file, FallocateFlags::empty(), 0, self.size) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(&mut file, self.size)?,
            made => made?,
        }
        fs::rename(self.unfinished(), &self.path)
    }

    /// What is being made: half of it must not be taken for one that was given up, nor one that was for none.
    fn unfinished(&self) -> PathBuf {
        self.path.with_extension("new")
    }

    /// Whether the file has its size, and the disk has given it.
    fn is_there(&self) -> bool {
        let given = |file: &fs::Metadata| std::os::unix::fs::MetadataExt::blocks(file) * 512;
        self.size > 0
            && fs::metadata(&self.path)
                .is_ok_and(|file| file.len() == self.size && given(&file) >= self.size)
    }

    fn is_empty(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| file.len() == 0)
    }

    /// Not removed: whoever opens the store next must know.
    fn empty(&self) -> io::Result<()> {
        OpenOptions::new().write(true).open(&self.path)?.set_len(0)
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
