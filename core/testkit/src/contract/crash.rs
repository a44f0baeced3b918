//! What a crash leaves.

use jiff::SignedDuration;

use super::*;

/// Leased, held and unseen items all come back; so do unread entries of a projection.
pub async fn unsettled_work_comes_back_after_a_crash(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::Key).await;
    let at = node.records(&["a", "b", "a"]).await;
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at[..2]);
    let last = node.append("A.B", "c", "unread").await;
    let _ = node.lease(&ConsumerId::projection("h"), &want(9)).await;
    let node = again(fixture, node, Ordering::Key).await;
    let lease = node.lease(&ConsumerId::projection("h"), &want(9)).await;
    assert_eq!((positions(&lease), bodies(&lease)), (vec![last], vec!["unread".to_owned()]));
    node.finish(&lease, recorded).await;
    let lease = node.lease(&lane(), &want(9)).await;
    assert_eq!(positions(&lease), [at[0], at[1], last]);
    node.finish(&lease, |_| Disposition::Delivered).await;
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at[2..]);
}

/// What was settled in order is gone for good; behind an item that hangs at most a few dozen come back.
pub async fn settled_work_does_not_come_back(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&[""; 200]).await;
    let lease = node.lease(&lane(), &want(10)).await;
    node.finish(&lease, |_| Disposition::Delivered).await;
    let node = again(fixture, node, Ordering::None).await;
    let lease = node.lease(&lane(), &want(200)).await;
    assert_eq!(positions(&lease), at[10..]);
    for item in &lease.items[1..] {
        let delivered = vec![(item.position, Disposition::Delivered)];
        node.settle(&lease, delivered).await.expect("the lease holds");
    }
    let node = again(fixture, node, Ordering::None).await;
    let lease = node.lease(&lane(), &want(200)).await;
    assert_eq!(lease.items[0].position, at[10]);
    assert!(lease.items.len() <= 65, "{} came back", lease.items.len());
    node.finish(&lease, |_| Disposition::Delivered).await;
    let node = again(fixture, node, Ordering::None).await;
    node.nothing(&lane(), &want(200)).await;
}

/// With their attempts, not before their time, and still ahead of what waits behind them.
pub async fn retries_and_held_items_survive_a_crash(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::Key).await;
    let at = node.records(&["b", "a", "a"]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    let fates = vec![(at[1], retry(Duration::from_mins(1))), (at[0], Disposition::Delivered)];
    node.settle(&lease, fates).await.expect("the lease holds");
    let node = again(fixture, node, Ordering::Key).await;
    fixture.clock().advance(Duration::from_secs(59));
    node.nothing(&lane(), &want(9)).await;
    fixture.clock().advance(Duration::from_secs(1));
    let lease = node.lease(&lane(), &want(9)).await;
    assert_eq!((positions(&lease), lease.items[0].attempts), (vec![at[1]], 1));
    node.finish(&lease, |_| Disposition::Delivered).await;
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at[2..]);
}

/// So does what tells duplicates.
pub async fn state_and_dead_letters_survive_a_crash(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let window = Duration::from_mins(1);
    let dedupe = Some(switchhook_api::journal::Dedupe { key: "d".into(), window });
    let one = switchhook_api::journal::Entry { dedupe, ..entry("A.B", "", "x") };
    let kept = node.0.append(vec![one.clone()]).await.expect("kept");
    let [Appended::Kept(at)] = kept[..] else { panic!("{kept:?}") };
    let lease = node.lease(&ConsumerId::projection("h"), &want(9)).await;
    let dead = Disposition::Dead { reason: "no".into(), response: None };
    let state = StateChanges::from([("k".into(), Some("v".into()))]);
    node.settle_with(&lease, vec![(at, dead)], state).await.expect("the lease holds");
    let node = again(fixture, node, Ordering::None).await;
    assert_eq!(node.0.append(vec![one]).await.expect("told"), [Appended::Duplicate(at)]);
    assert_eq!(node.0.state("h", "k").await.expect("state").as_deref(), Some(&b"v"[..]));
    let letters =
        node.0.dead_letters(&DeadLetterQuery::first(9)).await.expect("dead letters").items;
    assert_eq!((letters.len(), letters[0].position, &*letters[0].reason), (1, at, "no"));
    node.nothing(&ConsumerId::projection("h"), &want(9)).await;
}

/// A retry due in a minute comes within a minute, even if the time of day was set back by years and the server restarted.
pub async fn a_jumping_clock_makes_no_wait_longer(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&[""]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    node.finish(&lease, |_| retry(Duration::from_mins(1))).await;
    fixture.clock().jump_wall(SignedDuration::from_hours(-10 * 365 * 24));
    let node = again(fixture, node, Ordering::None).await;
    node.nothing(&lane(), &want(9)).await;
    fixture.clock().advance(Duration::from_mins(1));
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at);
}

/// New records find their way to it as before.
pub async fn a_subscription_goes_on_after_a_crash(fixture: &dyn JournalFixture) {
    let mut node = Node::with_lanes(fixture, Ordering::Key).await;
    let mut seen = Vec::new();
    let mut all = Vec::new();
    for _ in 0..5 {
        all.extend(node.records(&["a", "b", "c"]).await);
        let lease = node.lease(&lane(), &want(9)).await;
        seen.extend(positions(&lease));
        node.finish(&lease, |_| Disposition::Delivered).await;
        node = again(fixture, node, Ordering::Key).await;
    }
    node.nothing(&lane(), &want(9)).await;
    assert_eq!(seen, all);
}
