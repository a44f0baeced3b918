//! Projections and subscriptions.

use super::*;

/// Only its commands, in order, once.
pub async fn a_projection_gets_its_commands_in_order(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    node.attach(&[projection("h", "A.*"), projection("x", "X.B")]).await;
    for number in 0..10 {
        node.append("A.B", "k", &format!("a{number}")).await;
        node.append("X.B", "k", &format!("x{number}")).await;
    }
    let id = ConsumerId::projection("h");
    let first = node.lease(&id, &want(4)).await;
    assert_eq!(bodies(&first), ["a0", "a1", "a2", "a3"]);
    node.finish(&first, recorded).await;
    let second = node.lease(&id, &want(100)).await;
    assert_eq!(bodies(&second), ["a4", "a5", "a6", "a7", "a8", "a9"]);
    node.finish(&second, |_| Disposition::Recorded(None)).await;
    node.nothing(&id, &want(1)).await;
    assert_eq!(node.lease(&ConsumerId::projection("x"), &want(100)).await.items.len(), 10);
}

/// What it does not want does not keep it behind.
pub async fn its_cursor_moves_past_what_it_does_not_want(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    node.attach(&[projection("h", "A.*")]).await;
    for _ in 0..5 {
        node.append("X.B", "", "").await;
    }
    node.nothing(&ConsumerId::projection("h"), &want(1)).await;
    node.append("A.B", "", "").await;
    let last = node.append("X.B", "", "").await;
    node.project("h").await;
    node.nothing(&ConsumerId::projection("h"), &want(1)).await;
    let lanes = node.0.lanes().await.expect("lanes");
    assert_eq!((lanes[0].behind, lanes[0].open, lanes[0].dead), (0, 0, 0));
    assert!(lanes[0].cursor <= last);
}

/// Nor a subscription, once its handler has looked at it and made nothing of it.
pub async fn a_subscription_is_not_behind_what_its_handler_has_passed(
    fixture: &dyn JournalFixture,
) {
    let node = Node::open(fixture).await;
    node.attach(&[projection("h", "A.*"), subscription("h", "a", Ordering::Key)]).await;
    node.append("A.B", "", "").await;
    node.project("h").await;
    let lease = node.lease(&ConsumerId::subscription("h", "a"), &want(9)).await;
    node.finish(&lease, |_| Disposition::Delivered).await;
    for _ in 0..3 {
        node.append("X.B", "", "").await;
    }
    node.nothing(&ConsumerId::projection("h"), &want(1)).await;
    node.nothing(&ConsumerId::subscription("h", "a"), &want(1)).await;
    let lanes = node.0.lanes().await.expect("lanes");
    assert!(lanes.iter().all(|lane| lane.behind == 0), "{lanes:?}");
    node.append("A.B", "", "").await;
    let lanes = node.0.lanes().await.expect("lanes");
    assert!(lanes.iter().all(|lane| lane.behind > 0), "{lanes:?}");
}

