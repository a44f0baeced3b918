//! When a failed attempt is made again. The waits are counted out here and not by a backoff crate: the due time is
//! stored, so what is needed is one number and no loop.

use std::time::Duration;

use switchhook_api::Failure;
use switchhook_api::journal::Disposition;

use super::policy::Retry;

/// No target can ask for more patience than this.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);
/// What is kept of a reason and of a target's answer, in characters.
const TEXT_MAX: usize = 2000;

/// What becomes of a record whose attempt failed; `attempts` were made before this one. `chance` from 0 to 1 places the wait
/// within the jitter.
pub(super) fn fate(retry: &Retry, attempts: u32, failure: &Failure, chance: f64) -> Disposition {
    if failure.is_permanent() || attempts.saturating_add(1) >= retry.attempts {
        let reason = cut(&failure.reason());
        return Disposition::Dead { reason, response: failure.last_response().map(cut) };
    }
    again(retry, attempts, failure, chance)
}

/// The same for a record that is not given up, whatever the failure.
pub(super) fn again(retry: &Retry, attempts: u32, failure: &Failure, chance: f64) -> Disposition {
    let asked = failure.wanted_wait().unwrap_or_default().min(RETRY_AFTER_MAX);
    let after = wait(retry, attempts, chance).max(asked);
    Disposition::Retry { after, reason: cut(&failure.reason()) }
}

/// The wait after attempt number `attempts + 1`.
fn wait(retry: &Retry, attempts: u32, chance: f64) -> Duration {
    let longest = retry.max.0.as_secs_f64();
    let power = i32::try_from(attempts).unwrap_or(i32::MAX);
    let grown = (retry.initial.0.as_secs_f64() * retry.factor.powi(power)).min(longest);
    let shifted = grown * (1.0 + retry.jitter * (2.0 * chance - 1.0));
    Duration::try_from_secs_f64(shifted.max(0.0)).unwrap_or(retry.max.0)
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchhook_api::config::HumanDuration;

    #[test]
    fn the_default_spans_three_days_and_ends_in_a_dead_letter() {
        let retry = Retry::default();
        let total: Duration = (0..retry.attempts - 1).map(|n| wait(&retry, n, 0.5)).sum();
        assert!(total >= Duration::from_hours(72), "{total:?}");
        assert!(total <= Duration::from_hours(96), "{total:?}");
        let last = fate(&retry, retry.attempts - 1, &Failure::transient("no"), 0.5);
        assert!(matches!(last, Disposition::Dead { .. }), "{last:?}");
    }

    #[test]
    fn waits_grow_to_their_limit_and_keep_within_the_jitter() {
        let retry = Retry { max: HumanDuration(Duration::from_mins(1)), ..Retry::default() };
        let check = |attempts, chance, expected: f64| {
            let got = wait(&retry, attempts, chance).as_secs_f64();
            assert!((got - expected).abs() < 1e-6, "{attempts} {chance}: {got}");
        };
        check(0, 0.5, 5.0);
        check(1, 0.5, 10.0);
        check(30, 0.5, 60.0);
        check(0, 0.0, 4.0);
        check(0, 1.0, 6.0);
        check(u32::MAX, 0.5, 60.0);
    }

    #[test]
    fn a_target_is_left_alone_as_long_as_it_asks_up_to_an_hour() {
        let after = |seconds| {
            let failure = Failure::transient("busy").retry_after(Duration::from_secs(seconds));
            match fate(&Retry::default(), 0, &failure, 0.5) {
                Disposition::Retry { after, .. } => after.as_secs(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(after(120), 120);
        assert_eq!(after(1_000_000), 3600);
        assert!(after(0) <= 6);
    }

    #[test]
    fn a_permanent_failure_is_given_up_at_once_with_the_answer() {
        let failure = Failure::permanent("gone").response("410 Gone");
        match fate(&Retry::default(), 0, &failure, 0.5) {
            Disposition::Dead { reason, response } => {
                assert_eq!((reason.as_str(), response.as_deref()), ("gone", Some("410 Gone")));
            }
            other => panic!("{other:?}"),
        }
    }
}
