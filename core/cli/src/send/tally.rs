//! What became of many requests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};
use http::StatusCode;

/// Answers and times.
#[derive(Debug)]
pub(super) struct Tally {
    statuses: BTreeMap<StatusCode, u64>,
    /// Requests without an answer, by reason.
    unanswered: BTreeMap<String, u64>,
    /// In microseconds.
    times: Histogram<u64>,
}

/// Further reasons are counted under one name: an error may have a number in it.
const REASONS_MAX: usize = 10;
/// A longer time counts as this one; an answer is not waited for as long.
const LONGEST: Duration = Duration::from_mins(1);
/// Digits of a time that are right.
const DIGITS: u8 = 3;

impl Tally {
    pub(super) fn new() -> Result<Self, CreationError> {
        let times = Histogram::new_with_max(micros(LONGEST), DIGITS)?;
        Ok(Self { statuses: BTreeMap::new(), unanswered: BTreeMap::new(), times })
    }

    pub(super) fn answered(&mut self, status: StatusCode, time: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        self.times.saturating_record(micros(time));
    }

    pub(super) fn failed(&mut self, reason: String) {
        let known = self.unanswered.contains_key(&reason) || self.unanswered.len() < REASONS_MAX;
        let reason = if known { reason } else { "other reasons".to_owned() };
        *self.unanswered.entry(reason).or_default() += 1;
    }

    /// How many were answered well, otherwise, and not at all.
    pub(super) fn counts(&self) -> (u64, u64, u64) {
        let of = |good: bool| {
            self.statuses.iter().filter(|(s, _)| s.is_success() == good).map(|(_, n)| n).sum()
        };
        (of(true), of(false), self.unanswered.values().sum())
    }

    /// The summary.
    pub(super) fn report(&self, elapsed: Duration) -> String {
        let (good, bad, lost) = self.counts();
        let sent = good + bad + lost;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = sent as f64 / elapsed.as_secs_f64().max(1e-9);
        let mut text =
            format!("{sent} requests in {:.2} s: {rate:.0} per second\n", elapsed.as_secs_f64());
        // Writing into a string does not fail.
        for (status, count) in &self.statuses {
            _ = writeln!(text, "  {count:>8}  {status}");
        }
        for (reason, count) in &self.unanswered {
            _ = writeln!(text, "  {count:>8}  no response: {reason}");
        }
        if !self.times.is_empty() {
            let at = |part| millis(Duration::from_micros(self.times.value_at_quantile(part)));
            _ = write!(text, "p50 {}, p99 {}, max {}", at(0.50), at(0.99), at(1.0));
        }
        text.trim_end().to_owned()
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A time for people.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        Tally::new().expect("good bounds")
    }

    #[test]
    fn percentiles_are_those_of_the_times_that_were_measured() {
        let check = |times: std::ops::RangeInclusive<u64>, expected| {
            let mut tally = tally();
            for ms in times {
                tally.answered(StatusCode::OK, Duration::from_millis(ms));
            }
            let report = tally.report(Duration::from_secs(1));
            assert_eq!(report.lines().last(), Some(expected));
        };
        check(1..=100, "p50 50.0 ms, p99 99.0 ms, max 100.0 ms");
        check(1..=1, "p50 1.0 ms, p99 1.0 ms, max 1.0 ms");
        check(1..=3, "p50 2.0 ms, p99 3.0 ms, max 3.0 ms");
    }

    #[test]
    fn a_million_times_need_no_more_room_than_one() {
        let mut tally = tally();
        let room = tally.times.distinct_values();
        for micros in 0..1_000_000 {
            tally.answered(StatusCode::OK, Duration::from_micros(micros));
        }
        tally.answered(StatusCode::OK, Duration::MAX);
        assert_eq!((tally.times.distinct_values(), tally.times.len()), (room, 1_000_001));
        assert!(room < 40_000, "{room}");
    }

    #[test]
    fn a_report_counts_by_status_and_reason() {
        let mut tally = tally();
        for ms in [3, 1, 2] {
            tally.answered(StatusCode::OK, Duration::from_millis(ms));
        }
        tally.answered(StatusCode::SERVICE_UNAVAILABLE, Duration::from_millis(9));
        tally.failed("connection closed".to_owned());
        assert_eq!(tally.counts(), (3, 1, 1));
        assert_eq!(
            tally.report(Duration::from_secs(2)),
            "5 requests in 2.00 s: 2 per second\n         3  200 OK\n         1  503 Service Unavailable\n\
             \x20        1  no response: connection closed\np50 2.0 ms, p99 9.0 ms, max 9.0 ms"
        );
    }

    #[test]
    fn reasons_are_few() {
        let mut tally = tally();
        for n in 0..20 {
            tally.failed(format!("reason {n}"));
        }
        assert_eq!(tally.unanswered.len(), REASONS_MAX + 1);
        assert_eq!(tally.counts(), (0, 0, 20));
    }
}
