//! How far a long work is: a bar on a terminal, a line now and then elsewhere.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use tokio::time::Instant;

use super::output::message;

/// Characters of the bar.
const WIDTH: usize = 24;
/// The bar is drawn no more often.
const DRAW_EVERY: Duration = Duration::from_millis(100);
/// A line is written no more often.
const SAY_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    begun: Instant,
    shown: Instant,
    terminal: bool,
}

impl Progress {
    /// Begins at nothing.
    pub(super) fn new(what: &'static str, total: u64) -> Self {
        let now = Instant::now();
        let terminal = io::stderr().is_terminal();
        Self { what, total, done: 0, begun: now, shown: now, terminal }
    }

    /// So much more is done.
    pub(super) fn add(&mut self, more: u64) {
        self.done += more;
        let every = if self.terminal { DRAW_EVERY } else { SAY_EVERY };
        if self.shown.elapsed() >= every {
            self.shown = Instant::now();
            self.show();
        }
    }

    /// Says something beside the bar.
    pub(super) fn say(&self, text: &str) {
        self.wipe();
        message(text);
    }

    /// Takes the bar away.
    pub(super) fn wipe(&self) {
        if self.terminal {
            put("\r\x1b[K");
        }
    }

    fn show(&self) {
        let text = text(self.what, self.done, self.total, self.begun.elapsed());
        match self.terminal {
            true => put(&format!("\r{} {text}\x1b[K", bar(self.done, self.total))),
            false => message(&text),
        }
    }
}

fn put(text: &str) {
    let mut out = io::stderr().lock();
    // A bar that nobody sees is no loss.
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn bar(done: u64, total: u64) -> String {
    let filled = (u128::from(done.min(total)) * WIDTH as u128).checked_div(u128::from(total));
    let filled = filled.and_then(|n| usize::try_from(n).ok()).unwrap_or(WIDTH);
    format!("[{}{}]", "#".repeat(filled), ".".repeat(WIDTH - filled))
}

fn text(what: &str, done: u64, total: u64, elapsed: Duration) -> String {
    let mut text = format!("{done} of {total} {what}");
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1000) / millis;
    if rate > 0 {
        let left = total.saturating_sub(done).div_ceil(rate);
        // Writing into a string does not fail.
        _ = write!(text, ", {rate}/s, {} left", crate::config::Period(Duration::from_secs(left)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_from_nothing_to_all() {
        assert_eq!(bar(0, 100), format!("[{}]", ".".repeat(24)));
        assert_eq!(bar(50, 100), format!("[{}{}]", "#".repeat(12), ".".repeat(12)));
        assert_eq!(bar(100, 100), format!("[{}]", "#".repeat(24)));
        assert_eq!(bar(101, 100), bar(100, 100), "more than was counted");
        assert_eq!(bar(0, 0), bar(1, 1), "nothing to do is all done");
    }

    #[test]
    fn the_text_says_how_fast_and_how_long() {
        let text = |done, seconds| text("deliveries", done, 1200, Duration::from_secs(seconds));
        assert_eq!(text(0, 5), "0 of 1200 deliveries");
        assert_eq!(text(300, 3), "300 of 1200 deliveries, 100/s, 9s left");
        assert_eq!(text(1200, 12), "1200 of 1200 deliveries, 100/s, 0s left");
    }
}
