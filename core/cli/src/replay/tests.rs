use std::sync::Arc;
use std::time::Duration;

use switchhook_api::journal::{EventQuery, JournalAdmin, REPLAYS_OPEN_MAX};
use switchhook_testkit::MemoryJournal;
use tokio::time::Instant;

use super::*;
use crate::fixtures::{both, config, deliver, fill, journal, log_lane, served};

fn args(words: &str) -> Args {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }
    let words: Vec<String> = words.split(' ').map(|word| word.replace('\'', "")).collect();
    <Line as clap::Parser>::try_parse_from(words).expect("a good command line").args
}

fn rate(text: &str) -> Rate {
    text.parse().expect("a rate")
}

fn plan() -> Plan {
    let query = EventQuery { oldest_first: true, ..EventQuery::default() };
    Plan { lanes: vec![log_lane()], query }
}

async fn bodies(journal: &MemoryJournal, count: usize) -> Vec<String> {
    let mut bodies = Vec::new();
    while bodies.len() < count {
        let records = deliver(journal, 0).await;
        assert!(records.iter().all(|record| record.replay.is_some()));
        bodies.extend(records.iter().map(|one| String::from_utf8_lossy(&one.body).into_owned()));
    }
    bodies
}

async fn open(journal: &MemoryJournal) -> u64 {
    journal.lanes().await.expect("read").iter().map(|lane| lane.open).sum()
}

#[tokio::test]
async fn counting_changes_nothing_and_both_ways_count_the_same() {
    let journal = journal(2500, 1).await;
    let (local, remote, _folder) = both(Arc::new(journal.clone())).await;
    for mut store in [local, remote] {
        let counted = plan().count(&mut store).await.expect("counted");
        assert_eq!((counted.callbacks, counted.deliveries()), (2500, 2500));
        assert_eq!(counted.text(&plan().lanes), "2500 callbacks\nchanges>log: 2500 deliveries");
        assert_eq!(open(&journal).await, 0);
    }
}

