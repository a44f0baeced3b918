//! Retries, leases that run out, and giving up.

use super::*;

/// Not before their time; each counts the attempts.
pub async fn retries_come_back_when_due(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", ""]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    let fates =
        vec![(at[0], retry(Duration::from_secs(20))), (at[1], retry(Duration::from_secs(10)))];
    node.settle(&lease, fates).await.expect("the lease holds");
    node.nothing(&lane(), &want(9)).await;
    fixture.clock().advance(Duration::from_secs(9));
    node.nothing(&lane(), &want(9)).await;
    fixture.clock().advance(Duration::from_secs(1));
    let second = node.lease(&lane(), &want(9)).await;
    assert_eq!((positions(&second), second.items[0].attempts), (vec![at[1]], 1));
    node.finish(&second, |_| retry(Duration::from_secs(10))).await;
    let other = Node(node.0.clone());
    let waiting = tokio::spawn(async move { other.lease(&lane(), &want(9)).await });
    tokio::time::sleep(Duration::from_millis(5)).await;
    fixture.clock().advance(Duration::from_secs(10));
    let third = waiting.await.expect("a lease");
    let attempts: Vec<_> = third.items.iter().map(|item| (item.position, item.attempts)).collect();
    assert_eq!(attempts, [(at[0], 1), (at[1], 2)]);
}

/// When the term is over the items go to somebody else, and the first holder can change nothing any more.
pub async fn expired_leases_come_back_and_their_tokens_are_stale(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", ""]).await;
    let first = node.lease(&lane(), &want(9)).await;
    fixture.clock().advance(TERM.saturating_sub(Duration::from_secs(1)));
    node.nothing(&lane(), &want(9)).await;
    fixture.clock().advance(Duration::from_secs(1));
    let second = node.lease(&lane(), &want(9)).await;
    assert_eq!(positions(&second), at);
    assert_eq!(second.items[0].attempts, 0);
    let dead = Disposition::Dead { reason: "late".into(), response: None };
    for fates in [vec![(at[0], Disposition::Delivered)], vec![(at[1], dead)], Vec::new()] {
        let late = node.settle(&first, fates).await;
        assert!(matches!(late, Err(JournalError::Stale)), "{late:?}");
    }
    assert!(
        node.0
            .dead_letters(&DeadLetterQuery::first(9))
            .await
            .expect("dead letters")
            .items
            .is_empty()
    );
    node.finish(&second, |_| Disposition::Delivered).await;
    node.nothing(&lane(), &want(9)).await;
}

/// What is settled is settled; the rest stays leased.
pub async fn leases_may_be_settled_in_parts(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", "", ""]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    node.settle(&lease, vec![(at[1], Disposition::Delivered)]).await.expect("the lease holds");
    node.nothing(&lane(), &want(9)).await;
    let again = vec![(at[0], Disposition::Delivered), (at[1], Disposition::Delivered)];
    let refused = node.settle(&lease, again).await;
    assert!(matches!(refused, Err(JournalError::Stale)), "{refused:?}");
    node.settle(&lease, vec![(at[2], Disposition::Delivered)]).await.expect("the lease holds");
    fixture.clock().advance(TERM);
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at[..1]);
}

/// Reason, response, time and attempts, newest first, of one lane or all.
pub async fn dead_letters_say_why(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", ""]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    let dead = |reason: &str, response: Option<&str>| Disposition::Dead {
        reason: reason.into(),
        response: response.map(str::to_owned),
    };
    let fates = vec![(at[0], retry(Duration::ZERO)), (at[1], dead("refused", Some("410 Gone")))];
    node.settle(&lease, fates).await.expect("the lease holds");
    let lease = node.lease(&lane(), &want(9)).await;
    fixture.clock().advance(Duration::from_secs(1));
    node.finish(&lease, |_| dead("too often", None)).await;
    let letters = node
        .0
        .dead_letters(&DeadLetterQuery::first(9).of(&lane()))
        .await
        .expect("dead letters")
        .items;
    let seen: Vec<_> = letters
        .iter()
        .map(|letter| {
            (letter.position, letter.attempts, &*letter.reason, letter.response.as_deref())
        })
        .collect();
    assert_eq!(seen, [(at[0], 2, "too often", None), (at[1], 1, "refused", Some("410 Gone"))]);
    assert!(letters[0].at > letters[1].at && letters[0].lane == "h>a");
    assert_eq!(
        node.0.dead_letters(&DeadLetterQuery::first(1)).await.expect("dead letters").items.len(),
        1
    );
    let other = ConsumerId::projection("h");
    assert!(
        node.0
            .dead_letters(&DeadLetterQuery::first(9).of(&other))
            .await
            .expect("dead letters")
            .items
            .is_empty()
    );
    let lanes = node.0.lanes().await.expect("lanes");
    assert_eq!(
        lanes.iter().find(|one| one.lane == "h>a").map(|one| (one.dead, one.open)),
        Some((2, 0))
    );
}

/// Whoever waits gets what another lost, when its term is over and not later.
pub async fn a_waiting_lease_sees_another_run_out(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let other = Node(node.0.clone());
    let one = tokio::spawn(async move { other.lease(&lane(), &want(1)).await });
    let other = Node(node.0.clone());
    let two = tokio::spawn(async move { other.lease(&lane(), &want(1)).await });
    tokio::time::sleep(Duration::from_millis(5)).await;
    let at = node.records(&[""]).await;
    while !one.is_finished() && !two.is_finished() {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(QUIET).await;
    assert_ne!(one.is_finished(), two.is_finished());
    fixture.clock().advance(TERM);
    assert_eq!(positions(&one.await.expect("a lease")), at);
    assert_eq!(positions(&two.await.expect("a lease")), at);
}

/// Waiting can be broken off at any point without harm.
pub async fn a_dropped_lease_call_takes_nothing_with_it(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", "", ""]).await;
    for _ in 0..50 {
        let id = lane();
        let want = want(9);
        let mut call = node.0.lease(&id, &want);
        let polled =
            std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx))).await;
        if let std::task::Poll::Ready(lease) = polled {
            let lease = lease.expect("a lease");
            node.finish(&lease, |_| retry(Duration::ZERO)).await;
        }
    }
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at);
}

/// Neither starves the other: while there is fresh work, retries take no more than the part of a lease that they may.
pub async fn retries_and_fresh_work_share_a_lease(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let old = node.records(&["", "", "", ""]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    node.finish(&lease, |_| retry(Duration::from_secs(1))).await;
    fixture.clock().advance(Duration::from_secs(1));
    let new = node.records(&["", "", "", ""]).await;
    for (limit, retries, expected) in [
        (1, 0, vec![new[0]]),
        (1, 1, vec![old[0]]),
        (2, 1, vec![old[1], new[1]]),
        (3, 1, vec![old[2], new[2], new[3]]),
        (3, 0, vec![old[3]]),
    ] {
        let lease = node.lease(&lane(), &LeaseRequest { retries, ..want(limit) }).await;
        assert_eq!(positions(&lease), expected, "{retries} of {limit}");
        node.finish(&lease, |_| Disposition::Delivered).await;
    }
    node.nothing(&lane(), &want(9)).await;
}
