//! The schedule of retries and what comes after an outage, in figures: with the default configuration, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use switchhook_api::Clock as _;

use super::log::{Event, Kind};
use super::target::{Answer, Script};
use super::world::World;
use crate::delivery::Retry;

const TAKES: Duration = Duration::from_millis(100);

fn does(answer: Answer) -> Script {
    Box::new(move |_, _, _| (TAKES, answer))
}

/// Times of the attempts at each record.
fn attempts(world: &World) -> BTreeMap<u64, Vec<Duration>> {
    let mut attempts = BTreeMap::<u64, Vec<Duration>>::new();
    for (at, event) in world.log.all() {
        if let Event::Begun { position, .. } = event {
            attempts.entry(position).or_default().push(at);
        }
    }
    attempts
}

/// The wait after each attempt, without jitter.
fn nominal() -> Vec<Duration> {
    let retry = Retry::default();
    let waits = (0..retry.attempts - 1).map(|n| retry.initial.0.saturating_mul(1 << n));
    waits.map(|wait| wait.min(retry.max.0)).collect()
}

async fn until_dead(world: &World, dead: u64) {
    while world.lane("h>a").await.dead < dead {
        world.pass(Duration::from_hours(1)).await;
        assert!(world.clock.now() < Duration::from_hours(10_000), "it does not come to its end");
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_schedule_spans_three_days_and_keeps_within_the_jitter() {
    let table = "circuit_breaker.failure_threshold = 0\nretry.min_per_minute = 100000";
    let mut world = World::simple(table, 1, does(Answer::Busy(None)));
    let node = world.start().await;
    for number in 0..100 {
        world.append(&format!("k{number}"), "x").await;
    }
    until_dead(&world, 100).await;
    let (mut spans, mut off) = (Vec::new(), Vec::new());
    for times in attempts(&world).into_values() {
        assert_eq!(times.len(), 23);
        spans.push(times[22].saturating_sub(times[0]).as_secs_f64() / 3600.0);
        for (two, nominal) in times.windows(2).zip(nominal()) {
            let waited = two[1].saturating_sub(two[0] + TAKES).as_secs_f64();
            off.push(waited / nominal.as_secs_f64() - 1.0);
        }
    }
    let (least, most) = off.iter().fold((0.0, 0.0), |(a, b), x| (x.min(a), x.max(b)));
    // The runtime counts in milliseconds.
    assert!(least >= -0.2001 && most <= 0.2005, "{least} {most}");
    assert!(least < -0.18 && most > 0.18, "the jitter is not used: {least} {most}");
    #[expect(clippy::cast_precision_loss, reason = "a hundred")]
    let mean = spans.iter().sum::<f64>() / spans.len() as f64;
    spans.sort_by(f64::total_cmp);
    println!(
        "spans: mean {mean:.1} h, {:.1} to {:.1} h; jitter {least:.3} to {most:.3}",
        spans[0], spans[99]
    );
    assert!(spans[0] >= 72.0, "{}", spans[0]);
    node.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_record_is_given_up_by_probes_before_its_own_schedule_has_run_out() {
    let mut world = World::simple("", 1, does(Answer::Busy(None)));
    let node = world.start().await;
    for number in 0..40 {
        world.append(&format!("k{number}"), "x").await;
    }
    until_dead(&world, 40).await;
    let least: Duration = nominal().into_iter().sum::<Duration>().mul_f64(0.8);
    for (record, times) in attempts(&world) {
        assert_eq!(times.len(), 23, "{record}");
        let early =
            |(two, nominal): (&[Duration], Duration)| two[1] < two[0] + nominal.mul_f64(0.8);
        assert!(!times.windows(2).zip(nominal()).any(early), "{record}: {times:?}");
        assert!(times[22] >= times[0] + least, "{record}");
    }
    node.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_target_gets_the_time_that_it_asks_for_up_to_an_hour() {
    for (asked, least, most) in [(120, 120, 121), (2, 4, 7), (36_000, 3600, 3601)] {
        let script: Script = Box::new(move |_, _, before| match before {
            0 => (TAKES, Answer::Busy(Some(Duration::from_secs(asked)))),
            _ => (TAKES, Answer::Take),
        });
        let mut world = World::simple("", 1, script);
        let node = world.start().await;
        world.append("k", "x").await;
        world.pass(Duration::from_hours(2)).await;
        let times = attempts(&world).remove(&1).unwrap();
        assert_eq!(times.len(), 2);
        let waited = times[1].saturating_sub(times[0] + TAKES);
        let expected = Duration::from_secs(least)..=Duration::from_secs(most);
        assert!(expected.contains(&waited), "{asked}: {waited:?}");
        node.stop().await;
    }
}

/// Firsts and retries by minute.
fn by_minute(world: &World) -> BTreeMap<u64, (u32, u32)> {
    let (mut seen, mut minutes) = (BTreeSet::new(), BTreeMap::<u64, (u32, u32)>::new());
    for (at, event) in world.log.all() {
        if let Event::Begun { position, .. } = event {
            let (firsts, retries) = minutes.entry(at.as_secs() / 60).or_default();
            *if seen.insert(position) { firsts } else { retries } += 1;
        }
    }
    minutes
}

fn most_in_a_second(times: &[Duration]) -> usize {
    let mut seconds = BTreeMap::<u64, usize>::new();
    for at in times {
        *seconds.entry(at.as_secs()).or_default() += 1;
    }
    seconds.into_values().max().unwrap_or_default()
}

/// Away from the tenth minute on for six hours, and at half strength before: so that many retries wait when it goes.
#[tokio::test(start_paused = true)]
async fn an_outage_of_six_hours_ends_without_a_burst() {
    let (from, to) = (Duration::from_mins(10), Duration::from_mins(370));
    let script: Script = Box::new(move |now, record, before| {
        let weak = now < from && before == 0 && record.facts.id.as_u128() % 3 == 0;
        match weak || (from..to).contains(&now) {
            true => (TAKES, Answer::Busy(None)),
            false => (TAKES, Answer::Take),
        }
    });
    let mut world = World::simple("", 1, script);
    let node = world.start().await;
    for number in 0..10_500 {
        world.append(&format!("k{number}"), "x").await;
        world.pass(Duration::from_millis(if number < 500 { 1200 } else { 2160 })).await;
    }
    while world.lane("h>a").await.cursor.0 < 10_500 {
        world.pass(Duration::from_secs(1)).await;
        assert!(world.clock.now() < to + Duration::from_hours(1), "{:?}", world.lane("h>a").await);
    }
    let minutes = by_minute(&world);
    for (minute, (_, retries)) in &minutes {
        let firsts =
            minute.checked_sub(1).and_then(|before| minutes.get(&before)).map_or(0, |m| m.0);
        assert!(*retries <= 60.max(firsts / 5), "minute {minute}: {retries} after {firsts} firsts");
    }
    let times = world.log.attempts();
    let during = times.iter().filter(|at| (from..to).contains(*at)).count();
    let after: Vec<_> = times.iter().copied().filter(|at| *at >= to).collect();
    assert!(after[0] < to + Duration::from_mins(6), "probed too late: {:?}", after[0]);
    // Rounds of 1, 2, 4, 8, then 16 at a time, a tenth of a second each.
    let begun = |within: u32| after.iter().filter(|at| **at < after[0] + TAKES * within).count();
    assert_eq!([1, 2, 3, 4, 5, 6, 7].map(begun), [1, 2, 4, 8, 16, 32, 48]);
    assert!(most_in_a_second(&after) <= 160, "{}", most_in_a_second(&after));
    let dead = world
        .log
        .all()
        .iter()
        .any(|(_, event)| matches!(event, Event::Settled { fate: Kind::Dead, .. }));
    assert!(!dead, "given up");
    let retries = minutes.values().map(|(_, retries)| retries).max().unwrap();
    let took = world.clock.now().saturating_sub(after[0]);
    println!(
        "attempts during the outage {during}, most retries in a minute {retries}, most attempts in a second after it {}, drained {took:?} after the first",
        most_in_a_second(&after)
    );
    node.stop().await;
}
