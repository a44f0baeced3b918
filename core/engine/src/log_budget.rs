//! Keeps a flood of refused requests from becoming a flood of log lines.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

/// Lines of one kind in one stretch of time.
const LINES_MAX: u32 = 10;
const STRETCH: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub struct LogBudget(Mutex<HashMap<&'static str, Spent>>);

#[derive(Debug)]
struct Spent {
    since: Instant,
    lines: u32,
    suppressed: u64,
}

impl LogBudget {
    /// Whether a line of this kind may be written: then how many were left out before it.
    pub(crate) fn take(&self, kind: &'static str) -> Option<u64> {
        let now = Instant::now();
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = kinds.entry(kind).or_insert(Spent { since: now, lines: 0, suppressed: 0 });
        if now.duration_since(spent.since) >= STRETCH {
            (spent.since, spent.lines) = (now, 0);
        }
        if spent.lines >= LINES_MAX {
            spent.suppressed += 1;
            return None;
        }
        spent.lines += 1;
        Some(std::mem::take(&mut spent.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_becomes_ten_lines_and_a_number() {
        let budget = LogBudget::default();
        assert_eq!((0..100).filter(|_| budget.take("bad_sign").is_some()).count(), 10);
        assert_eq!(budget.take("other"), Some(0));
        tokio::time::advance(STRETCH).await;
        assert_eq!(budget.take("bad_sign"), Some(90));
    }
}
