use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use switchhook_api::Record;
use switchhook_api::config::HumanDuration;
use switchhook_api::journal::Position;

use super::*;

const MIDDLE: f64 = 0.5;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn breaker(failure_threshold: u32) -> Breaker {
    let (initial, max) = (HumanDuration(seconds(5)), HumanDuration(seconds(30)));
    Breaker::new(policy::Breaker { failure_threshold, initial, max })
}

/// A record of its own conversation.
fn who(number: u64) -> Who {
    let callback = switchhook_testkit::callback("Group.X", String::new());
    let record = Record::new("h".into(), callback.facts, None, String::new(), callback.body);
    Who::new(0, Position(number), &record)
}

/// A record that has not failed before.
fn fresh() -> Who {
    static NEXT: AtomicU64 = AtomicU64::new(1000);
    who(NEXT.fetch_add(1, Relaxed))
}

fn end_failed(breaker: &mut Breaker, pass: Pass, now: u64, asked: Option<u64>) -> Option<Opened> {
    let failed =
        Failed { now: seconds(now), asked: asked.map(seconds), chance: MIDDLE, first: true };
    breaker.failed(pass, &[fresh()], failed).opened
}

fn end_answered(breaker: &mut Breaker, pass: Pass) -> bool {
    breaker.answered(pass, seconds(0), [fresh()], &[])
}

/// Lets one attempt fail.
fn fail(breaker: &mut Breaker, now: u64) -> Option<Opened> {
    let pass = breaker.begin();
    end_failed(breaker, pass, now, None)
}

/// Lets an attempt at this record fail.
fn fail_at(breaker: &mut Breaker, now: u64, who: Who) -> Verdict {
    let (pass, now) = (breaker.begin(), seconds(now));
    breaker.failed(pass, &[who], Failed { now, asked: None, chance: MIDDLE, first: true })
}

fn answer(breaker: &mut Breaker, who: Who) -> bool {
    let pass = breaker.begin();
    breaker.answered(pass, seconds(0), [who], &[])
}

fn open(now: u64) -> Breaker {
    let mut breaker = breaker(1);
    assert_eq!(fail(&mut breaker, now), Some(Opened { failures: 1, wait: seconds(5) }));
    breaker
}

#[test]
fn failures_in_a_row_open_it_and_an_answer_between_does_not_let_them() {
    let mut breaker = breaker(3);
    for _ in 0..10 {
        assert_eq!((fail(&mut breaker, 0), fail(&mut breaker, 1)), (None, None));
        let pass = breaker.begin();
        assert!(!end_answered(&mut breaker, pass), "it was not open");
        assert_eq!(breaker.admits(seconds(1)), Admits::All);
    }
    assert_eq!((fail(&mut breaker, 2), fail(&mut breaker, 3)), (None, None));
    assert_eq!(fail(&mut breaker, 4), Some(Opened { failures: 3, wait: seconds(5) }));
    assert_eq!(breaker.admits(seconds(8)), Admits::Nothing(Some(seconds(9))));
    assert_eq!(breaker.failing(), Some(Failing { since: seconds(2), until: seconds(9) }));
}

#[test]
fn it_probes_one_at_a_time_and_a_success_closes_it() {
    let mut breaker = open(0);
    assert_eq!(breaker.admits(seconds(5)), Admits::Probe);
    let probe = breaker.begin();
    assert_eq!(breaker.admits(seconds(6)), Admits::Nothing(None));
    breaker.forgotten(probe);
    assert_eq!(breaker.admits(seconds(6)), Admits::Probe);
    let probe = breaker.begin();
    assert!(end_answered(&mut breaker, probe));
    assert_eq!((breaker.admits(seconds(6)), breaker.failing()), (Admits::All, None));
}

#[test]
fn each_probe_that_fails_leaves_the_target_alone_for_twice_as_long_up_to_a_limit() {
    let mut breaker = open(0);
    let mut waits = Vec::new();
    for _ in 0..40 {
        waits.push(fail(&mut breaker, 0).unwrap().wait.as_secs());
    }
    assert_eq!((&waits[..3], waits[39]), (&[10, 20, 30][..], 30));
    let pass = breaker.begin();
    end_answered(&mut breaker, pass);
    assert_eq!(fail(&mut breaker, 0).unwrap().wait, seconds(5), "it begins anew");
}

#[test]
fn a_target_is_left_alone_as_long_as_it_asks_up_to_an_hour() {
    for (asked, expected) in [(1, 5), (120, 120), (1_000_000, 3600)] {
        let mut breaker = breaker(1);
        let pass = breaker.begin();
        let opened = end_failed(&mut breaker, pass, 0, Some(asked)).unwrap();
        assert_eq!(opened.wait, seconds(expected), "{asked}");
    }
}

#[test]
fn it_can_be_told_to_probe_now_and_then_one_at_a_time_as_ever() {
    let mut breaker = breaker(1);
    assert!(!breaker.probe_at(seconds(0)), "it is not open");
    let pass = breaker.begin();
    end_failed(&mut breaker, pass, 0, Some(3600));
    assert!(breaker.probe_at(seconds(1)));
    assert_eq!(breaker.admits(seconds(1)), Admits::Probe);
    let probe = breaker.begin();
    assert!(breaker.probe_at(seconds(2)));
    assert_eq!(breaker.admits(seconds(2)), Admits::Nothing(None), "a probe is under way");
    assert_eq!(end_failed(&mut breaker, probe, 2, None).unwrap().wait, seconds(10));
    assert_eq!(breaker.admits(seconds(3)), Admits::Nothing(Some(seconds(12))));
}