#[tokio::test]
async fn what_is_replayed_is_delivered_again_in_order() {
    for way in 0..2 {
        let journal = journal(1200, 0).await;
        let (local, remote, _folder) = both(Arc::new(journal.clone())).await;
        let mut store = if way == 0 { local } else { remote };
        let interrupt = Interrupt::default();
        let sent = run::run(&mut store, &plan(), rate("1000000/s"), 1200, &interrupt).await;
        assert_eq!(sent.expect("sent"), 1200);
        let expected: Vec<_> = (1..=1200).map(|n| format!("{{\"n\":{n}}}")).collect();
        assert_eq!(bodies(&journal, 1200).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn it_goes_no_faster_than_asked() {
    let journal = journal(101, 0).await;
    let mut store = Store::local(Arc::new(journal), app::lanes(&config("{}")));
    let begun = Instant::now();
    let sent = run::run(&mut store, &plan(), rate("10/s"), 101, &Interrupt::default()).await;
    assert_eq!(sent.expect("sent"), 101);
    let took = begun.elapsed();
    assert!((9_900..10_500).contains(&took.as_millis()), "{took:?}");
}

/// A journal of so many callbacks whose lane takes 1000 more.
async fn nearly_full(callbacks: usize) -> MemoryJournal {
    let journal = journal(callbacks as u64, 0).await;
    fill(&journal, 1000).await;
    journal
}

#[tokio::test]
async fn without_a_server_a_full_lane_ends_it_and_it_goes_on_where_it_was() {
    let journal = nearly_full(1200).await;
    let mut store = Store::local(Arc::new(journal.clone()), app::lanes(&config("{}")));
    let interrupt = Interrupt::default();
    let done = run::run(&mut store, &plan(), rate("1000000/s"), 1200, &interrupt).await;
    let stopped = done.expect_err("full");
    assert_eq!(stopped.after, Some(Position(1000)));
    let now = filter::now();
    let again = args("replay --action log --rate 7/s").continuation(None, stopped.after, None, now);
    assert_eq!(
        again,
        format!("switchhook replay --until {now} --action log --after 1000 --rate 7/s")
    );
    let failed = stopped.into_failure(&again, false, false);
    assert_eq!(failed.code, 69);
    assert!(
        failed.message.contains("1000 of 1200 deliveries queued; they are made when a server runs"),
        "{failed:?}"
    );
    assert!(failed.message.contains(&again), "{failed:?}");
    let mut seen = bodies(&journal, REPLAYS_OPEN_MAX).await.split_off(REPLAYS_OPEN_MAX - 1000);
    let query = EventQuery { after: args(&again["switchhook ".len()..]).after, ..plan().query };
    let rest = Plan { query, ..plan() };
    let sent = run::run(&mut store, &rest, rate("1000000/s"), 200, &interrupt).await;
    assert_eq!(sent.expect("sent"), 200);
    seen.extend(bodies(&journal, 200).await);
    let expected: Vec<_> = (1..=1200).map(|n| format!("{{\"n\":{n}}}")).collect();
    assert_eq!(seen, expected, "nothing is missing, nothing comes twice");
}

#[tokio::test]
async fn beside_a_server_a_full_lane_is_waited_for() {
    let journal = nearly_full(1500).await;
    let (mut store, _folder) = served(Arc::new(journal.clone())).await;
    let all = REPLAYS_OPEN_MAX + 500;
    let delivered = tokio::spawn(async move {
        // Only a full lane is emptied: it is found full for certain.
        while open(&journal).await < REPLAYS_OPEN_MAX as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bodies(&journal, all).await.len()
    });
    let interrupt = Interrupt::default();
    let sent = run::run(&mut store, &plan(), rate("1000000/s"), 1500, &interrupt).await;
    assert_eq!(sent.expect("sent"), 1500);
    assert_eq!(delivered.await.expect("delivered"), all);
}

#[tokio::test]
async fn interrupted_while_it_waits_it_stops_between_two_chunks() {
    let journal = journal(20, 0).await;
    let mut store = Store::local(Arc::new(journal.clone()), app::lanes(&config("{}")));
    let interrupt = Interrupt::default();
    let press = interrupt.clone();
    let pressed = tokio::spawn(async move {
        while open(&journal).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        press.set();
    });
    let begun = Instant::now();
    let stopped = run::run(&mut store, &plan(), rate("1/h"), 20, &interrupt).await;
    let stopped = stopped.expect_err("interrupted");
    pressed.await.expect("pressed");
    assert_eq!(stopped.after, Some(Position(1)));
    assert!(begun.elapsed() < Duration::from_mins(1), "it did not wait for the hour");
    assert_eq!(stopped.into_failure("x", false, true).code, 130);
}

#[test]
fn lanes_are_those_of_the_configuration_that_are_meant() {
    let names = |words: &str| -> Result<Vec<String>, Failed> {
        let lanes = lanes(&config("{}"), &args(words))?;
        Ok(lanes.iter().map(ToString::to_string).collect())
    };
    assert_eq!(names("replay --since 2h").expect("lanes"), ["changes>log"]);
    assert_eq!(names("replay --handler changes --action log").expect("lanes"), ["changes>log"]);
    let failed = names("replay --action lgo").expect_err("none");
    assert_eq!(failed.code, 64);
    assert!(failed.message.contains("did you mean `log`?"), "{}", failed.message);
    assert!(names("replay --handler other").is_err());
}

#[test]
fn the_command_that_goes_on_means_the_same() {
    let now: Timestamp = "2026-01-31T12:00:00Z".parse().expect("a time");
    let first = args(
        "replay --id 019b7a3c-5d00-7000-8000-0000000000aa --since 2026-01-31T08:00:00Z --command Group.* --persisted-late --handler a,b --rate 5/m",
    );
    let again = args(
        &first.continuation(None, Some(Position(7)), "2026-01-31T08:00:00Z".parse().ok(), now)
            ["switchhook ".len()..],
    );
    assert_eq!(again.filter.id, first.filter.id);
    assert_eq!(again.filter.since, first.filter.since);
    assert_eq!(again.filter.until.map(|until| until.at(now)), Some(now));
    assert_eq!(again.filter.command, first.filter.command);
    assert!(again.filter.persisted_late);
    assert_eq!((again.handler, again.action), (first.handler, first.action));
    assert_eq!((again.after, again.rate), (Some(Position(7)), first.rate));
}

#[test]
fn the_command_that_goes_on_names_its_configuration() {
    let until: Timestamp = "2026-01-31T12:00:00Z".parse().expect("a time");
    let again = args("replay --action log").continuation(Some("/etc/a b.toml"), None, None, until);
    let start = "switchhook replay --config '/etc/a b.toml' --until 2026-01-31T12:00:00Z ";
    assert!(again.starts_with(start), "{again}");
}

#[test]
fn what_was_sent_is_on_its_way_only_where_somebody_delivers_it() {
    assert_eq!(queued_text(1, true), "1 delivery queued");
    assert_eq!(queued_text(43, true), "43 deliveries queued");
    assert_eq!(queued_text(1, false), "1 delivery queued; it is made when a server runs");
    assert_eq!(queued_text(43, false), "43 deliveries queued; they are made when a server runs");
}
