//! A file system in memory that knows what a power cut would leave: it forgets, tears and reorders what was not synced,
//! and it can hang and fail on command.
//!
//! [`Machine`] is the disk with its power switch, [`Mounted`] the folder through which programs use it. The kernel's page
//! cache writes everything through at once; only memory that is mapped comes later, as on any system.

mod content;
mod disk;
mod power;
mod serve;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fuser::{BackgroundSession, Config, Errno, MountOption};
use rustix::mount::{UnmountFlags, unmount};

use self::disk::Disk;
pub(crate) use self::power::How;
use self::serve::Served;

/// Requests that are served side by side; while the disk hangs, so many wait here and the others in the kernel.
const THREADS: usize = 4;
const TYPE: &str = "switchhook-faults";
/// How long the end of those who still use the folder is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a program asks of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Reading what is in a file.
    Read,
    /// Writing into a file, or changing its size.
    Write,
    /// Syncing a file or a folder.
    Sync,
    /// Making, moving and removing names.
    Name,
    /// Looking at names and facts.
    Look,
}

/// A disk and its power switch. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    disk: Disk,
    /// The power is gone; this is what is left.
    after: Option<Disk>,
    hung: bool,
    waiting: usize,
    failing: Vec<(Op, i32)>,
}

impl Machine {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the power away: from now on everything fails. What is left is settled at this instant, by the seed.
    pub(crate) fn cut(&self, seed: u64, how: How) {
        let mut state = self.state();
        if state.after.is_none() {
            state.after = Some(state.disk.after_cut(seed, how));
        }
        self.0.changed.notify_all();
    }

    /// Gives the power back, with what was left. Nobody may have the folder mounted any more.
    pub(crate) fn power_on(&self) {
        let mut state = self.state();
        if let Some(after) = state.after.take() {
            *state = State { disk: after, ..State::default() };
        }
    }

    /// Lets everything wait.
    pub(crate) fn hang(&self) {
        self.state().hung = true;
    }

    /// Lets everything go on.
    pub(crate) fn thaw(&self) {
        self.state().hung = false;
        self.0.changed.notify_all();
    }

    /// How many requests have come to wait, once it is one or the time is over.
    pub(crate) fn waiting(&self, patience: Duration) -> usize {
        let none = |state: &mut State| state.waiting == 0;
        let waited = self.0.changed.wait_timeout_while(self.state(), patience, none);
        waited.unwrap_or_else(PoisonError::into_inner).0.waiting
    }

    /// Lets operations of a kind fail with one of the system's numbers.
    pub(crate) fn fail(&self, op: Op, errno: i32) {
        self.state().failing.push((op, errno));
    }

    /// Nothing fails any more.
    pub(crate) fn heal(&self) {
        self.state().failing.clear();
    }

    /// Waits while the disk hangs; then whether it does what it is asked.
    fn ask(&self, op: Op) -> Result<MutexGuard<'_, State>, Errno> {
        let mut state = self.state();
        while state.hung && state.after.is_none() {
            state.waiting += 1;
            self.0.changed.notify_all();
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting = state.waiting.saturating_sub(1);
        }
        if state.after.is_some() {
            return Err(Errno::EIO);
        }
        match state.failing.iter().find(|(one, _)| *one == op) {
            Some((_, errno)) => Err(Errno::from_i32(*errno)),
            None => Ok(state),
        }
    }
}

/// A disk in a folder, until it is dropped.
#[derive(Debug)]
pub(crate) struct Mounted {
    folder: PathBuf,
    machine: Machine,
    session: Option<BackgroundSession>,
}

impl Mounted {
    /// Mounts a disk over an empty folder.
    ///
    /// # Errors
    /// This machine or this user cannot: a reason not to run.
    pub(crate) fn new(machine: &Machine, folder: &Path) -> io::Result<Self> {
        remove_stale();
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName(format!("{TYPE}:{}", std::process::id())),
            MountOption::Subtype(TYPE.to_owned()),
            MountOption::NoDev,
            MountOption::NoSuid,
        ];
        config.n_threads = Some(THREADS);
        let session = fuser::spawn_mount(Served::new(machine.clone()), folder, &config)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot mount: {error}")))?;
        let folder = folder.to_owned();
        Ok(Self { folder, machine: machine.clone(), session: Some(session) })
    }

    /// Where it is.
    #[cfg(test)]
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.machine.thaw();
        let until = Instant::now() + PATIENCE;
        let busy = || unmount(&self.folder, UnmountFlags::empty()) == Err(rustix::io::Errno::BUSY);
        while busy() {
            if Instant::now() > until {
                // Whoever holds it keeps a dead end; the name is free.
                unmount(&self.folder, UnmountFlags::DETACH).ok();
                self.machine.cut(0, How::Lost);
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if let Some(session) = self.session.take() {
            session.umount_and_join().ok();
        }
    }
}

/// Takes away what runs left behind that were killed.
fn remove_stale() {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    for line in mounts.lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(folder)) = (words.next(), words.next()) else { continue };
        let Some(pid) = name.strip_prefix(TYPE).and_then(|rest| rest.strip_prefix(':')) else {
            continue;
        };
        if !Path::new("/proc").join(pid).exists() {
            unmount(folder, UnmountFlags::DETACH).ok();
        }
    }
}
