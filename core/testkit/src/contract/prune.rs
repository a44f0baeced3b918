//! Removing what is old or too much, and nothing that is needed.

use switchhook_api::journal::{EventQuery, Pruned, Replay, Retention};

use super::*;

const HOUR: Duration = Duration::from_hours(1);

fn older_than(age: Duration) -> Retention {
    Retention { retention: Some(age), ..Retention::default() }
}

async fn prune(node: &Node, retention: &Retention) -> Pruned {
    node.0.prune(retention).await.expect("pruned")
}

async fn kept(node: &Node) -> Vec<Position> {
    let query = EventQuery { limit: 1000, oldest_first: true, ..EventQuery::default() };
    let page = node.0.events(&query).await.expect("history");
    page.items.iter().map(|event| event.position).collect()
}

/// Also when none is left, and after a crash.
pub async fn old_entries_go_and_their_positions_stay_taken(fixture: &dyn JournalFixture) {
    let mut node = Node::with_lanes(fixture, Ordering::None).await;
    let old = node.records(&["", "", ""]).await;
    node.deliver(&lane(), 3).await;
    fixture.clock().advance(HOUR);
    let new = node.records(&["", ""]).await;
    node.deliver(&lane(), 2).await;
    assert_eq!(prune(&node, &Retention::default()).await, Pruned::default());
    assert_eq!(prune(&node, &older_than(2 * HOUR)).await, Pruned::default());
    let gone = Pruned { events: 3, ..Pruned::default() };
    assert_eq!(prune(&node, &older_than(HOUR)).await, gone);
    assert_eq!(kept(&node).await, new);
    let nowhere = Replay { lane: lane(), positions: old, dry_run: true };
    assert_eq!(node.0.replay(&nowhere).await.expect("counted").missing, 3);
    let mut last = new[1];
    for _ in 0..3 {
        node = again(fixture, node, Ordering::None).await;
        prune(&node, &older_than(Duration::ZERO)).await;
        assert_eq!(kept(&node).await, []);
        node.attach(&[]).await;
        for name in ["h", "h>a"] {
            let lane = name.parse().unwrap_or_else(|never| match never {});
            node.0.forget_lane(&lane).await.expect("forgotten");
        }
        node = again(fixture, node, Ordering::None).await;
        let next = node.records(&[""]).await;
        assert!(next[0] > last, "{next:?} after {last}");
        assert_eq!(node.deliver(&lane(), 1).await, next);
        last = next[0];
    }
}

/// Until it fits, not more.
pub async fn the_oldest_go_when_the_store_is_too_large(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let body = "x".repeat(100_000);
    let mut all = Vec::new();
    for _ in 0..40 {
        all.push(node.append("A.B", "", &body).await);
        node.project("h").await;
    }
    node.deliver(&lane(), 40).await;
    let to = |size: u64| Retention { retention_size: Some(size), ..Retention::default() };
    assert_eq!(prune(&node, &to(10_000_000)).await, Pruned::default());
    let pruned = prune(&node, &to(2_000_000)).await;
    assert!((20..=25).contains(&pruned.events), "{pruned:?}");
    let gone = usize::try_from(pruned.events).expect("a small number");
    assert_eq!(kept(&node).await, all[gone..]);
    assert_eq!(prune(&node, &to(2_000_000)).await, Pruned::default());
}

/// What it has not read, what waits in it, and what waits for it to come back; its name is told.
pub async fn what_a_lane_needs_stays(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", "", "", "", ""]).await;
    fixture.clock().advance(HOUR);
    let by =
        |events, lane: &str| Pruned { events, held_by: Some(lane.into()), ..Pruned::default() };
    assert_eq!(prune(&node, &older_than(HOUR)).await, by(0, "h>a"));
    let lease = node.lease(&lane(), &want(9)).await;
    let fates: Vec<_> = (0..5)
        .map(|n| (at[n], if n == 2 { retry(9 * HOUR) } else { Disposition::Delivered }))
        .collect();
    node.settle(&lease, fates).await.expect("the lease holds");
    assert_eq!(prune(&node, &older_than(HOUR)).await, by(2, "h>a"));
    let node = again(fixture, node, Ordering::None).await;
    assert_eq!(kept(&node).await, at[2..]);
    assert_eq!(prune(&node, &older_than(HOUR)).await, by(0, "h>a"));
    node.attach(&[projection("h", "*")]).await;
    assert_eq!(prune(&node, &older_than(HOUR)).await, by(0, "h>a"));
    let node = again(fixture, node, Ordering::None).await;
    fixture.clock().advance(9 * HOUR);
    assert_eq!(bodies(&node.lease(&lane(), &want(9)).await), ["2"]);
    fixture.clock().advance(TERM);
    assert_eq!(node.deliver(&lane(), 1).await, at[2..3]);
    let unread = node.append("A.B", "", "unread").await;
    fixture.clock().advance(HOUR);
    assert_eq!(prune(&node, &older_than(HOUR)).await, by(3, "h"));
    assert_eq!(kept(&node).await, [unread]);
}

