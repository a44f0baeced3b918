use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use jiff::Timestamp;
use switchhook_api::journal::{
    BackedUp, Damage, EventQuery, Position, Restored, RestoredConsumer, Stats, Verified,
};

use super::check::{stats_text, verdict, verified_text};
use super::export::{Written, into_file, report};
use super::{backup, restore};
use crate::fixtures::{both, journal};

#[tokio::test]
async fn an_export_holds_every_callback_the_oldest_first() {
    let (local, remote, folder) = both(Arc::new(journal(250, 0).await)).await;
    for (name, mut store) in [("local", local), ("remote", remote)] {
        let path = folder.path().join(name);
        let written = into_file(&mut store, EventQuery::default(), &path).await;
        assert_eq!(written.expect("written"), Written { whole: 250, damaged: 0 });
        let text = std::fs::read_to_string(&path).expect("there");
        let bodies: Vec<u64> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
            .map(|event| event["body"]["n"].as_u64().expect("a number"))
            .collect();
        assert_eq!(bodies, (1..=250).collect::<Vec<_>>());
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "callbacks are nobody else's business");
    }
}

#[tokio::test]
async fn an_export_never_writes_over_a_file() {
    let (mut store, _theirs, folder) = both(Arc::new(journal(1, 0).await)).await;
    let path = folder.path().join("taken");
    std::fs::write(&path, "mine").expect("written");
    let failed = into_file(&mut store, EventQuery::default(), &path).await.expect_err("taken");
    assert_eq!(failed.code, 64, "as of a backup");
    assert!(failed.message.ends_with("taken exists already: name a file that does not exist"));
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "mine");
}

#[tokio::test]
async fn an_export_that_fails_leaves_no_half_file() {
    let memory = journal(1, 0).await;
    let (mut store, _theirs, folder) = both(Arc::new(memory.clone())).await;
    memory.set_health(switchhook_api::journal::Health::Failed("gone".to_owned()));
    let path = folder.path().join("half");
    let failed = into_file(&mut store, EventQuery::default(), &path).await.expect_err("closed");
    assert_eq!(failed.code, 74);
    assert!(!path.exists());
}

#[test]
fn an_export_that_left_something_out_is_no_success() {
    assert!(report(Written { whole: 3, damaged: 0 }).is_ok());
    let check = |damaged, expected: &str| {
        let failed = report(Written { whole: 3, damaged }).expect_err("damaged");
        assert_eq!(failed.code, 74);
        assert!(failed.message.starts_with(expected), "{}", failed.message);
    };
    check(1, "1 damaged callback was left out");
    check(2, "2 damaged callbacks were left out");
}

#[test]
fn damage_is_counted_named_and_a_failure() {
    let damage =
        |n| Damage { handler: (n % 2 == 0).then(|| "topics".to_owned()), position: Position(n) };
    let mut verified = Verified { events: 7, records: 5, ..Verified::default() };
    assert_eq!(verified_text(&verified), "intact: 7 callbacks, 5 records");
    assert!(verdict(&verified).is_ok());
    verified.damaged = 2;
    verified.damage = vec![damage(1), damage(2)];
    assert_eq!(
        verified_text(&verified),
        "intact: 7 callbacks, 5 records\ndamaged: 2\n  callback 1\n  record 2 of topics"
    );
    assert_eq!(verdict(&verified).expect_err("damaged").code, 74);
    verified.damaged = 30;
    verified.damage = (1..=25).map(damage).collect();
    verified.problems = vec!["a page is torn\u{1b}[31m".to_owned()];
    let text = verified_text(&verified);
    assert!(
        text.ends_with(
            "callback 19\n  record 20 of topics\n  and 10 more\nstore: a page is torn\\u{1b}[31m"
        ),
        "{text}"
    );
    let torn = Verified { problems: verified.problems, ..Verified::default() };
    assert_eq!(verdict(&torn).expect_err("torn").code, 74, "also with every entry whole");
}

