//! Stores that former versions left behind, as a kill -9 leaves them. How they are made: `stores/README.md`.

use std::collections::BTreeMap;

use switchhook_api::journal::{Position, Work};

use super::super::stats::beside;
use super::*;

fn place(version: i64) -> PathBuf {
    let stores = "src/journals/embedded/tests/stores";
    Path::new(env!("CARGO_MANIFEST_DIR")).join(stores).join(format!("v{version}"))
}

/// A folder with a copy of a store.
fn copied(version: i64) -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.dir.path().join("j")).unwrap();
    for name in ["journal.sqlite", "journal.sqlite-wal"] {
        let to = folder.dir.path().join("j").join(name);
        std::fs::copy(place(version).join(name), to).unwrap();
    }
    folder
}

fn specs() -> Vec<ConsumerSpec> {
    let subscriptions =
        [("all", "audit"), ("topics", "audit"), ("topics", "refused"), ("topics", "later")];
    let by_key = |(handler, action)| ConsumerSpec {
        ordering: Ordering::Key,
        ..lane(ConsumerId::subscription(handler, action))
    };
    let projections = ["all", "topics"].map(|handler| lane(ConsumerId::projection(handler)));
    projections.into_iter().chain(subscriptions.map(by_key)).collect()
}

async fn attached(folder: &Folder) -> Embedded {
    let journal = folder.embedded().unwrap();
    journal.attach(&specs()).await.unwrap();
    journal
}

#[tokio::test]
async fn a_store_of_version_1_is_brought_up_to_date() {
    let folder = copied(1);
    let journal = attached(&folder).await;
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.format, stats.events, stats.dead_letters), (3, 12, 10));
    let verified = journal.verify().await.unwrap();
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!((verified.events, verified.records), (12, 33));
    let lanes = journal.lanes().await.unwrap();
    let found: BTreeMap<&str, _> = lanes
        .iter()
        .map(|lane| (&*lane.lane, (lane.cursor.0, lane.open, lane.dead, lane.detached)))
        .collect();
    let expected = BTreeMap::from([
        ("all", (12, 0, 0, false)),
        ("all>audit", (12, 0, 0, false)),
        ("gone", (11, 0, 0, true)),
        ("gone>audit", (11, 0, 0, true)),
        ("topics", (12, 0, 0, false)),
        ("topics>audit", (10, 0, 0, false)),
        ("topics>refused", (10, 0, 10, false)),
        ("topics>later", (3, 3, 0, false)),
    ]);
    assert_eq!(found, expected);
    let letters = journal.dead_letters(&DeadLetterQuery::first(100)).await.unwrap().items;
    let places: Vec<_> = letters.iter().map(|one| (one.number, one.position.0)).collect();
    assert_eq!(places, (1..=10).rev().map(|n| (n, n)).collect::<Vec<_>>());
    assert!(letters.iter().all(|one| one.lane == "topics>refused" && one.attempts == 1));
    assert!(letters[0].reason.contains("Connection refused"));
    let query = EventQuery { limit: 100, ..EventQuery::default() };
    let events = journal.events(&query).await.unwrap().items;
    assert_eq!(
        events.iter().map(|e| e.position.0).collect::<Vec<_>>(),
        (1..=12).rev().collect::<Vec<_>>()
    );
    let key = "1400000000/@TGS#_community0/@TGS#_community0@TOPIC#_x";
    let state = journal.state("topics", key).await.unwrap();
    assert_eq!(state.as_deref(), Some(&br#"{"Name":"name 9"}"#[..]));
}

#[tokio::test]
async fn delivery_goes_on_in_a_store_of_version_1() {
    let folder = copied(1);
    let journal = attached(&folder).await;
    let later = ConsumerId::subscription("topics", "later");
    folder.clock.advance(Duration::from_hours(25)); // past every retry
    let mut delivered = Vec::new();
    while delivered.len() < 10 {
        let wanted = LeaseRequest { whole_keys: true, ..want(100) };
        let got = tokio::time::timeout(Duration::from_secs(20), journal.lease(&later, &wanted));
        let got = got.await.expect("work").unwrap();
        delivered.extend(got.items.iter().map(|item| item.position.0));
        finish(&journal, got, || Disposition::Delivered).await;
    }
    delivered.sort_unstable();
    assert_eq!(delivered, (1..=10).collect::<Vec<_>>());
    append(&journal, "new").await.unwrap();
    let got = lease(&journal, &ConsumerId::projection("all"), 9).await;
    assert_eq!(got.items[0].position.0, 13);
    let callback = switchhook_testkit::callback("A.B", "");
    finish(&journal, got, || Disposition::Recorded(Some(NewRecord::of(&callback)))).await;
    let got = lease(&journal, &ConsumerId::subscription("all", "audit"), 9).await;
    finish(&journal, got, || Disposition::Dead { reason: "new".into(), response: None }).await;
    let letters = journal.dead_letters(&DeadLetterQuery::first(1)).await.unwrap().items;
    assert_eq!((letters[0].number, letters[0].position.0), (11, 13));
    drop(journal);
    let journal = attached(&folder).await;
    let lanes = journal.lanes().await.unwrap();
    let later = lanes.iter().find(|lane| lane.lane == "topics>later").unwrap();
    assert_eq!((later.cursor.0, later.open), (12, 0));
}

#[tokio::test]
async fn a_backup_of_any_version_can_be_looked_into() {
    for (version, lane, owed) in [(1, "topics>later", 10), (2, "h>later", 2), (3, "h>later", 2)] {
        let old = copied(version);
        let raw = old.raw();
        raw.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).unwrap(); // one file, as a backup is
        drop(raw);
        let bytes = std::fs::read(old.file()).unwrap();
        let outlook = Folder::new().embedded().unwrap().restore(&old.file(), true).await.unwrap();
        assert!(outlook.events > 0 && outlook.found.is_whole(), "{version}: {outlook:?}");
        assert_eq!(outlook.found.events, outlook.events, "{version}");
        let later = outlook.lanes.iter().find(|one| one.lane == lane).unwrap();
        assert_eq!(later.again, owed, "{version}: {outlook:?}");
        assert_eq!(
            std::fs::read(old.file()).unwrap(),
            bytes,
            "{version}: nothing is written to it"
        );
    }
}