#[test]
fn the_wait_keeps_within_the_jitter() {
    for (chance, expected) in [(0.0, 4), (1.0, 6)] {
        let mut breaker = breaker(1);
        let pass = breaker.begin();
        let failed = Failed { now: seconds(0), asked: None, chance, first: true };
        let opened = breaker.failed(pass, &[fresh()], failed).opened.unwrap();
        assert_eq!(opened.wait, seconds(expected));
    }
}

#[test]
fn what_was_begun_before_it_opened_says_nothing_after() {
    let mut breaker = breaker(1);
    let (first, second, third) = (breaker.begin(), breaker.begin(), breaker.begin());
    assert!(end_failed(&mut breaker, first, 0, None).is_some());
    assert_eq!(end_failed(&mut breaker, second, 1, None), None);
    assert!(!end_answered(&mut breaker, third));
    assert_eq!(breaker.admits(seconds(1)), Admits::Nothing(Some(seconds(5))));
    let probe = breaker.begin();
    breaker.forgotten(second);
    assert_eq!(breaker.admits(seconds(9)), Admits::Nothing(None), "the probe is under way");
    assert!(end_answered(&mut breaker, probe));
}

#[test]
fn without_a_number_of_failures_it_never_opens() {
    let mut breaker = breaker(0);
    for _ in 0..1000 {
        assert_eq!(fail(&mut breaker, 0), None);
    }
    assert_eq!(breaker.admits(seconds(0)), Admits::All);
}

#[test]
fn one_record_that_fails_again_and_again_counts_once() {
    let mut breaker = breaker(3);
    for now in 0..100 {
        assert_eq!(fail_at(&mut breaker, now, who(1)).opened, None);
    }
    assert_eq!(fail_at(&mut breaker, 100, who(2)).opened, None);
    assert!(fail_at(&mut breaker, 101, who(3)).opened.is_some());
}

#[test]
fn records_that_fail_while_others_succeed_do_not_open_it() {
    for (failures, poisoned) in [(1, 1), (5, 4), (5, 100), (50, 1000)] {
        let mut breaker = breaker(failures);
        let mut opened = 0;
        for one in 0..poisoned {
            opened += usize::from(fail_at(&mut breaker, 0, who(one)).opened.is_some());
            answer(&mut breaker, fresh());
        }
        let most = if failures == 1 { poisoned } else { 0 };
        assert!(opened as u64 <= most, "{failures}, {poisoned}: opened {opened} times");
        for now in 1..10 {
            for one in 0..poisoned {
                let verdict = fail_at(&mut breaker, now, who(one));
                assert_eq!(verdict, Verdict::default(), "{failures}, {poisoned}: {one}");
            }
        }
        for _ in 1..failures {
            assert_eq!(fail(&mut breaker, 10), None);
        }
        assert!(fail(&mut breaker, 10).is_some(), "the target itself is still noticed");
    }
}

#[test]
fn a_probe_with_a_record_that_fails_alone_does_not_make_the_others_wait_longer() {
    let mut breaker = breaker(2);
    fail_at(&mut breaker, 0, who(1));
    answer(&mut breaker, fresh());
    fail(&mut breaker, 0);
    assert_eq!(fail(&mut breaker, 0).unwrap().wait, seconds(5));
    for _ in 0..10 {
        let (pass, now) = (breaker.begin(), seconds(0));
        let failed = Failed { now, asked: Some(seconds(3600)), chance: MIDDLE, first: true };
        let verdict = breaker.failed(pass, &[who(1)], failed);
        assert_eq!(verdict.opened.unwrap().wait, seconds(5), "nor as long as it asks for");
    }
    assert_eq!(fail(&mut breaker, 0).unwrap().wait, seconds(10));
}

#[test]
fn a_batch_counts_once_and_what_failed_in_it_beside_others_fails_alone() {
    let mut breaker = breaker(2);
    let all = [who(1), who(2), who(3)];
    let failed = Failed { now: seconds(0), asked: None, chance: MIDDLE, first: true };
    let pass = breaker.begin();
    assert_eq!(breaker.failed(pass, &all, failed).opened, None);
    let pass = breaker.begin();
    assert!(!breaker.answered(pass, seconds(0), [who(3)], &[who(1), who(2)]));
    for one in [who(1), who(2)] {
        assert_eq!(fail_at(&mut breaker, 0, one), Verdict::default());
    }
}

#[test]
fn retries_say_nothing_of_a_target_that_has_just_answered() {
    let retry = |breaker: &mut Breaker, now: u64| {
        let (pass, now) = (breaker.begin(), seconds(now));
        let failed = Failed { now, asked: None, chance: MIDDLE, first: false };
        breaker.failed(pass, &[fresh()], failed).opened
    };
    let mut breaker = breaker(3);
    let pass = breaker.begin();
    breaker.answered(pass, seconds(10), [fresh()], &[]);
    for _ in 0..100 {
        assert_eq!(retry(&mut breaker, 14), None);
    }
    assert_eq!((fail(&mut breaker, 14), fail(&mut breaker, 14)), (None, None));
    assert!(fail(&mut breaker, 14).is_some(), "first attempts do");
    let pass = breaker.begin();
    breaker.answered(pass, seconds(20), [fresh()], &[]);
    assert_eq!((retry(&mut breaker, 25), retry(&mut breaker, 25)), (None, None));
    assert!(retry(&mut breaker, 25).is_some(), "it has not answered for a while");
}