#[test]
fn numbers_are_told_with_their_names() {
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let stats = Stats {
        events: 3,
        first: Some(Position(1)),
        last: Some(Position(9)),
        oldest: time("2026-01-01T00:00:00Z"),
        newest: time("2026-01-02T00:00:00.5Z"),
        bytes: 3 << 20,
        free: 1 << 20,
        dead_letters: 2,
        open: 1,
        format: 2,
    };
    assert_eq!(
        stats_text(&stats),
        "callbacks     3\n\
         positions     1 to 9\n\
         received      2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z\n\
         pending       1 wait for a retry or for an earlier record with their key\n\
         dead letters  2\n\
         size          3 MiB, of which 1 MiB are free\n\
         format        2"
    );
}

#[test]
fn a_restore_is_told_in_plain_words() {
    let lane = |lane: &str, now: Option<u64>, then: Option<u64>| RestoredConsumer {
        lane: lane.to_owned(),
        now: now.map(Position),
        then: then.map(Position),
        ..RestoredConsumer::default()
    };
    let outlook = Restored {
        events_lost: 40,
        events: 900,
        lanes: vec![
            RestoredConsumer { again: 310, ..lane("topics>crm", Some(1200), Some(900)) },
            RestoredConsumer { again: 1, dead_back: 1, ..lane("topics", Some(1200), Some(900)) },
            lane("topics>idle", Some(900), Some(700)),
            lane("topics>audit", Some(900), Some(900)),
            RestoredConsumer {
                again: 10,
                replays_again: 1,
                replays_lost: 43,
                dead_back: 2,
                dead_lost: 1,
                paused: Some(false),
                ..lane("topics>busy", Some(900), Some(900))
            },
            RestoredConsumer { skipped: 99, ..lane("ahead>x", Some(900), Some(1000)) },
            lane("old", None, Some(5)),
            RestoredConsumer { again: 3, paused: Some(true), ..lane("old>x", None, Some(5)) },
            RestoredConsumer { dead_lost: 3, ..lane("new>\u{1b}", Some(7), None) },
        ],
        ..Restored::default()
    };
    assert_eq!(
        restore::text(&outlook),
        "in the backup: 900 callbacks\n\
         callbacks lost: 40 that were received after the backup\n\
         topics>crm: 1200 → 900: up to 310 deliveries repeated\n\
         topics: 1200 → 900: up to 1 callback repeated, 1 dead letter restored\n\
         topics>idle: 900 → 700: nothing is repeated\n\
         topics>audit: stays at 900\n\
         topics>busy: stays at 900: up to 10 deliveries repeated, 1 replay repeated, 43 replays lost, \
         2 dead letters restored, 1 dead letter lost, no longer paused\n\
         ahead>x: 900 → 1000: up to 99 deliveries skipped as already done\n\
         old: only in the backup, at 5\n\
         old>x: only in the backup, at 5: up to 3 deliveries repeated, paused again\n\
         new>\\u{1b}: 7 → none: not in the backup, so it starts from the beginning, 3 dead letters lost"
    );
}

#[test]
fn damage_in_a_backup_is_told_before_it_is_restored_and_when_it_is_made() {
    let damage = vec![
        Damage { handler: None, position: Position(3) },
        Damage { handler: Some("topics".to_owned()), position: Position(4) },
    ];
    let found = Verified { damaged: 2, damage, ..Verified::default() };
    let outlook = Restored { events: 9, found: found.clone(), ..Restored::default() };
    assert_eq!(
        restore::text(&outlook),
        "in the backup: 9 callbacks\n\
         the backup is damaged; damaged items are quarantined and never delivered:\n\
         damaged: 2\n  callback 3\n  record 4 of topics\n\
         callbacks lost: none, because none was received after the backup"
    );
    let mut done = BackedUp { bytes: 1 << 20, last: Some(Position(8)), found };
    assert_eq!(
        backup::text("/b", &done),
        "/b: 1 MiB, everything up to callback 8, except what is damaged"
    );
    let failed = backup::verdict(&done).expect_err("damaged");
    assert_eq!(failed.code, 74);
    assert!(failed.message.contains("kept") && failed.message.contains("callback 3"), "{failed:?}");
    done.found = Verified::default();
    assert_eq!(backup::text("/b", &done), "/b: 1 MiB, everything up to callback 8");
    assert!(backup::verdict(&done).is_ok());
}
