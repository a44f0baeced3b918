//! File locks that one process at a time can hold.

use std::fs::{File, TryLockError};
use std::time::Duration;

const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Takes the lock, for a moment also from nobody: a program that is being started from this process holds, until it runs, what
/// we have just let go.
pub(crate) fn take(file: &File) -> Result<(), TryLockError> {
    for _ in 1..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    file.try_lock()
}
