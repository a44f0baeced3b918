//! Numbers, verification, backup and restore, for stores that have them.

use switchhook_api::journal::EventQuery;

use super::*;

/// What the operator asked for; none: this store has no way to do it, and says so.
fn answered<T>(answer: Result<T, JournalError>) -> Option<T> {
    match answer {
        Err(JournalError::Unsupported(_)) => None,
        answer => Some(answer.expect("an answer")),
    }
}

/// One item dead, one to be tried again, one delivered.
fn one_of_each(lease: &Lease) -> Vec<(Position, Disposition)> {
    let dead = Disposition::Dead { reason: "no".to_owned(), response: None };
    let fates = [dead, retry(Duration::from_mins(1)), Disposition::Delivered];
    positions(lease).into_iter().zip(fates).collect()
}

async fn bodies_kept(node: &Node) -> Vec<String> {
    let page = node.0.events(&EventQuery { limit: 100, ..EventQuery::default() }).await;
    let text =
        |event: switchhook_api::journal::StoredEvent| String::from_utf8_lossy(&event.body).into();
    page.expect("history").items.into_iter().map(text).collect()
}

/// Callbacks, dead letters and open rows are counted, the first and the last named.
pub async fn stats_count_what_there_is(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let Some(stats) = answered(node.0.stats().await) else { return };
    assert_eq!((stats.events, stats.first, stats.last), (0, None, None));
    let places = node.records(&["a", "b", "c"]).await;
    let lease = node.lease(&lane(), &want(10)).await;
    node.settle(&lease, one_of_each(&lease)).await.expect("settled");
    fixture.clock().advance(Duration::from_secs(5));
    node.append("A.B", "", "late").await;
    let stats = node.0.stats().await.expect("numbers");
    assert_eq!((stats.events, stats.dead_letters, stats.open), (4, 1, 1));
    assert_eq!((stats.first, stats.last), (Some(places[0]), Some(Position(places[2].0 + 1))));
    let seconds = |time: Option<jiff::Timestamp>| time.expect("a time").as_second();
    assert_eq!(seconds(stats.newest) - seconds(stats.oldest), 5);
    assert!(stats.bytes > 0, "{stats:?}");
}

/// A store that nothing has happened to is whole; nothing is read twice or left out.
pub async fn a_sound_store_is_whole(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    node.records(&["a", "b", "c", "d"]).await;
    let lease = node.lease(&lane(), &want(3)).await;
    node.settle(&lease, one_of_each(&lease)).await.expect("settled");
    node.append("A.B", "", "without a record").await;
    let Some(verified) = answered(node.0.verify().await) else { return };
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!((verified.events, verified.records), (5, 4));
    assert_eq!((node.0.damaged(), node.0.notes_lost()), (0, 0));
}

/// A backup goes to a new file and has what was there then; a restore brings it back and says what it means.
pub async fn a_backup_can_be_restored(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let Some(file) = node.0.folder().map(|folder| folder.join("backup")) else { return };
    node.records(&["a", "b"]).await;
    let Some(backed_up) = answered(node.0.backup(&file).await) else { return };
    assert_eq!(backed_up.last, Some(Position(2)));
    assert_eq!(std::fs::metadata(&file).expect("the backup").len(), backed_up.bytes);
    let again = node.0.backup(&file).await;
    assert!(matches!(again, Err(JournalError::Refused(_))), "{again:?}");
    assert_eq!(std::fs::metadata(&file).expect("the backup").len(), backed_up.bytes);
    node.records(&["c"]).await;
    let refused = node.0.restore(&file, false).await;
    assert!(matches!(refused, Err(JournalError::Refused(_))), "lanes are attached: {refused:?}");
    node.0.shutdown().await;
    drop(node);
    let node = Node::open(fixture).await;
    let dry = node.0.restore(&file, true).await.expect("what it would mean");
    assert_eq!((dry.events, dry.events_lost, &dry.kept), (2, 1, &None));
    let moved: Vec<_> = dry.lanes.iter().map(|lane| (&*lane.lane, lane.now, lane.then)).collect();
    let at = |position| Some(Position(position));
    assert_eq!(moved, [("h", at(3), at(2)), ("h>a", at(0), at(0))]);
    assert_eq!(bodies_kept(&node).await.len(), 3, "a dry run changes nothing");
    let restored = node.0.restore(&file, false).await.expect("restored");
    assert_eq!((restored.events_lost, restored.lanes), (1, dry.lanes));
    assert!(std::path::Path::new(&restored.kept.expect("the old store")).exists());
    assert!(matches!(node.0.attach(&[]).await, Err(JournalError::Closed)));
    drop(node);
    let node = Node::with_lanes(fixture, Ordering::None).await;
    assert_eq!(bodies_kept(&node).await, ["b1", "a0"]);
    assert_eq!(node.append("A.B", "", "new").await, Position(3));
    assert_eq!(bodies(&node.lease(&lane(), &want(10)).await), ["a0", "b1"]);
    assert!(node.0.verify().await.expect("read").is_whole());
}
