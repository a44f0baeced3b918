//! Keeps retries a small part of what a target gets, whatever fails: each gets its place in time when it is put off, so that
//! no flood of them is ever due at once. A quarter of the room is kept for first retries: what fails again and again cannot
//! fill it, so that a record that failed once does not wait behind it for hours.

use std::collections::BTreeMap;
use std::time::Duration;

use super::policy::Retry;

/// Time is divided into stretches of so many seconds, each with room for a number of retries.
const STRETCH: u64 = 10;
/// The last minute, in stretches.
const MINUTE: u32 = 6;

/// The retry budget of one action instance. `now` is monotonic time since any fixed start.
#[derive(Debug)]
pub(super) struct Budget {
    share: f64,
    floor: u32,
    /// First attempts by stretch, those of the last minute.
    firsts: BTreeMap<u64, u32>,
    /// Retries that are due, by stretch. Each one is an open item of a lane, of which a lane has 10,000 at most, so that this
    /// stays small; what comes again because it could not be settled leaves its first place unused, and time passes that.
    due: BTreeMap<u64, Taken>,
}

/// Places of one stretch that are taken.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    all: u32,
    /// By records that had failed more than once.
    later: u32,
}

impl Budget {
    pub(super) fn new(retry: &Retry) -> Self {
        let (firsts, due) = (BTreeMap::new(), BTreeMap::new());
        Self { share: retry.max_ratio, floor: retry.min_per_minute, firsts, due }
    }

    /// A first attempt was made. One that a breaker holds back is none yet.
    pub(super) fn first(&mut self, now: Duration) {
        let stretch = stretch(now);
        if let Some(count) = self.firsts.get_mut(&stretch) {
            *count = count.saturating_add(1);
            return;
        }
        self.firsts = self.firsts.split_off(&stretch.saturating_sub(MINUTE.into()));
        self.firsts.insert(stretch, 1);
    }

    /// When a retry may be made that would like to wait so long: then, or, where there is no room, at a place of its own in
    /// the next stretch that has some. `first`: its record has failed once.
    pub(super) fn place(&mut self, now: Duration, wait: Duration, first: bool) -> Duration {
        self.due = self.due.split_off(&stretch(now));
        let (wanted, room) = (stretch(now + wait), self.room(now));
        let mut at = wanted;
        while self.is_full(at, room, first) {
            at += 1;
        }
        let taken = self.due.entry(at).or_default();
        let before = taken.all;
        taken.all += 1;
        taken.later += u32::from(!first);
        if at == wanted {
            return wait;
        }
        let into = Duration::from_secs(STRETCH).mul_f64(f64::from(before) / f64::from(room));
        (Duration::from_secs(at * STRETCH) + into).saturating_sub(now)
    }

    fn is_full(&self, at: u64, room: u32, first: bool) -> bool {
        let taken = self.due.get(&at).copied().unwrap_or_default();
        taken.all >= room || (!first && taken.later >= room - kept_for_first(at, room))
    }

    /// Retries that one stretch has room for: the floor, or the share of the first attempts of the last minute.
    fn room(&self, now: Duration) -> u32 {
        let stretch = stretch(now);
        let minute = stretch.saturating_sub(MINUTE.into())..stretch;
        let firsts: f64 = self.firsts.range(minute).map(|(_, count)| f64::from(*count)).sum();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded down")]
        let share = (firsts * self.share) as u32;
        (share.max(self.floor) / MINUTE).max(1)
    }
}

/// A quarter of the room; where that is no whole number, more in one stretch than in another.
fn kept_for_first(at: u64, room: u32) -> u32 {
    let phase = u32::try_from(at % 4).unwrap_or_default();
    let upto = |stretches: u32| u64::from(room) * u64::from(stretches) / 4;
    u32::try_from(upto(phase + 1) - upto(phase)).unwrap_or_default()
}

