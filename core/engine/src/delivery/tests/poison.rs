//! Targets that always fail some conversations and take the others: what those others have to wait for.

use crate::delivery::simulation::log::{Event, Kind};
use crate::delivery::simulation::target::{Answer, Script};
use crate::delivery::simulation::world::World;

use super::*;

const TAKES: Duration = Duration::from_millis(50);

/// Fails every record whose key begins with `bad`.
fn poisoned_by(answer: Answer) -> Script {
    Box::new(move |_, record, _| match is_bad(record.key.as_deref()) {
        true => (TAKES, answer),
        false => (TAKES, Answer::Take),
    })
}

fn is_bad(key: Option<&str>) -> bool {
    key.is_some_and(|key| key.starts_with("bad"))
}

/// How long the slowest of these took, appended at these times; none: one was not delivered.
fn slowest(world: &World, sent: &[(u64, Duration)]) -> Option<Duration> {
    let mut took = std::collections::BTreeMap::new();
    for (at, event) in world.log.all() {
        if let Event::Took { position, .. } = event {
            took.entry(position).or_insert(at);
        }
    }
    let one = |(position, sent): &(u64, Duration)| Some(took.get(position)?.saturating_sub(*sent));
    sent.iter().map(one).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Sends a good one each so often; of `of` records one is poisoned, in one of `keys` conversations.
async fn send(
    world: &mut World,
    count: usize,
    each: Duration,
    (of, keys): (usize, usize),
) -> Vec<(u64, Duration)> {
    let mut good = Vec::new();
    for number in 0..count {
        let bad = number % of == 0;
        let (kind, turn) = if bad { ("bad", number / of) } else { ("good", number) };
        let position = world.append(&format!("{kind}{}", turn % keys), "x").await;
        if !bad {
            good.push((position, world.clock.now()));
        }
        world.pass(each).await;
    }
    good
}

#[tokio::test(start_paused = true)]
async fn conversations_that_always_fail_hold_up_no_other() {
    let hour = Duration::from_hours(1);
    let each = Duration::from_millis(200);
    for (table, batch, of, keys, answer) in [
        ("", 1, 10, 50, Answer::Busy(None)),
        ("", 1, 2, 200, Answer::Busy(None)),
        ("", 1, 10, 5, Answer::Busy(Some(hour))),
        ("ordering = \"none\"", 1, 10, 50, Answer::Busy(None)),
        ("concurrency = 1", 1, 4, 20, Answer::Busy(None)),
        ("circuit_breaker.failure_threshold = 2", 1, 10, 20, Answer::Busy(None)),
        ("circuit_breaker.failure_threshold = 0", 1, 10, 50, Answer::Busy(None)),
        ("", 20, 10, 50, Answer::Busy(None)),
        ("", 1, 10, 50, Answer::Refuse),
    ] {
        let mut world = World::simple(table, batch, poisoned_by(answer));
        let node = world.start().await;
        let good = send(&mut world, 3000, each, (of, keys)).await;
        world.pass(Duration::from_secs(10)).await;
        let slowest = slowest(&world, &good);
        let case = format!("{table}, {batch} at once, one of {of}, {keys} keys, {answer:?}");
        assert!(slowest.is_some_and(|it| it.as_secs() < 2), "{case}: {slowest:?}");
        node.stop().await;
    }
}

/// As after a long stop: everything that failed before is due at the same moment.
#[tokio::test(start_paused = true)]
async fn retries_that_are_all_due_at_once_do_not_starve_what_is_fresh() {
    for table in ["", "concurrency = 1", "circuit_breaker.failure_threshold = 0"] {
        let mut world = World::simple(table, 1, poisoned_by(Answer::Busy(None)));
        let node = world.start().await;
        for number in 0..500 {
            world.append(&format!("bad{number}"), "x").await;
            world.append("good", "x").await;
            world.pass(Duration::from_millis(200)).await;
        }
        world.pass(Duration::from_mins(30)).await;
        node.stop().await;
        world.pass(Duration::from_hours(24)).await;
        let node = world.start().await;
        world.pass(Duration::from_millis(100)).await;
        let good = send(&mut world, 300, Duration::from_millis(200), (1000, 1)).await;
        world.pass(Duration::from_secs(30)).await;
        let slowest = slowest(&world, &good);
        assert!(slowest.is_some_and(|it| it.as_secs() < 10), "`{table}`: {slowest:?}");
        node.stop().await;
    }
}

/// Nor the reverse: fresh work that never ends leaves room for retries.
#[tokio::test(start_paused = true)]
async fn fresh_work_without_end_does_not_starve_retries() {
    for concurrency in [1, 2, 7] {
        let script: Script = Box::new(|_, record, before| {
            let busy = before == 0 && record.key.as_deref() == Some("once");
            (TAKES, if busy { Answer::Busy(None) } else { Answer::Take })
        });
        let mut world = World::simple(&format!("concurrency = {concurrency}"), 1, script);
        for number in 0..4000 {
            let key = if number == 10 { "once".to_owned() } else { format!("k{number}") };
            world.append(&key, "x").await;
        }
        let node = world.start().await;
        world.pass(Duration::from_secs(15)).await;
        assert!(world.lane("h>a").await.cursor.0 < 4000, "there is still fresh work");
        let slowest = slowest(&world, &[(11, Duration::ZERO)]);
        assert!(slowest.is_some(), "{concurrency}: the retry waits behind all fresh work");
        node.stop().await;
    }
}

/// An outage of the whole target opens the breaker; when it ends, some conversations go on failing.
#[tokio::test(start_paused = true)]
async fn a_probe_is_made_with_fresh_work_too() {
    for batch in [1, 10] {
        let end = Duration::from_mins(20);
        let script: Script = Box::new(move |now, record, _| {
            let fails = now < end || is_bad(record.key.as_deref());
            (TAKES, if fails { Answer::Busy(None) } else { Answer::Take })
        });
        let mut world = World::simple("circuit_breaker.max = \"1m\"", batch, script);
        let node = world.start().await;
        for number in 0..200 {
            world.append(&format!("bad{number}"), "x").await;
            world.append(&format!("good{number}"), "x").await;
        }
        world.pass(Duration::from_mins(21)).await;
        let good = send(&mut world, 600, Duration::from_millis(200), (1000, 1)).await;
        world.pass(Duration::from_secs(90)).await;
        let first = slowest(&world, &good[..1]);
        // Probes take fresh work and retries in turns.
        assert!(first.is_some_and(|it| it.as_secs() <= 150), "{batch}: {first:?}");
        let later = send(&mut world, 300, Duration::from_millis(200), (1000, 1)).await;
        world.pass(Duration::from_secs(10)).await;
        let slowest = slowest(&world, &later);
        assert!(slowest.is_some_and(|it| it.as_secs() < 2), "{batch}: {slowest:?}");
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_failing_conversations_leaves_room_for_others() {
    let mut world = World::simple("", 1, poisoned_by(Answer::Busy(None)));
    let node = world.start().await;
    for number in 0..12_000 {
        world.append(&format!("bad{}", number % 100), "x").await;
        world.append(&format!("good{number}"), "x").await;
    }
    world.pass(Duration::from_mins(2)).await;
    let lane = world.lane("h>a").await;
    assert!(lane.open > 11_000 && lane.behind == 0 && !lane.full, "{lane:?}");
    let good = send(&mut world, 100, Duration::from_millis(100), (1000, 1)).await;
    world.pass(Duration::from_secs(1)).await;
    let slowest = slowest(&world, &good);
    assert!(slowest.is_some_and(|it| it.as_secs() < 2), "{slowest:?}");
    let gave_up =
        |(_, event): &(_, Event)| matches!(event, Event::Settled { fate: Kind::Dead, .. });
    assert!(!world.log.all().iter().any(gave_up), "nor is anything given up for it");
    node.stop().await;
}

/// A record that fails once while a thousand others fail for good.
#[tokio::test(start_paused = true)]
async fn a_record_that_failed_once_is_tried_again_soon() {
    let script: Script = Box::new(|_, record, before| {
        let key = record.key.as_deref();
        let once = before == 0 && key.is_some_and(|key| key.starts_with("once"));
        (TAKES, if once || is_bad(key) { Answer::Busy(None) } else { Answer::Take })
    });
    let mut world = World::simple("retry.max = \"1m\"", 1, script);
    let node = world.start().await;
    for number in 0..1000 {
        world.append(&format!("bad{number}"), "x").await;
        world.append("good", "x").await;
        world.pass(Duration::from_millis(600)).await;
    }
    world.pass(Duration::from_mins(20)).await;
    let mut once = Vec::new();
    for number in 0..10 {
        once.push((world.append(&format!("once{number}"), "x").await, world.clock.now()));
        world.append("good", "x").await;
        world.pass(Duration::from_secs(10)).await;
    }
    world.pass(Duration::from_mins(5)).await;
    let slowest = slowest(&world, &once);
    assert!(slowest.is_some_and(|it| it.as_secs() < 60), "{slowest:?}");
    node.stop().await;
}

/// The action gives no result for one record whenever it is in a batch.
#[tokio::test(start_paused = true)]
async fn a_record_that_spoils_its_batch_is_the_only_one_that_is_given_up() {
    for answer in [Answer::Lose, Answer::Panic] {
        let mut world = World::simple("", 20, poisoned_by(answer));
        for number in 0..30 {
            let key = if number == 7 { "bad".to_owned() } else { format!("k{number}") };
            world.append(&key, "x").await;
        }
        let node = world.start().await;
        world.pass(Duration::from_mins(5)).await;
        let lane = world.lane("h>a").await;
        assert_eq!((lane.cursor.0, lane.open, lane.dead), (30, 0, 1), "{answer:?}");
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_delivers_nothing_says_so_and_one_that_delivers_some_does_not() {
    for (table, of, told) in
        [("", 1, true), ("circuit_breaker.failure_threshold = 0", 1, true), ("", 2, false)]
    {
        let mut world = World::simple(table, 1, poisoned_by(Answer::Busy(None)));
        let node = world.start().await;
        send(&mut world, 41, Duration::from_millis(500), (of, 20)).await;
        let remark = node.gates["a"].remark();
        let says = remark.as_deref().is_some_and(|remark| {
            remark.contains("nothing delivered since 2026-01-01T00:00:0")
                && remark.ends_with("attempts failed; last error: busy")
        });
        assert_eq!(says, told, "{remark:?}");
        let of = crate::metrics::OfTarget { action: "a".into() };
        let in_a_row = node.metrics.consecutive_failures.get_or_create(&of).get();
        assert_eq!(in_a_row >= 3, told, "{in_a_row}");
        node.stop().await;
    }
}