/// It is woken by the append, not by time: the clock stands still.
pub async fn a_lease_waits_for_an_append(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    for number in 0..3 {
        let other = Node(node.0.clone());
        let waiting = tokio::spawn(async move {
            let lease = other.lease(&ConsumerId::projection("h"), &want(9)).await;
            (bodies(&lease), lease)
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(!waiting.is_finished());
        node.append("A.B", "", &number.to_string()).await;
        let (bodies, lease) = waiting.await.expect("a lease");
        assert_eq!(bodies, [number.to_string()]);
        node.finish(&lease, recorded).await;
        let lease = node.lease(&lane(), &want(9)).await;
        node.finish(&lease, |_| Disposition::Delivered).await;
    }
}

/// Both are there after the commit, neither after a refused one.
pub async fn records_and_state_are_one_commit(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    node.append("A.B", "", "one").await;
    let lease = node.lease(&ConsumerId::projection("h"), &want(1)).await;
    let state = |value: &'static [u8]| StateChanges::from([("k".into(), Some(value.into()))]);
    let fates = || lease.items.iter().map(|item| (item.position, recorded(item))).collect();
    let stale = Lease { lane: lease.lane.clone(), token: lease.token + 1, items: Vec::new() };
    let refused = node.settle_with(&stale, fates(), state(b"no")).await;
    assert!(matches!(refused, Err(JournalError::Stale)), "{refused:?}");
    assert_eq!(node.0.state("h", "k").await.expect("state"), None);
    node.nothing(&lane(), &want(1)).await;
    node.settle_with(&lease, fates(), state(b"yes")).await.expect("the lease holds");
    assert_eq!(node.0.state("h", "k").await.expect("state").as_deref(), Some(&b"yes"[..]));
    assert_eq!(bodies(&node.lease(&lane(), &want(1)).await), ["one"]);
    let again = node.settle_with(&lease, fates(), state(b"again")).await;
    assert!(matches!(again, Err(JournalError::Stale)), "{again:?}");
    assert_eq!(node.0.state("h", "k").await.expect("state").as_deref(), Some(&b"yes"[..]));
}

/// `None` removes; handlers do not see each other's.
pub async fn state_can_be_removed(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    for value in [Some("1".into()), Some("2".into()), None] {
        node.append("A.B", "", "").await;
        let lease = node.lease(&ConsumerId::projection("h"), &want(1)).await;
        let fates = vec![(lease.items[0].position, Disposition::Recorded(None))];
        let state = StateChanges::from([("k".into(), value.clone())]);
        node.settle_with(&lease, fates, state).await.expect("the lease holds");
        assert_eq!(node.0.state("h", "k").await.expect("state"), value);
        assert_eq!(node.0.state("other", "k").await.expect("state"), None);
    }
}

/// Each subscription gets all of its handler's records and none of another's.
pub async fn a_subscription_gets_the_records_of_its_handler(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    let lanes = [
        projection("h", "*"),
        projection("i", "*"),
        subscription("h", "a", Ordering::None),
        subscription("h", "b", Ordering::None),
        subscription("i", "a", Ordering::None),
    ];
    node.attach(&lanes).await;
    for number in 0..6 {
        node.append("A.B", "k", &number.to_string()).await;
    }
    let lease = node.lease(&ConsumerId::projection("h"), &want(9)).await;
    node.finish(&lease, |item| {
        let Work::Callback(callback) = &item.work else { panic!("a callback") };
        let even = item.position.0 % 2 == 0;
        Disposition::Recorded(
            even.then(|| NewRecord::new(callback, "sum", item.position.to_string())),
        )
    })
    .await;
    let expected: Vec<Position> =
        positions(&lease).into_iter().filter(|position| position.0 % 2 == 0).collect();
    for action in ["a", "b"] {
        let got = node.lease(&ConsumerId::subscription("h", action), &want(9)).await;
        assert_eq!(positions(&got), expected);
        for (item, body) in got.items.iter().zip(bodies(&got)) {
            let Work::Record(record) = &item.work else { panic!("a record") };
            assert_eq!((&*record.handler, &*record.summary), ("h", "sum"));
            assert_eq!((body, record.key.as_deref()), (item.position.to_string(), Some("k")));
            assert_eq!((&*record.facts.command, record.replay), ("A.B", None));
        }
    }
    node.nothing(&ConsumerId::subscription("i", "a"), &want(9)).await;
}

/// The body by reference, byte for byte; an empty body of its own stays empty.
pub async fn a_record_without_a_body_has_the_callbacks(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    node.append("A.B", "", "{ \"as\": \"sent\" }").await;
    node.append("A.B", "", "gone").await;
    let lease = node.lease(&ConsumerId::projection("h"), &want(2)).await;
    let Work::Callback(second) = &lease.items[1].work else { panic!("a callback") };
    let fates = vec![
        (lease.items[0].position, recorded(&lease.items[0])),
        (lease.items[1].position, Disposition::Recorded(Some(NewRecord::new(second, "", "")))),
    ];
    node.settle(&lease, fates).await.expect("the lease holds");
    assert_eq!(bodies(&node.lease(&lane(), &want(2)).await), ["{ \"as\": \"sent\" }", ""]);
}

/// `now`: what is appended after the lane was attached; `beginning`: everything.
pub async fn new_lanes_begin_where_told(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    let base = [projection("h", "*"), subscription("h", "a", Ordering::None)];
    node.attach(&base).await;
    node.append("A.B", "", "old").await;
    node.project("h").await;
    let late = ConsumerSpec { start: Start::Now, ..projection("late", "*") };
    let tail = ConsumerSpec { start: Start::Now, ..subscription("h", "tail", Ordering::None) };
    let whole = subscription("h", "whole", Ordering::None);
    node.attach(&[base[0].clone(), base[1].clone(), late, tail, whole]).await;
    node.append("A.B", "", "new").await;
    node.project("h").await;
    let check = async |id: ConsumerId, expected: &[&str]| {
        assert_eq!(bodies(&node.lease(&id, &want(9)).await), expected, "{id}");
    };
    check(ConsumerId::projection("late"), &["new"]).await;
    check(ConsumerId::subscription("h", "tail"), &["new"]).await;
    check(ConsumerId::subscription("h", "whole"), &["old", "new"]).await;
    check(lane(), &["old", "new"]).await;
}

/// Records of later entries do not overtake those of entries that the projection still works on.
pub async fn subscriptions_wait_for_an_unsettled_projection(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    for number in 0..3 {
        node.append("A.B", "", &number.to_string()).await;
    }
    let lease = node.lease(&ConsumerId::projection("h"), &want(3)).await;
    let one = |index: usize| vec![(lease.items[index].position, recorded(&lease.items[index]))];
    node.settle(&lease, one(2)).await.expect("the lease holds");
    node.nothing(&lane(), &want(9)).await;
    node.settle(&lease, one(0)).await.expect("the lease holds");
    assert_eq!(bodies(&node.lease(&lane(), &want(9)).await), ["0"]);
    node.nothing(&lane(), &want(9)).await;
    node.settle(&lease, one(1)).await.expect("the lease holds");
    assert_eq!(bodies(&node.lease(&lane(), &want(9)).await), ["1", "2"]);
}

/// In whatever order and company they are settled, also after a crash.
pub async fn records_settled_out_of_order_are_all_found(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let mut at = Vec::new();
    for _ in 0..6 {
        at.push(node.append("A.B", "", "x").await);
    }
    let lease = node.lease(&ConsumerId::projection("h"), &want(9)).await;
    for part in [&[2][..], &[4], &[0, 3, 5], &[1]] {
        let fates = part.iter().map(|one| (at[*one], recorded(&lease.items[*one]))).collect();
        node.settle(&lease, fates).await.expect("the lease holds");
    }
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at);
    let node = again(fixture, node, Ordering::None).await;
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at);
}

/// A lane that nobody named is a mistake of the caller.
pub async fn an_unattached_lane_is_an_error(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let refused = node.0.lease(&ConsumerId::projection("nobody"), &want(1)).await;
    assert!(matches!(refused, Err(JournalError::Store(_))), "{refused:?}");
}

/// A lane that left the configuration is still shown, and goes on where it was when it comes back.
pub async fn detached_lanes_are_shown(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    node.records(&["k", "k"]).await;
    let lease = node.lease(&lane(), &want(1)).await;
    node.finish(&lease, |_| Disposition::Delivered).await;
    drop(node);
    let node = Node::open(fixture).await;
    node.attach(&[projection("h", "*")]).await;
    let lanes = node.0.lanes().await.expect("lanes");
    let of = |name: &str| lanes.iter().find(|lane| lane.lane == name).expect("a lane").clone();
    assert_eq!((of("h").detached, of("h>a").detached), (false, true));
    assert!(of("h>a").behind >= 1);
    node.attach(&[projection("h", "*"), subscription("h", "a", Ordering::None)]).await;
    assert_eq!(bodies(&node.lease(&lane(), &want(9)).await), ["k1"]);
}
