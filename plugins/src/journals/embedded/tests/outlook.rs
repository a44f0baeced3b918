//! What a restore is said to mean, and what it then does.

use switchhook_api::journal::RestoredConsumer;

use super::*;

fn h() -> ConsumerId {
    ConsumerId::projection("h")
}

fn ha() -> ConsumerId {
    ConsumerId::subscription("h", "a")
}

async fn opened(folder: &Folder) -> Embedded {
    let journal = folder.embedded().unwrap();
    journal.attach(&[lane(h()), lane(ha())]).await.unwrap();
    journal
}

/// Ten callbacks, and records of those that are wanted, in one blob.
async fn filled(folder: &Folder, wanted: fn(u64) -> bool) -> Embedded {
    let journal = opened(folder).await;
    for n in 1..=10 {
        append(&journal, &format!("body{n}")).await.unwrap();
    }
    let got = lease(&journal, &h(), 100).await;
    let callback = switchhook_testkit::callback("A.B", "");
    let record = |at: Position| wanted(at.0).then(|| NewRecord::new(&callback, "", at.to_string()));
    let fates =
        got.items.iter().map(|item| (item.position, Disposition::Recorded(record(item.position))));
    let (fates, state) = (fates.collect(), StateChanges::new());
    journal.settle(Settlement { lane: got.lane, token: got.token, fates, state }).await.unwrap();
    journal
}

fn busy() -> Disposition {
    Disposition::Retry { after: Duration::from_mins(1), reason: "busy".into() }
}

fn dead() -> Disposition {
    Disposition::Dead { reason: "gone".into(), response: None }
}

/// Gives so many deliveries, those due again first, this fate.
async fn fate(journal: &Embedded, mut many: usize, fate: impl Fn() -> Disposition) {
    while many > 0 {
        let got = lease(journal, &ha(), many).await;
        many -= got.items.len();
        finish(journal, got, &fate).await;
    }
}

async fn backup(folder: &Folder, journal: &Embedded) -> PathBuf {
    let to = folder.dir.path().join("backup");
    journal.backup(&to).await.unwrap();
    folder.clock.advance(Duration::from_hours(1));
    to
}

/// What is said of a lane, once the journal is closed.
async fn told(
    folder: &Folder,
    journal: Embedded,
    to: &Path,
    name: &ConsumerId,
) -> RestoredConsumer {
    drop(journal);
    let journal = folder.embedded().unwrap();
    let outlook = journal.restore(to, true).await.unwrap();
    outlook.lanes.into_iter().find(|lane| lane.lane == name.to_string()).unwrap()
}

fn of(name: &ConsumerId, now: u64, then: u64) -> RestoredConsumer {
    let (now, then) = (Some(Position(now)), Some(Position(then)));
    RestoredConsumer { lane: name.to_string(), now, then, ..RestoredConsumer::default() }
}

#[tokio::test]
async fn as_many_deliveries_are_told_as_are_made_again() {
    // So many waited for a retry when the backup was made, so many were tried since, and so many of these wait again.
    for (waiting, tried, again) in
        [(4, 10, 0), (10, 10, 0), (4, 7, 0), (0, 10, 0), (4, 10, 3), (6, 0, 0)]
    {
        let folder = Folder::new();
        let journal = filled(&folder, |_| true).await;
        fate(&journal, waiting, busy).await;
        let to = backup(&folder, &journal).await;
        fate(&journal, tried - again, || Disposition::Delivered).await;
        fate(&journal, again, busy).await;
        let told = told(&folder, journal, &to, &ha()).await;
        let case = format!("{waiting} waited, {tried} tried, {again} wait: {told:?}");
        assert_eq!(told.again, (tried - again) as u64, "{case}");
        assert_eq!((told.then, told.skipped), (Some(Position(waiting as u64)), 0), "{case}");
        let journal = folder.embedded().unwrap();
        journal.restore(&to, false).await.unwrap();
        drop(journal);
        let journal = opened(&folder).await;
        folder.clock.advance(Duration::from_hours(1));
        fate(&journal, 10, || Disposition::Delivered).await;
        assert_eq!(journal.lanes().await.unwrap()[1].open, 0, "all ten were there again");
    }
}

#[tokio::test]
async fn only_what_has_a_record_is_made_again() {
    let folder = Folder::new();
    let journal = filled(&folder, |n| n % 2 == 1).await;
    fate(&journal, 1, || Disposition::Delivered).await;
    let to = backup(&folder, &journal).await;
    fate(&journal, 3, || Disposition::Delivered).await; // 3, 5, 7; 1 was before, 9 is to come
    let told = told(&folder, journal, &to, &ha()).await;
    assert_eq!((told.again, told.skipped), (3, 0), "{told:?}");
}

#[tokio::test]
async fn what_the_handler_has_yet_to_look_at_is_made_again_too() {
    let folder = Folder::new();
    let journal = opened(&folder).await;
    for n in 1..=10 {
        append(&journal, &format!("body{n}")).await.unwrap();
    }
    let to = backup(&folder, &journal).await;
    drop(journal);
    let journal = opened(&folder).await;
    append(&journal, "after it").await.unwrap();
    let callback = switchhook_testkit::callback("A.B", "");
    for _ in 0..11 {
        let got = lease(&journal, &h(), 1).await;
        finish(&journal, got, || Disposition::Recorded(Some(NewRecord::of(&callback)))).await;
    }
    fate(&journal, 10, || Disposition::Delivered).await;
    fate(&journal, 1, busy).await;
    drop(journal);
    let outlook = folder.embedded().unwrap().restore(&to, true).await.unwrap();
    assert_eq!((outlook.events, outlook.events_lost), (10, 1));
    let expected = |name| RestoredConsumer { again: 10, ..of(name, 11, 0) };
    assert_eq!(
        outlook.lanes,
        [expected(&h()), expected(&ha())],
        "the eleventh is lost, not handled again"
    );
}

