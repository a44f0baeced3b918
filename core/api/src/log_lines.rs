//! Whether log lines find room on their way to standard error. No thread of ours waits for whoever reads it (a paused terminal, a
//! container's log driver): a line for which there is no room is left out and counted. What has to be told all the same waits
//! for room here, and keeps no thread while it does.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

/// How often room was made, and who waits for the next time.
static MADE: AtomicU64 = AtomicU64::new(0);
static WAITING: Mutex<Vec<Waker>> = Mutex::new(Vec::new());
/// Lines left out since the program began.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// What `log_line` hears of its line while it is written; none outside of it.
    static NO_ROOM: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Logs a line that may not be left out: calls `line`, and calls it again when there is room, until what it logs has found room.
/// The line is then on its way, which is less than being on a disk: the end of the process by force loses lines that wait to be
/// written.
pub async fn log_line(line: impl Fn()) {
    loop {
        let made = MADE.load(Ordering::SeqCst); // before the try, so that no room made meanwhile goes unheard
        let outer = NO_ROOM.replace(Some(false));
        line();
        if NO_ROOM.replace(outer) != Some(true) {
            return;
        }
        room_after(made).await;
    }
}

/// Waits until room was made once more.
async fn room_after(made: u64) {
    poll_fn(|cx| {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if MADE.load(Ordering::SeqCst) != made {
            return Poll::Ready(());
        }
        waiting.push(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

/// A line has found no room; true if nobody will try it again.
#[doc(hidden)]
pub fn left_out() -> bool {
    let lost = NO_ROOM.get().is_none();
    match lost {
        true => _ = LEFT_OUT.fetch_add(1, Ordering::Relaxed),
        false => NO_ROOM.set(Some(true)),
    }
    lost
}

/// There may be room again.
#[doc(hidden)]
pub fn written() {
    MADE.fetch_add(1, Ordering::SeqCst);
    let waiting = std::mem::take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
    waiting.into_iter().for_each(Waker::wake);
}

/// How many lines were left out since the program began.
#[doc(hidden)]
pub fn lost() -> u64 {
    LEFT_OUT.load(Ordering::Relaxed)
}
