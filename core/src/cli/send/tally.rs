//! What became of many requests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use http::StatusCode;

/// Answers and times.
#[derive(Debug, Default)]
pub(super) struct Tally {
    statuses: BTreeMap<StatusCode, u64>,
    /// Requests without an answer, by reason.
    unanswered: BTreeMap<String, u64>,
    times: Vec<Duration>,
}

/// Further reasons are counted under one name: an error may have a number in it.
const REASONS_MAX: usize = 10;

impl Tally {
    pub(super) fn answered(&mut self, status: StatusCode, time: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        self.times.push(time);
    }

    pub(super) fn lost(&mut self, reason: String) {
        let known = self.unanswered.contains_key(&reason) || self.unanswered.len() < REASONS_MAX;
        let reason = if known { reason } else { "other reasons".to_owned() };
        *self.unanswered.entry(reason).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (reason, count) in other.unanswered {
            *self.unanswered.entry(reason).or_default() += count;
        }
        self.times.extend(other.times);
    }

    /// How many were answered well, otherwise, and not at all.
    pub(super) fn counts(&self) -> (u64, u64, u64) {
        let of = |good: bool| {
            self.statuses.iter().filter(|(s, _)| s.is_success() == good).map(|(_, n)| n).sum()
        };
        (of(true), of(false), self.unanswered.values().sum())
    }

    /// The summary.
    pub(super) fn report(mut self, elapsed: Duration) -> String {
        self.times.sort_unstable();
        let (good, bad, lost) = self.counts();
        let sent = good + bad + lost;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = sent as f64 / elapsed.as_secs_f64().max(1e-9);
        let mut text =
            format!("{sent} sent in {:.2} s: {rate:.0} a second\n", elapsed.as_secs_f64());
        // Writing into a string does not fail.
        for (status, count) in &self.statuses {
            _ = writeln!(text, "  {count:>8}  {status}");
        }
        for (reason, count) in &self.unanswered {
            _ = writeln!(text, "  {count:>8}  no answer: {reason}");
        }
        if let Some(longest) = self.times.last() {
            let at = |part| millis(percentile(&self.times, part));
            _ = write!(text, "p50 {}, p99 {}, max {}", at(50), at(99), millis(*longest));
        }
        text.trim_end().to_owned()
    }
}

/// The least time that so many of a hundred did not exceed, of sorted ones.
fn percentile(sorted: &[Duration], part: usize) -> Duration {
    let rank = (sorted.len() * part).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// A time for people.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(50));
        assert_eq!(percentile(&times, 99), Duration::from_millis(99));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&times[..3], 50), Duration::from_millis(2));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn a_report_counts_by_status_and_reason() {
        let mut tally = Tally::default();
        for ms in [3, 1, 2] {
            tally.answered(StatusCode::OK, Duration::from_millis(ms));
        }
        let mut other = Tally::default();
        other.answered(StatusCode::SERVICE_UNAVAILABLE, Duration::from_millis(9));
        other.lost("connection closed".to_owned());
        tally.add(other);
        assert_eq!(tally.counts(), (3, 1, 1));
        assert_eq!(
            tally.report(Duration::from_secs(2)),
            "5 sent in 2.00 s: 2 a second\n         3  200 OK\n         1  503 Service Unavailable\n\
             \x20        1  no answer: connection closed\np50 2.0 ms, p99 9.0 ms, max 9.0 ms"
        );
    }

    #[test]
    fn reasons_are_few() {
        let mut tally = Tally::default();
        for n in 0..20 {
            tally.lost(format!("reason {n}"));
        }
        assert_eq!(tally.unanswered.len(), REASONS_MAX + 1);
        assert_eq!(tally.counts(), (0, 0, 20));
    }
}