#[tokio::test]
async fn replays_and_dead_letters_that_go_or_come_back_are_told() {
    let folder = Folder::new();
    let journal = filled(&folder, |_| true).await;
    fate(&journal, 2, dead).await;
    fate(&journal, 8, || Disposition::Delivered).await;
    let to = backup(&folder, &journal).await;
    let positions = (3..=8).map(Position).collect();
    journal.replay(&Replay { lane: ha(), positions, dry_run: false }).await.unwrap();
    assert_eq!(journal.drop_dead_letters(&[1]).await.unwrap(), 1);
    assert_eq!(journal.retry_dead_letters(&[2]).await.unwrap().queued, 1);
    journal.pause("a", true).await.unwrap();
    let lost = RestoredConsumer {
        replays_lost: 7,
        dead_back: 2,
        paused: Some(false),
        ..of(&ha(), 10, 10)
    };
    assert_eq!(told(&folder, journal, &to, &ha()).await, lost);
}

#[tokio::test]
async fn replays_made_and_dead_letters_written_since_are_told() {
    let folder = Folder::new();
    let journal = filled(&folder, |_| true).await;
    fate(&journal, 10, || Disposition::Delivered).await;
    let positions = (3..=8).map(Position).collect();
    journal.replay(&Replay { lane: ha(), positions, dry_run: false }).await.unwrap();
    let to = backup(&folder, &journal).await;
    fate(&journal, 3, || Disposition::Delivered).await;
    fate(&journal, 2, dead).await;
    let expected = RestoredConsumer { replays_again: 5, dead_lost: 2, ..of(&ha(), 10, 10) };
    assert_eq!(told(&folder, journal, &to, &ha()).await, expected);
}

#[tokio::test]
async fn what_only_has_the_number_of_another_is_told_apart() {
    let (folder, other) = (Folder::new(), Folder::new());
    other.clock.advance(Duration::from_mins(1));
    for one in [&folder, &other] {
        let journal = filled(one, |_| true).await;
        fate(&journal, 1, dead).await;
        fate(&journal, 9, || Disposition::Delivered).await;
        let positions = vec![Position(3)];
        journal.replay(&Replay { lane: ha(), positions, dry_run: false }).await.unwrap();
        backup(one, &journal).await;
    }
    let journal = folder.embedded().unwrap();
    let expected = RestoredConsumer {
        replays_again: 1,
        replays_lost: 1,
        dead_back: 1,
        dead_lost: 1,
        ..of(&ha(), 10, 10)
    };
    let to = other.dir.path().join("backup");
    assert_eq!(told(&folder, journal, &to, &ha()).await, expected);
}

#[tokio::test]
async fn what_a_backup_is_ahead_with_is_taken_for_done() {
    let folder = Folder::new();
    let journal = filled(&folder, |_| true).await;
    fate(&journal, 2, busy).await;
    fate(&journal, 8, || Disposition::Delivered).await;
    let to = backup(&folder, &journal).await;
    drop(journal);
    folder.raw().execute("UPDATE lanes SET cursor = 1 WHERE id = 'h>a'", []).unwrap();
    let journal = folder.embedded().unwrap();
    let expected = RestoredConsumer { skipped: 8, ..of(&ha(), 1, 10) };
    assert_eq!(told(&folder, journal, &to, &ha()).await, expected);
}

#[tokio::test]
async fn lanes_of_one_side_alone_are_told() {
    let (folder, other) = (Folder::new(), Folder::new());
    let journal = filled(&folder, |_| true).await;
    fate(&journal, 3, busy).await;
    let to = backup(&folder, &journal).await;
    let empty = other.embedded().unwrap();
    let expected = RestoredConsumer { now: None, again: 10, ..of(&ha(), 0, 3) };
    assert_eq!(told(&other, empty, &to, &ha()).await, expected);
    fate(&journal, 3, dead).await;
    let to = other.dir.path().join("empty");
    other.embedded().unwrap().backup(&to).await.unwrap();
    let expected = RestoredConsumer { then: None, dead_lost: 3, ..of(&ha(), 3, 0) };
    assert_eq!(told(&folder, journal, &to, &ha()).await, expected);
}

#[tokio::test]
async fn damage_in_a_backup_is_counted_and_named() {
    let folder = Folder::new();
    let journal = filled(&folder, |_| true).await;
    let to = backup(&folder, &journal).await;
    drop(journal);
    let raw = rusqlite::Connection::open(&to).unwrap();
    spoil(&raw, "entries", b"body4");
    spoil(&raw, "records", b"\x08\0\0\0\0\0\0\0");
    drop(raw);
    let journal = folder.embedded().unwrap();
    for dry_run in [true, false] {
        let found = journal.restore(&to, dry_run).await.unwrap().found;
        let places: Vec<_> = found.damage.iter().map(ToString::to_string).collect();
        assert_eq!((found.damaged, &*places.join(", ")), (2, "callback 4, record 8 of h"));
    }
}

#[tokio::test]
async fn a_backup_tells_of_the_damage_that_it_copied() {
    let folder = Folder::new();
    drop(filled(&folder, |_| true).await);
    damage(&folder, "entries", b"body4");
    let journal = folder.embedded().unwrap();
    let to = folder.dir.path().join("backup");
    let done = journal.backup(&to).await.unwrap();
    assert_eq!((done.found.damaged, done.found.damage[0].position), (1, Position(4)));
    assert_eq!((done.found.events, done.found.records), (9, 10));
    assert_eq!(std::fs::metadata(&to).unwrap().len(), done.bytes);
    assert_eq!(done.last, Some(Position(10)));
}
