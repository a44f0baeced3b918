//! The order of deliveries, and who gets what.

use super::*;

/// One key holds its own back, not the others.
pub async fn keys_go_one_after_the_other(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::Key).await;
    let at = node.records(&["a", "a", "b", "", "", "a"]).await;
    let first = node.lease(&lane(), &want(9)).await;
    assert_eq!(positions(&first), [at[0], at[2], at[3], at[4]]);
    node.nothing(&lane(), &want(9)).await;
    let failed = vec![(at[0], retry(Duration::from_secs(10))), (at[2], Disposition::Delivered)];
    node.settle(&first, failed).await.expect("the lease holds");
    node.nothing(&lane(), &want(9)).await;
    fixture.clock().advance(Duration::from_secs(10));
    for (position, attempts) in [(at[0], 1), (at[1], 0), (at[5], 0)] {
        let lease = node.lease(&lane(), &want(9)).await;
        assert_eq!(positions(&lease), [position]);
        assert_eq!(lease.items[0].attempts, attempts);
        node.finish(&lease, |_| Disposition::Delivered).await;
    }
}

/// What is given up does not block its key.
pub async fn the_dead_make_room_for_the_next_of_their_key(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::Key).await;
    let at = node.records(&["a", "a"]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    let dead = || Disposition::Dead { reason: "gone".into(), response: None };
    node.settle(&lease, vec![(at[0], dead())]).await.expect("the lease holds");
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), [at[1]]);
}

/// With `whole_keys` one lease has several of a key, and no other lease has any of it.
pub async fn whole_keys_are_leased_in_order(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::Key).await;
    let at = node.records(&["a", "b", "a", "a", "b"]).await;
    let whole = |limit| LeaseRequest { whole_keys: true, ..want(limit) };
    let lease = node.lease(&lane(), &whole(3)).await;
    assert_eq!(positions(&lease), at[..3]);
    node.nothing(&lane(), &whole(9)).await;
    let fates = vec![
        (at[0], Disposition::Delivered),
        (at[1], Disposition::Delivered),
        (at[2], retry(Duration::from_secs(5))),
    ];
    node.settle(&lease, fates).await.expect("the lease holds");
    assert_eq!(positions(&node.lease(&lane(), &whole(9)).await), [at[4]]);
    fixture.clock().advance(Duration::from_secs(5));
    assert_eq!(positions(&node.lease(&lane(), &whole(9)).await), [at[2], at[3]]);
}

/// Keys mean nothing then.
pub async fn without_ordering_all_go_at_once(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["a", "a", "a"]).await;
    assert_eq!(positions(&node.lease(&lane(), &want(2)).await), at[..2]);
    assert_eq!(positions(&node.lease(&lane(), &want(2)).await), at[2..]);
}

async fn drain(node: Node, expected: usize, done: Arc<std::sync::Mutex<Vec<Position>>>) {
    let (id, want) = (lane(), want(3));
    loop {
        let lease = tokio::select! {
            lease = node.0.lease(&id, &want) => lease.expect("a lease"),
            () = tokio::time::sleep(QUIET) => {
                if done.lock().expect("no panic").len() >= expected { return }
                continue;
            }
        };
        done.lock().expect("no panic").extend(positions(&lease));
        tokio::task::yield_now().await;
        node.finish(&lease, |_| Disposition::Delivered).await;
    }
}

async fn share(fixture: &dyn JournalFixture, nodes: usize) {
    let node = Node::with_lanes(fixture, Ordering::Key).await;
    let keys: Vec<String> = (0..120).map(|number| format!("k{}", number % 17)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let at = node.records(&keys).await;
    let done = Arc::default();
    let mut tasks = Vec::new();
    for task in 0..4 {
        let other = if task < nodes { fixture.second().await } else { None };
        let node = Node(other.unwrap_or_else(|| node.0.clone()));
        tasks.push(tokio::spawn(drain(node, at.len(), Arc::clone(&done))));
    }
    for task in tasks {
        tokio::time::timeout(PATIENCE, task).await.expect("all is delivered").expect("no panic");
    }
    let counts = counted(&done.lock().expect("no panic"));
    assert!(at.iter().all(|position| counts.get(position) == Some(&1)), "{counts:?}");
}

/// Several that lease from one lane never get the same item.
pub async fn concurrent_leases_are_disjoint(fixture: &dyn JournalFixture) {
    share(fixture, 0).await;
}

/// Two nodes on one store never get the same item either.
pub async fn two_nodes_share_the_work(fixture: &dyn JournalFixture) {
    share(fixture, 2).await;
}