fn stretch(at: Duration) -> u64 {
    at.as_secs() / STRETCH
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(share: f64, floor: u32) -> Budget {
        Budget::new(&Retry { max_ratio: share, min_per_minute: floor, ..Retry::default() })
    }

    /// Retries that fall into each minute, of so many put off at once by 5 s.
    fn by_minute(budget: &mut Budget, retries: u32) -> Vec<u32> {
        let mut minutes = BTreeMap::<u64, u32>::new();
        for _ in 0..retries {
            let due = budget.place(Duration::ZERO, 5 * SECOND, true);
            *minutes.entry(due.as_secs() / 60).or_default() += 1;
        }
        minutes.into_values().collect()
    }

    #[test]
    fn a_few_retries_keep_their_time() {
        let mut budget = budget(0.2, 60);
        for wait in [5, 5, 5, 6, 20, 3600] {
            assert_eq!(budget.place(Duration::ZERO, SECOND * wait, true), SECOND * wait);
        }
    }

    #[test]
    fn a_flood_is_spread_at_the_floor_and_in_order() {
        let mut budget = budget(0.2, 60);
        let dues: Vec<_> =
            (0..2000).map(|_| budget.place(Duration::ZERO, 5 * SECOND, true)).collect();
        assert!(dues.is_sorted());
        for later in dues.windows(11) {
            assert!(later[10] >= later[0] + 5 * SECOND, "more than ten at once: {later:?}");
        }
        let minute = |n: u64| dues.iter().filter(|due| due.as_secs() / 60 == n).count();
        assert!((0..34).all(|n| minute(n) <= 60));
        assert!((1..33).all(|n| minute(n) == 60), "the floor is used");
    }

    #[test]
    fn with_many_first_attempts_it_is_their_share() {
        let mut budget = budget(0.2, 60);
        for second in 0..60_u64 {
            for _ in 0..100 {
                budget.first(Duration::from_secs(second));
            }
        }
        let now = Duration::from_mins(1);
        let dues = (0..5000).map(|_| budget.place(now, 5 * SECOND, true));
        let count = dues.filter(|due| *due < 60 * SECOND).count();
        assert!((1100..=1200).contains(&count), "a fifth of 6000 a minute: {count}");
        assert_eq!(budget.firsts.len(), 6);
    }

    #[test]
    fn first_attempts_of_an_earlier_minute_count_for_nothing() {
        let mut budget = budget(0.2, 60);
        for _ in 0..100_000 {
            budget.first(Duration::ZERO);
        }
        let now = Duration::from_secs(80);
        let dues = (0..5000).map(|_| budget.place(now, 5 * SECOND, true));
        let late = dues.filter(|due| *due < 60 * SECOND).count();
        assert!(late <= 60, "{late}");
    }

    #[test]
    fn the_floor_holds_where_the_share_is_nothing() {
        let minutes = by_minute(&mut budget(0.0, 6), 60);
        assert!(minutes.iter().all(|n| *n <= 6), "{minutes:?}");
        assert!((10..=11).contains(&minutes.len()), "{minutes:?}");
    }

    #[test]
    fn what_has_passed_is_forgotten() {
        let mut budget = budget(0.2, 60);
        for second in 0..100_000 {
            budget.first(SECOND * second);
            budget.place(SECOND * second, 5 * SECOND, true);
        }
        assert!(budget.firsts.len() <= 7 && budget.due.len() <= 3);
    }

    #[test]
    fn a_record_that_failed_once_does_not_wait_behind_those_that_fail_again_and_again() {
        for floor in [6, 7, 13, 60, 250] {
            let mut budget = budget(0.0, floor);
            let many = (0..2000).map(|_| budget.place(Duration::ZERO, 5 * SECOND, false));
            let last = many.max().unwrap();
            assert!(last > 400 * SECOND, "{floor}: {last:?}");
            for _ in 0..3 {
                let wait = budget.place(Duration::ZERO, 5 * SECOND, true);
                assert!(wait <= 130 * SECOND, "{floor}: {wait:?}");
            }
            let again = budget.place(Duration::ZERO, 5 * SECOND, false);
            assert!(again >= last, "{floor}: {again:?}");
        }
    }

    #[test]
    fn both_kinds_together_keep_within_the_budget() {
        for (floor, first_of) in [(6, 2), (60, 2), (60, 10), (240, 3)] {
            let mut budget = budget(0.0, floor);
            let mut minutes = BTreeMap::<u64, u32>::new();
            for number in 0..1000 {
                let due = budget.place(Duration::ZERO, 5 * SECOND, number % first_of == 0);
                *minutes.entry(due.as_secs() / 60).or_default() += 1;
            }
            assert!(minutes.values().all(|n| *n <= floor), "{floor}, {first_of}: {minutes:?}");
        }
    }
}
