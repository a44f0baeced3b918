//! Targets that fail: what their gate lets through, in virtual time.

use futures_util::FutureExt;

use crate::admin::{AdminCommand, Pause, PauseResult};
use crate::delivery::simulation::log::Event;
use crate::delivery::simulation::target::{Answer, Script};
use crate::delivery::simulation::world::{HandsOn, Running, World};
use crate::metrics::OfTarget;

use super::*;

const TAKES: Duration = Duration::from_millis(100);

fn does(answer: Answer) -> Script {
    Box::new(move |_, _, _| (TAKES, answer))
}

/// Busy before this time, then well.
fn busy_until(end: Duration) -> Script {
    Box::new(move |now, _, _| match now < end {
        true => (TAKES, Answer::Busy(None)),
        false => (TAKES, Answer::Take),
    })
}

fn action() -> OfTarget {
    OfTarget { action: "a".into() }
}

fn is_open(node: &Running) -> bool {
    node.metrics.circuit_breaker_open.get_or_create(&action()).get() == 1
}

async fn append_many(world: &mut World, count: usize) {
    for number in 0..count {
        world.append(&format!("k{number}"), "x").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_keeps_failing_is_left_alone_and_what_waits_is_not_counted() {
    let mut world = World::simple("", 1, does(Answer::Busy(None)));
    let node = world.start().await;
    append_many(&mut world, 100).await;
    world.pass(Duration::from_secs(3)).await;
    assert_eq!(world.log.attempts().len(), 16, "as many as were under way when it opened");
    assert!(is_open(&node));
    assert_eq!(world.lane("h>a").await.open, 16, "nothing else was leased");
    let remark = node.gates["a"].remark().unwrap();
    assert!(
        remark.starts_with("action a: circuit breaker open, failing since 2026-01-01T00:00:00Z; next probe at 2026-01-01T00:00:0"),
        "{remark}"
    );
    world.pass(Duration::from_hours(1)).await;
    let probes = world.log.attempts().len() - 16;
    assert!((12..=24).contains(&probes), "one in about five minutes: {probes}");
    assert_eq!(world.target().most_under_way(), 16);
    world.pass(Duration::from_hours(1)).await;
    assert_eq!(world.target().most_under_way(), 1, "one probe at a time");
    world.target().does(does(Answer::Take));
    world.pass(Duration::from_mins(7)).await;
    assert!(!is_open(&node));
    assert_eq!(node.gates["a"].remark(), None);
    let letters = node.journal.dead_letters(&DeadLetterQuery::first(10)).await.unwrap().items;
    assert!(letters.is_empty(), "{letters:?}");
    node.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_probe_at_a_time_over_all_handlers_batches_too() {
    for batch in [1, 50] {
        let mut world = World::new(7)
            .with_handler("g", Box::new(|_| Arc::new(HandsOn)))
            .with_handler("h", Box::new(|_| Arc::new(HandsOn)))
            .with_action(
                "a",
                "circuit_breaker.failure_threshold = 1",
                batch,
                does(Answer::Busy(None)),
            );
        let node = world.start().await;
        append_many(&mut world, 200).await;
        world.pass(Duration::from_secs(10)).await; // what began before it opened has ended
        world.target().most_under_way();
        let begun = world.log.attempts().len();
        world.pass(Duration::from_hours(2)).await;
        assert_eq!(world.target().most_under_way(), 1);
        let probes = world.log.attempts().split_off(begun);
        assert!(probes.len() > 10, "{probes:?}");
        let apart = |two: &[Duration]| two[1] >= two[0] + Duration::from_secs(4);
        assert!(probes.windows(2).all(apart), "a batch of one is a probe: {probes:?}");
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn lanes_that_both_wait_for_work_do_not_probe_together() {
    for batch in [1, 50] {
        let table = "circuit_breaker.failure_threshold = 1\nretry.initial = \"1h\"";
        let mut world = World::new(7)
            .with_handler("g", Box::new(|_| Arc::new(HandsOn)))
            .with_handler("h", Box::new(|_| Arc::new(HandsOn)))
            .with_action("a", table, batch, does(Answer::Busy(None)));
        let node = world.start().await;
        world.append("k", "x").await;
        world.pass(Duration::from_mins(1)).await;
        world.target().most_under_way();
        let begun = world.log.attempts().len();
        append_many(&mut world, 200).await;
        world.pass(Duration::from_secs(1)).await;
        assert_eq!(world.target().most_under_way(), 1);
        assert_eq!(world.log.attempts().len(), begun + 1, "one record of one handler");
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_deliveries_start_with_one_and_double() {
    for (batch, table) in [(1, "ordering = \"none\""), (1, ""), (64, "")] {
        let mut world = World::simple(table, batch, busy_until(Duration::from_mins(1)));
        let node = world.start().await;
        append_many(&mut world, 400).await;
        while !is_open(&node) {
            world.pass(TAKES).await;
        }
        while is_open(&node) {
            world.pass(TAKES / 10).await;
        }
        let closed = *world.log.attempts().last().unwrap();
        world.pass(Duration::from_mins(1)).await;
        let mut begun = std::collections::BTreeMap::<Duration, usize>::new();
        for at in world.log.attempts().into_iter().filter(|at| *at >= closed) {
            *begun.entry(at).or_default() += 1;
        }
        let rounds: Vec<_> = begun.values().copied().take(7).collect();
        let expected = if batch == 1 { [1, 2, 4, 8, 16, 16, 16] } else { [1, 2, 4, 8, 16, 32, 64] };
        assert_eq!(rounds, expected, "{batch} {table}");
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_number_of_attempts_holds_for_the_whole_action() {
    let mut world = World::new(7)
        .with_handler("g", Box::new(|_| Arc::new(HandsOn)))
        .with_handler("h", Box::new(|_| Arc::new(HandsOn)))
        .with_action("a", "concurrency = 8", 1, does(Answer::Take));
    let node = world.start().await;
    world.pass(Duration::from_secs(1)).await; // both wait for work by now
    append_many(&mut world, 100).await;
    world.pass(Duration::from_mins(1)).await;
    assert_eq!(world.target().most_under_way(), 8);
    for lane in ["g>a", "h>a"] {
        assert_eq!((world.lane(lane).await.cursor.0, world.lane(lane).await.open), (100, 0));
    }
    node.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lane_whose_records_hang_does_not_keep_another_waiting() {
    for concurrency in [2, 8] {
        let script: Script = Box::new(|_, record, _| match &*record.handler {
            "g" => (TAKES, Answer::Hang(false)),
            _ => (TAKES, Answer::Take),
        });
        let table = format!("concurrency = {concurrency}\ncircuit_breaker.failure_threshold = 0");
        let mut world = World::new(7)
            .with_handler("g", Box::new(|_| Arc::new(HandsOn)))
            .with_handler("h", Box::new(|_| Arc::new(HandsOn)))
            .with_action("a", &table, 1, script);
        let node = world.start().await;
        append_many(&mut world, 100).await;
        // The first attempts run into their timeout of ten seconds; that is noticed.
        world.pass(Duration::from_secs(25)).await;
        assert_eq!(world.lane("h>a").await.cursor.0, 100, "{concurrency}");
        assert_eq!(world.target().under_way(), concurrency - 1, "one is kept free for the other");
        for later in 101..110 {
            world.append("late", "x").await;
            world.pass(Duration::from_secs(1)).await;
            assert_eq!(world.lane("h>a").await.cursor.0, later, "{concurrency}");
        }
        drop(node);
    }
}

/// Makes no records.
struct Silent;

#[async_trait]
impl Handler for Silent {
    async fn handle(
        &self,
        _: &Callback,
        _: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        Ok(None)
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_without_work_reserve_nothing() {
    for (idle, concurrency) in [(1, 2), (8, 16), (3, 5), (20, 16)] {
        let mut world = World::new(7).with_handler("busy", Box::new(|_| Arc::new(HandsOn)));
        for number in 0..idle {
            world = world.with_handler(&format!("idle{number}"), Box::new(|_| Arc::new(Silent)));
        }
        let table = format!("concurrency = {concurrency}");
        let mut world = world.with_action("a", &table, 1, does(Answer::Take));
        let node = world.start().await;
        world.pass(Duration::from_secs(1)).await; // all of them wait for work by now
        append_many(&mut world, 200).await;
        world.pass(Duration::from_mins(1)).await;
        let most = world.target().most_under_way();
        assert_eq!(most, concurrency, "{idle} idle ones");
        assert_eq!(world.lane("busy>a").await.cursor.0, 200);
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn busy_handlers_share_what_there_is() {
    for (busy, concurrency) in [(2, 8), (3, 16), (5, 4)] {
        let mut world = World::new(7);
        for number in 0..busy {
            world = world.with_handler(&format!("h{number}"), Box::new(|_| Arc::new(HandsOn)));
        }
        let table = format!("concurrency = {concurrency}");
        let mut world = world.with_action("a", &table, 1, does(Answer::Take));
        append_many(&mut world, 400).await;
        let node = world.start().await;
        world.pass(Duration::from_secs(5)).await;
        let mut begun = std::collections::BTreeMap::<_, usize>::new();
        for (_, event) in world.log.all() {
            if let Event::Begun { lane, .. } = event {
                *begun.entry(lane).or_default() += 1;
            }
        }
        assert_eq!(begun.len(), busy, "{begun:?}");
        let (least, most) = (begun.values().min().unwrap(), begun.values().max().unwrap());
        assert!(most - least <= most / 4 + 2, "{busy}, {concurrency}: {begun:?}");
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn lanes_take_turns_where_there_is_one_attempt_at_a_time() {
    let mut world = World::new(7)
        .with_handler("g", Box::new(|_| Arc::new(HandsOn)))
        .with_handler("h", Box::new(|_| Arc::new(HandsOn)))
        .with_action("a", "concurrency = 1", 1, does(Answer::Take));
    let node = world.start().await;
    append_many(&mut world, 50).await;
    world.pass(Duration::from_mins(1)).await;
    assert_eq!(world.target().most_under_way(), 1);
    let of = |event: &Event| match event {
        Event::Begun { lane, .. } => Some(lane.handler().to_string()),
        _ => None,
    };
    let turns: Vec<_> = world.log.all().iter().filter_map(|(_, event)| of(event)).collect();
    assert_eq!(turns.len(), 100);
    assert!(turns[2..98].windows(2).all(|two| two[0] != two[1]), "{turns:?}");
    node.stop().await;
}

#[tokio::test(start_paused = true)]
async fn refusals_are_answers_and_timeouts_and_panics_are_not() {
    for (answer, opens) in [
        (Answer::Refuse, false),
        (Answer::Busy(None), true),
        (Answer::Hang(false), true),
        (Answer::Panic, true),
    ] {
        for batch in [1, 10] {
            let mut world = World::simple("timeout = \"1s\"", batch, does(answer));
            let node = world.start().await;
            append_many(&mut world, 200).await;
            for _ in 0..60 {
                world.pass(Duration::from_secs(1)).await;
                if is_open(&node) {
                    break;
                }
            }
            assert_eq!(is_open(&node), opens, "{answer:?}, {batch} at a time");
            let opened = node.metrics.circuit_breaker_opened.get_or_create(&action()).get();
            assert_eq!(opened, u64::from(opens));
            node.stop().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_gone_pauses_its_action_and_keeps_its_records() {
    for batch in [1, 10] {
        let mut world = World::simple("retry.attempts = 1", batch, does(Answer::Gone));
        let node = world.start().await;
        append_many(&mut world, 3).await;
        world.pass(Duration::from_hours(1)).await;
        let begun = world.log.attempts().len();
        world.append("late", "x").await;
        world.pass(Duration::from_hours(1)).await;
        assert_eq!(world.log.attempts().len(), begun, "it is paused");
        let gate = node.gates["a"].clone();
        assert!(gate.standing().gone_since.is_some());
        let letters = node.journal.dead_letters(&DeadLetterQuery::first(10)).await.unwrap().items;
        assert!(letters.is_empty(), "{letters:?}");
        world.target().does(does(Answer::Take));
        let resume = Pause { action: "a".to_owned(), paused: false };
        let turned = resume.execute(&*node.journal, &vec![gate.clone()]).await.unwrap();
        assert!(turned.was_paused);
        assert_eq!(gate.standing().gone_since, None);
        world.pass(Duration::from_mins(1)).await;
        let lane = world.lane("h>a").await;
        assert_eq!((lane.cursor.0, lane.open, lane.dead), (4, 0, 0));
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_resumed_action_is_asked_again_at_once_whatever_its_target_asked_for() {
    let hour = Duration::from_hours(1);
    for (batch, table) in [
        (1, "circuit_breaker.failure_threshold = 1"),
        (10, "circuit_breaker.failure_threshold = 1"),
        (1, "circuit_breaker.failure_threshold = 0"),
    ] {
        let mut world = World::simple(table, batch, does(Answer::Busy(Some(hour))));
        let node = world.start().await;
        append_many(&mut world, 50).await;
        world.pass(Duration::from_mins(1)).await;
        let opens = table.ends_with('1');
        let gate = node.gates["a"].clone();
        let failing = gate.standing().failing;
        assert_eq!(failing.map(|it| it.probed_at.is_some()), opens.then_some(true));
        let begun = world.log.attempts().len();
        world.target().does(does(Answer::Take));
        world.pass(Duration::from_mins(30)).await;
        assert_eq!(world.log.attempts().len(), begun, "it is left alone as it asked");
        let resume = || Pause { action: "a".to_owned(), paused: false };
        let turned = resume().execute(&*node.journal, &vec![gate.clone()]).await.unwrap();
        assert_eq!(turned, PauseResult { was_paused: false, retries_due: true, probed: opens });
        world.pass(Duration::from_secs(1)).await;
        assert!(world.log.attempts().len() > begun && !is_open(&node), "{table}");
        world.pass(Duration::from_mins(1)).await;
        let lane = world.lane("h>a").await;
        assert_eq!((lane.cursor.0, lane.open, lane.dead), (50, 0, 0));
        let turned = resume().execute(&*node.journal, &vec![gate]).await.unwrap();
        assert_eq!(turned, PauseResult::default());
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_journal_cannot_pause_a_record_of_a_target_that_is_gone_is_given_up() {
    let mut world = World::simple("", 1, does(Answer::Gone)).without_pause();
    let node = world.start().await;
    append_many(&mut world, 3).await;
    world.pass(Duration::from_mins(1)).await;
    assert_eq!(world.log.attempts().len(), 3);
    assert_eq!(world.lane("h>a").await.dead, 3);
    node.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_as_one_batch_comes_again_as_one_batch() {
    let mut world = World::simple("", 100, busy_until(Duration::from_secs(3)));
    append_many(&mut world, 20).await;
    let node = world.start().await;
    world.pass(Duration::from_mins(1)).await;
    let attempts = world.log.attempts();
    let first = attempts.iter().filter(|at| **at == attempts[0]).count();
    let second = attempts.iter().filter(|at| **at == attempts[first]).count();
    assert!(first > 1, "{attempts:?}");
    assert_eq!(first, second, "{attempts:?}");
    assert_eq!(world.lane("h>a").await.open, 0);
    node.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_retries_of_many_failures_are_spread() {
    let script: Script = Box::new(|_, _, before| match before {
        0 => (TAKES, Answer::Busy(None)),
        _ => (TAKES, Answer::Take),
    });
    let mut world =
        World::simple("circuit_breaker.failure_threshold = 0\nretry.max_ratio = 0.0", 1, script);
    let node = world.start().await;
    append_many(&mut world, 500).await;
    world.pass(Duration::from_mins(20)).await;
    let attempts = world.log.attempts();
    assert_eq!(attempts.len(), 1000);
    let mut minutes = std::collections::BTreeMap::<u64, usize>::new();
    for at in attempts.into_iter().filter(|at| *at >= Duration::from_secs(4)) {
        *minutes.entry(at.as_secs() / 60).or_default() += 1;
    }
    assert!(minutes.values().all(|retries| *retries <= 60), "{minutes:?}");
    assert!(node.metrics.retries_throttled.get_or_create(&action()).get() > 400);
    node.stop().await;
}

/// A lease that is read from the disk is ready some time after it was asked for, and others take the room meanwhile.
#[tokio::test(start_paused = true)]
async fn a_lease_that_takes_long_is_not_begun_anew_when_others_were_faster() {
    let mut world = World::simple("concurrency = 1", 1, does(Answer::Take));
    let node = world.start().await;
    let (slow, fast) = (node.gates["a"].seat(), node.gates["a"].seat());
    let (ready, mut begun) = (tokio::sync::Notify::new(), 0);
    let mut admitted = Box::pin(slow.admit(|_| {
        begun += 1;
        ready.notified()
    }));
    assert!(admitted.as_mut().now_or_never().is_none());
    let ((), permits) = fast.admit(|_| async {}).await;
    ready.notify_one();
    assert!(admitted.as_mut().now_or_never().is_none(), "there is no room");
    drop(permits);
    assert!(fast.admit(|_| async {}).now_or_never().is_none(), "the other has waited longer");
    let ((), permits) = admitted.await;
    drop(permits);
    assert_eq!(begun, 1);
    node.stop().await;
}