/// Its callback and its record; nothing else.
pub async fn what_a_dead_letter_or_a_replay_needs_stays(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let mut at = Vec::new();
    for _ in 0..4 {
        at.extend(node.records(&[""]).await);
    }
    let lease = node.lease(&lane(), &want(9)).await;
    node.finish(
        &lease,
        |item| if item.position == at[0] { dead("no") } else { Disposition::Delivered },
    )
    .await;
    let replay = Replay { lane: lane(), positions: vec![at[2]], dry_run: false };
    assert_eq!(node.0.replay(&replay).await.expect("replayed").queued, 1);
    fixture.clock().advance(HOUR);
    let gone = |events| Pruned { events, ..Pruned::default() };
    assert_eq!(prune(&node, &older_than(HOUR)).await, gone(2));
    let node = again(fixture, node, Ordering::None).await;
    assert_eq!(kept(&node).await, [at[0], at[2]]);
    let letter = node.letters().await.swap_remove(0);
    assert!(letter.callback.is_some());
    node.0.retry_dead_letters(&[letter.number]).await.expect("retried");
    assert_eq!(prune(&node, &older_than(HOUR)).await, gone(0));
    let lease = node.lease(&lane(), &want(9)).await;
    assert_eq!(lease.items.len(), 2);
    node.finish(&lease, |_| Disposition::Delivered).await;
    assert_eq!(prune(&node, &older_than(HOUR)).await, gone(2));
    assert_eq!(kept(&node).await, []);
}

/// By the time they were given up.
pub async fn old_dead_letters_go(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", ""]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    node.settle(&lease, vec![(at[0], dead("old"))]).await.expect("the lease holds");
    fixture.clock().advance(Duration::from_secs(9));
    node.settle(&lease, vec![(at[1], dead("new"))]).await.expect("the lease holds");
    let keep = Some(Duration::from_secs(9));
    let retention = Retention { dead_letter_retention: keep, ..Retention::default() };
    let pruned = prune(&node, &retention).await;
    assert_eq!(pruned, Pruned { dead_letters: 1, ..Pruned::default() });
    let left = node.letters().await;
    assert_eq!((left.len(), &*left[0].reason), (1, "new"));
}

/// Then they hold nothing back any more; what is in the configuration does not go, however idle it is.
pub async fn lanes_that_left_long_ago_go(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", "", ""]).await;
    let lease = node.lease(&lane(), &want(1)).await;
    node.finish(&lease, |_| dead("no")).await;
    node.attach(&[projection("h", "*")]).await;
    fixture.clock().advance(HOUR);
    let keep = Some(Duration::from_mins(61));
    let retention = Retention { orphan_retention: keep, ..older_than(HOUR) };
    let pruned = prune(&node, &retention).await;
    assert_eq!(pruned.held_by.as_deref(), Some("h>a"));
    assert_eq!(kept(&node).await, at);
    fixture.clock().advance(Duration::from_mins(1));
    let pruned = prune(&node, &retention).await;
    let expected = Pruned { events: 3, lanes: vec!["h>a".into()], ..Pruned::default() };
    assert_eq!(pruned, expected);
    assert!(node.letters().await.is_empty());
    assert_eq!(node.0.lanes().await.expect("lanes").len(), 1);
}

/// Not with what is only kept for a dead letter.
pub async fn new_lanes_begin_with_what_is_kept(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let mut at = Vec::new();
    for _ in 0..3 {
        at.extend(node.records(&[""]).await);
    }
    let lease = node.lease(&lane(), &want(9)).await;
    node.finish(
        &lease,
        |item| if item.position == at[0] { dead("no") } else { Disposition::Delivered },
    )
    .await;
    fixture.clock().advance(HOUR);
    let new = node.records(&["", ""]).await;
    node.deliver(&lane(), 2).await;
    assert_eq!(prune(&node, &older_than(HOUR)).await.events, 2);
    let whole = ConsumerId::subscription("h", "whole");
    let late = ConsumerId::projection("late");
    node.attach(&[
        projection("h", "*"),
        subscription("h", "whole", Ordering::None),
        projection("late", "*"),
    ])
    .await;
    assert_eq!(positions(&node.lease(&whole, &want(9)).await), new);
    assert_eq!(positions(&node.lease(&late, &want(9)).await), new);
}
