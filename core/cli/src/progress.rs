//! Progress of long work: a bar on a terminal, otherwise a line from time to time.

use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use tokio::time::Instant;

use super::output::message;

const BAR: &str = "[{bar:24}] {pos} of {len} {msg}{speed}";
/// Without a terminal a line is written no more often.
const PRINT_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Progress {
    bar: ProgressBar,
    printed: Instant,
}

impl Progress {
    /// Begins at nothing.
    pub(super) fn new(what: &'static str, total: u64) -> Self {
        let bar = ProgressBar::new(total).with_message(what); // hidden without a terminal
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            let speed = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                // A bar that cannot be drawn is left out.
                _ = text.write_str(&speed(state.per_sec(), state.eta()));
            };
            bar.set_style(style.with_key("speed", speed).progress_chars("#."));
        }
        Self { bar, printed: Instant::now() }
    }

    /// Counts what has been done since the last call.
    pub(super) fn add(&mut self, more: u64) {
        self.bar.inc(more);
        if self.bar.is_hidden() && self.printed.elapsed() >= PRINT_EVERY {
            self.printed = Instant::now();
            message(&self.text());
        }
    }

    /// Prints a message without disturbing the bar.
    pub(super) fn print(&self, text: &str) {
        self.bar.suspend(|| message(text));
    }

    /// Removes the bar.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn text(&self) -> String {
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let speed = speed(self.bar.per_sec(), self.bar.eta());
        format!("{done} of {total} {}{speed}", self.bar.message())
    }
}

fn speed(per_second: f64, left: Duration) -> String {
    if per_second < 0.1 {
        return String::new();
    }
    format!(", {per_second:.1}/s, {:#} left", HumanDuration(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_how_far_it_is_how_fast_and_how_long() {
        let mut progress = Progress::new("deliveries", 1200);
        assert_eq!(progress.text(), "0 of 1200 deliveries");
        progress.add(300);
        assert!(progress.text().starts_with("300 of 1200 deliveries"), "{}", progress.text());
        assert_eq!(speed(0.0, Duration::ZERO), "");
        assert_eq!(speed(0.5, Duration::from_secs(9)), ", 0.5/s, 9s left");
        assert_eq!(speed(100.0, Duration::from_mins(4)), ", 100.0/s, 4m left");
    }
}