/// As it is made, so it must be found.
fn specs_2(gone: bool) -> Vec<ConsumerSpec> {
    let mut ids = vec![
        ConsumerId::projection("h"),
        ConsumerId::subscription("h", "later"),
        ConsumerId::subscription("h", "refused"),
        ConsumerId::subscription("h", "paused"),
    ];
    ids.extend(gone.then(|| ConsumerId::projection("gone")));
    ids.into_iter().map(lane).collect()
}

#[tokio::test]
#[ignore = "makes test data: see stores/README.md"]
async fn make_a_store_of_this_version() {
    let to = PathBuf::from(std::env::var_os("SWITCHHOOK_STORE_TO").unwrap());
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    journal.attach(&specs_2(true)).await.unwrap();
    for n in 1..=4 {
        append(&journal, &format!("body {n}")).await.unwrap();
    }
    let got = lease(&journal, &ConsumerId::projection("h"), 9).await;
    let callback = switchhook_testkit::callback("A.B", "");
    let fates = got.items.iter().map(|item| match item.position.0 {
        1 => (
            item.position,
            Disposition::Recorded(Some(NewRecord::new(&callback, "own", "own body"))),
        ),
        _ => (item.position, Disposition::Recorded(Some(NewRecord::of(&callback)))),
    });
    let fates = fates.collect();
    let state = StateChanges::from([("key".to_owned(), Some(Bytes::from("value")))]);
    let (lane, token) = (got.lane, got.token);
    journal.settle(Settlement { lane, token, fates, state }).await.unwrap();
    let later = ConsumerId::subscription("h", "later");
    let got = lease(&journal, &later, 9).await;
    let fates = got.items.iter().map(|item| match item.position.0 {
        2 => {
            let after = Duration::from_hours(1);
            (item.position, Disposition::Retry { after, reason: "busy".to_owned() })
        }
        _ => (item.position, Disposition::Delivered),
    });
    let (lane, token, fates) = (got.lane, got.token, fates.collect());
    journal.settle(Settlement { lane, token, fates, state: StateChanges::new() }).await.unwrap();
    let refused = ConsumerId::subscription("h", "refused");
    let got = lease(&journal, &refused, 1).await;
    finish(&journal, got, || Disposition::Dead { reason: "no".into(), response: None }).await;
    let got = lease(&journal, &refused, 9).await;
    finish(&journal, got, || Disposition::Delivered).await;
    journal.pause("paused", true).await.unwrap();
    journal.attach(&specs_2(false)).await.unwrap();
    let positions = vec![Position(3)];
    journal.replay(&Replay { lane: refused, positions, dry_run: false }).await.unwrap();
    drop(journal);
    let journal = folder.embedded().unwrap();
    journal.attach(&specs_2(false)).await.unwrap();
    append(&journal, "body 5").await.unwrap(); // only in the WAL
    for suffix in ["", "-wal"] {
        std::fs::copy(beside(&folder.file(), suffix), beside(&to.join("journal.sqlite"), suffix))
            .unwrap();
    }
}

#[tokio::test]
async fn stores_of_versions_2_and_3_are_found_as_they_were_left() {
    for version in [2, 3] {
        as_it_was_left(&copied(version)).await;
    }
}

async fn as_it_was_left(folder: &Folder) {
    let journal = folder.embedded().unwrap();
    journal.attach(&specs_2(false)).await.unwrap();
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.format, stats.events, stats.dead_letters, stats.open), (3, 5, 1, 2));
    let verified = journal.verify().await.unwrap();
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!((verified.events, verified.records), (5, 4));
    let lanes = journal.lanes().await.unwrap();
    let found: Vec<_> = lanes
        .iter()
        .map(|one| (&*one.lane, one.open, one.dead, one.paused, one.detached))
        .collect();
    let expected = [
        ("gone", 0, 0, false, true),
        ("h", 0, 0, false, false),
        ("h>later", 1, 0, false, false),
        ("h>paused", 0, 0, true, false),
        ("h>refused", 1, 1, false, false),
    ];
    assert_eq!(found, expected);
    assert_eq!(journal.state("h", "key").await.unwrap().as_deref(), Some(&b"value"[..]));
    let got = lease(&journal, &ConsumerId::subscription("h", "refused"), 9).await;
    assert!(got.items[0].replay.is_some(), "the replay is on its way");
    let letters = journal.dead_letters(&DeadLetterQuery::first(9)).await.unwrap().items;
    assert_eq!((letters[0].number, letters[0].position.0, &*letters[0].reason), (1, 1, "no"));
    folder.clock.advance(Duration::from_hours(2));
    let got = lease(&journal, &ConsumerId::subscription("h", "later"), 9).await;
    assert_eq!(got.items.iter().map(|item| item.position.0).collect::<Vec<_>>(), [2]);
    let Work::Record(record) = &got.items[0].work else { panic!("a record") };
    assert_eq!(&record.body[..], b"body 2");
}

#[tokio::test]
async fn a_migration_broken_off_is_made_again() {
    let folder = copied(1);
    let raw = folder.raw();
    raw.execute_batch("CREATE TABLE replays (in_the_way)").unwrap();
    drop(raw);
    let error = folder.embedded().err().unwrap().to_string();
    assert!(error.contains("replays"), "{error}");
    let raw = folder.raw();
    let version: i64 = raw.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
    raw.execute_batch("DROP TABLE replays").unwrap();
    drop(raw);
    assert_eq!(folder.embedded().unwrap().stats().await.unwrap().format, 3);
}

#[tokio::test]
async fn whoever_only_reads_leaves_an_older_store_as_it_is() {
    for version in [1, 2] {
        let folder = copied(version);
        let mut cx = folder.cx();
        cx.read_only = true;
        let read = || std::fs::read(folder.file()).unwrap();
        let before = read();
        let error = Embedded::open(cx.path("j"), &options(), &cx).err().unwrap().to_string();
        assert!(error.contains("start the server of this program once"), "{error}");
        assert!(before == read(), "it was changed");
        let raw: i64 = folder.raw().pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
        assert_eq!(raw, version);
        drop(folder.embedded().unwrap());
        drop(Embedded::open(cx.path("j"), &options(), &cx).unwrap());
    }
}

#[tokio::test]
async fn a_newer_store_is_refused_and_stays_as_it_is() {
    let folder = copied(1);
    let raw = folder.raw();
    raw.pragma_update(None, "user_version", 4).unwrap();
    let killed = Folder::new();
    std::fs::create_dir(killed.dir.path().join("j")).unwrap();
    for suffix in ["", "-wal"] {
        std::fs::copy(beside(&folder.file(), suffix), beside(&killed.file(), suffix)).unwrap();
    }
    let read = || ["", "-wal"].map(|suffix| std::fs::read(beside(&killed.file(), suffix)).unwrap());
    let before = read();
    assert!(!before[1].is_empty());
    let error = killed.embedded().err().unwrap().to_string();
    assert!(error.contains("format 4; this program supports up to 3"), "{error}");
    assert!(before == read(), "it was changed");
}

#[tokio::test]
async fn a_store_of_a_former_version_can_be_restored() {
    let (folder, old) = (Folder::new(), copied(1));
    old.raw().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let journal = folder.embedded().unwrap();
    append(&journal, "lost").await.unwrap();
    let restored = journal.restore(&old.file(), false).await.unwrap();
    assert_eq!((restored.events, restored.events_lost, restored.lanes.len()), (12, 1, 8));
    let journal = folder.embedded().unwrap();
    let stats = journal.stats().await.unwrap();
    assert_eq!((stats.format, stats.events), (3, 12));
}

/// The power went after the first pages of the database were written, with what takes them back beside it.
#[tokio::test]
async fn a_store_whose_making_was_cut_off_is_made_anew() {
    let (half, folder) = (tempfile::tempdir().unwrap(), Folder::new());
    let making = rusqlite::Connection::open(half.path().join("journal.sqlite")).unwrap();
    making
        .execute_batch("PRAGMA cache_size = 1; BEGIN; CREATE TABLE t (x); INSERT INTO t VALUES (randomblob(200000));")
        .unwrap();
    std::fs::create_dir(folder.dir.path().join("j")).unwrap();
    for file in ["journal.sqlite", "journal.sqlite-journal"] {
        let from = half.path().join(file);
        assert!(from.metadata().unwrap().len() > 0, "{file}");
        std::fs::copy(from, folder.dir.path().join("j").join(file)).unwrap();
    }
    let journal = folder.embedded().unwrap();
    append(&journal, "one").await.unwrap();
    assert!(journal.verify().await.unwrap().is_whole());
}
