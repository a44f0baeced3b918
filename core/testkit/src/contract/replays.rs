//! Delivering again: dead letters, and what was asked for once more.

use std::collections::HashSet;

use switchhook_api::Record;
use switchhook_api::journal::{REPLAYS_OPEN_MAX, Replay, Requeued};

use super::*;

fn record(item: &LeasedItem) -> &Record {
    match &item.work {
        Work::Record(record) => record,
        Work::Callback(_) => panic!("a subscription got a callback"),
    }
}

fn of(positions: &[Position]) -> Replay {
    Replay { lane: lane(), positions: positions.to_vec(), dry_run: false }
}

async fn replay(node: &Node, positions: &[Position]) -> Requeued {
    node.0.replay(&of(positions)).await.expect("replayed")
}

async fn retry_letters(node: &Node, numbers: &[u64]) -> Requeued {
    node.0.retry_dead_letters(numbers).await.expect("retried")
}

/// With an id of its own, all its attempts, and as often as it is given up; a crash between does not matter.
pub async fn a_dead_letter_is_delivered_again(fixture: &dyn JournalFixture) {
    let mut node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", ""]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    let first = record(&lease.items[0]).clone();
    node.finish(&lease, |_| dead("gone")).await;
    let letters = node.letters().await;
    let number = letters[1].number;
    assert_eq!(letters[1].callback.as_ref(), Some(&first.facts));
    let done = retry_letters(&node, &[number, 999, number]).await;
    assert_eq!(done, Requeued { queued: 1, missing: 1 });
    let mut last = None;
    for round in 0..3 {
        node = again(fixture, node, Ordering::None).await;
        let left: Vec<_> = node.letters().await.iter().map(|one| one.position).collect();
        assert_eq!(left, at[1..]);
        let lease = node.lease(&lane(), &want(9)).await;
        let (item, sent) = (&lease.items[0], record(&lease.items[0]));
        assert_eq!((lease.items.len(), item.attempts, item.replay), (1, 0, sent.replay));
        assert!(item.position.replay_number().is_some() && sent.replay.is_some());
        assert!(sent.replay != last && sent.replay != Some(first.facts.id));
        assert_eq!((&sent.facts, &sent.body), (&first.facts, &first.body));
        last = sent.replay;
        if round < 2 {
            node.finish(&lease, |_| dead("again")).await;
            let letter = node.letters().await.swap_remove(0);
            assert_eq!((letter.position, letter.attempts, &*letter.reason), (at[0], 1, "again"));
            assert!(letter.number > letters[0].number);
            assert_eq!(retry_letters(&node, &[letter.number]).await.queued, 1);
        } else {
            node.finish(&lease, |_| Disposition::Delivered).await;
        }
    }
    node = again(fixture, node, Ordering::None).await;
    node.nothing(&lane(), &want(9)).await;
    assert_eq!(node.letters().await.len(), 1);
}

/// Whatever became of the first; what has no record is counted. A dry run only counts.
pub async fn a_replay_is_a_new_delivery(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", ""]).await;
    let none = node.append("A.B", "", "no record").await;
    let lease = node.lease(&ConsumerId::projection("h"), &want(9)).await;
    node.finish(&lease, |_| Disposition::Recorded(None)).await;
    node.deliver(&lane(), 2).await;
    let cursor = node.status("h>a").await.cursor;
    let wanted = [at[1], none, at[0], at[0], Position(none.0 + 9), Position::of_replay(1)];
    let dry = Replay { dry_run: true, ..of(&wanted) };
    let counts = node.0.replay(&dry).await.expect("counted");
    assert_eq!(counts, Requeued { queued: 2, missing: 3 });
    node.nothing(&lane(), &want(9)).await;
    assert_eq!(replay(&node, &wanted).await, counts);
    let node = again(fixture, node, Ordering::None).await;
    assert_eq!(node.status("h>a").await.open, 2);
    let lease = node.lease(&lane(), &want(9)).await;
    assert_eq!(bodies(&lease), ["0", "1"]);
    let ids: HashSet<_> = lease.items.iter().map(|item| record(item).delivery()).collect();
    let facts: HashSet<_> = lease.items.iter().map(|item| record(item).facts.id).collect();
    assert_eq!((ids.len(), facts.len(), ids.intersection(&facts).count()), (2, 2, 0));
    node.finish(&lease, |_| Disposition::Delivered).await;
    let node = again(fixture, node, Ordering::None).await;
    node.nothing(&lane(), &want(9)).await;
    assert!(node.status("h>a").await.cursor >= cursor);
}

/// Not before its time, with its id, and the count of attempts; a crash forgets none of it.
pub async fn a_replay_is_retried_like_any_delivery(fixture: &dyn JournalFixture) {
    let mut node = Node::with_lanes(fixture, Ordering::Key).await;
    let at = node.records(&["k"]).await;
    node.deliver(&lane(), 1).await;
    replay(&node, &at).await;
    let lease = node.lease(&lane(), &want(9)).await;
    let id = record(&lease.items[0]).replay;
    node.finish(&lease, |_| retry(Duration::from_secs(10))).await;
    for attempts in 1..4 {
        node = again(fixture, node, Ordering::Key).await;
        node.nothing(&lane(), &want(9)).await;
        fixture.clock().advance(Duration::from_secs(10));
        let lease = node.lease(&lane(), &want(9)).await;
        assert_eq!((record(&lease.items[0]).replay, lease.items[0].attempts), (id, attempts));
        node.finish(&lease, |_| retry(Duration::from_secs(10))).await;
    }
}

/// Neither does what is new wait for it, unless it is under way.
pub async fn a_replay_goes_after_what_its_key_waits_for(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::Key).await;
    let at = node.records(&["a", "b"]).await;
    node.deliver(&lane(), 2).await;
    let new = node.records(&["a", "a"]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    assert_eq!(positions(&lease), new[..1]);
    replay(&node, &at).await;
    let other = node.lease(&lane(), &want(9)).await;
    assert_eq!(bodies(&other), ["b1"]);
    node.finish(&other, |_| Disposition::Delivered).await;
    node.finish(&lease, |_| Disposition::Delivered).await;
    assert_eq!(node.deliver(&lane(), 1).await, new[1..]);
    let lease = node.lease(&lane(), &want(9)).await;
    assert_eq!(bodies(&lease), ["a0"]);
    node.finish(&lease, |_| retry(Duration::from_mins(1))).await;
    let newer = node.records(&["a"]).await;
    assert_eq!(node.deliver(&lane(), 1).await, newer);
}

/// So that a lane keeps room for what is new. Nothing is changed then.
pub async fn too_many_replays_are_refused(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let count = REPLAYS_OPEN_MAX / 5;
    let entries = (0..count).map(|_| entry("A.B", "", "x")).collect();
    let kept = node.0.append(entries).await.expect("kept");
    let at: Vec<Position> = kept
        .iter()
        .map(|kept| match kept {
            Appended::Kept(position) | Appended::Duplicate(position) => *position,
        })
        .collect();
    node.project("h").await;
    let lease = node.lease(&lane(), &want(count)).await;
    node.settle(&lease, vec![(at[0], dead("gone"))]).await.expect("the lease holds");
    for _ in 0..4 {
        assert_eq!(replay(&node, &at).await.queued, count as u64);
    }
    let number = node.letters().await[0].number;
    assert_eq!(node.status("h>a").await.open, 5 * count as u64 - 1);
    let refused = node.0.replay(&of(&at[..2])).await;
    assert!(matches!(refused, Err(JournalError::Overloaded)), "{refused:?}");
    assert_eq!(replay(&node, &at[..1]).await.queued, 1);
    let refused = node.0.retry_dead_letters(&[number]).await;
    assert!(matches!(refused, Err(JournalError::Overloaded)), "{refused:?}");
    assert_eq!(node.letters().await.len(), 1);
    assert_eq!(node.status("h>a").await.open, 5 * count as u64);
}

/// Callbacks have no deliveries of their own, and nobody delivers for a lane that left the configuration.
pub async fn a_replay_of_what_cannot_be_is_refused(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&[""]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    node.finish(&lease, |_| dead("gone")).await;
    let refused = async |node: &Node, lane: &ConsumerId| {
        let replay = Replay { lane: lane.clone(), ..of(&at) };
        let refused = node.0.replay(&replay).await;
        assert!(
            matches!(&refused, Err(JournalError::Refused(why)) if why.contains(&lane.to_string())),
            "{refused:?}"
        );
    };
    refused(&node, &ConsumerId::projection("h")).await;
    refused(&node, &ConsumerId::subscription("h", "nobody")).await;
    node.attach(&[projection("h", "*")]).await;
    refused(&node, &lane()).await;
    let number = node.letters().await[0].number;
    let retried = node.0.retry_dead_letters(&[number]).await;
    assert!(matches!(retried, Err(JournalError::Refused(_))), "{retried:?}");
    assert_eq!(node.letters().await.len(), 1);
}

/// What comes of it goes to all the handler's actions, and what is new goes on as before.
pub async fn a_callback_given_up_is_handled_again(fixture: &dyn JournalFixture) {
    let lanes = [
        projection("h", "*"),
        subscription("h", "a", Ordering::Key),
        subscription("h", "b", Ordering::Key),
    ];
    let id = ConsumerId::projection("h");
    let node = Node::open(fixture).await;
    node.attach(&lanes).await;
    let at = [node.append("A.B", "k", "one").await, node.append("A.B", "k", "two").await];
    let lease = node.lease(&id, &want(9)).await;
    node.finish(&lease, |_| dead("broken")).await;
    let letters = node.letters().await;
    let numbers: Vec<u64> = letters.iter().map(|letter| letter.number).collect();
    assert_eq!(retry_letters(&node, &numbers).await.queued, 2);
    let lease = node.lease(&id, &want(1)).await;
    assert_eq!(bodies(&lease).len(), 1);
    assert!(lease.items[0].replay.is_some());
    node.finish(&lease, |_| Disposition::Recorded(None)).await;
    drop(node);
    let node = Node::open(fixture).await;
    node.attach(&lanes).await;
    let new = node.append("A.B", "k", "new").await;
    let (mut replays, mut last) = (Vec::new(), at[1]);
    while replays.is_empty() || last != new {
        let lease = node.lease(&id, &want(9)).await;
        for (item, body) in lease.items.iter().zip(bodies(&lease)) {
            match item.replay {
                Some(id) => replays.push((Some(id), body)),
                None => last = item.position,
            }
        }
        node.finish(&lease, recorded).await;
    }
    assert_eq!(replays.len(), 1);
    drop(node);
    let node = Node::open(fixture).await;
    node.attach(&lanes).await;
    for action in ["a", "b"] {
        let lane = ConsumerId::subscription("h", action);
        let mut got = Vec::new();
        while got.iter().map(Vec::len).sum::<usize>() < 2 {
            let lease = node.lease(&lane, &want(9)).await;
            let what = |item: &LeasedItem| {
                let record = record(item);
                (record.replay, String::from_utf8_lossy(&record.body).into_owned(), item.position)
            };
            got.push(lease.items.iter().map(what).collect::<Vec<_>>());
            node.finish(&lease, |_| Disposition::Delivered).await;
        }
        let got: Vec<_> = got.concat();
        assert!(got.contains(&(None, "new".to_owned(), new)), "{got:?}");
        assert!(got.iter().any(|one| (one.0, one.1.clone()) == replays[0]), "{got:?}");
        node.nothing(&lane, &want(9)).await;
    }
    assert!(node.letters().await.is_empty());
}

/// Its record lies elsewhere, and stays there while somebody needs it.
pub async fn what_came_of_a_callback_handled_again_can_be_retried(fixture: &dyn JournalFixture) {
    let mut node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.append("A.B", "", "body").await;
    let id = ConsumerId::projection("h");
    let lease = node.lease(&id, &want(9)).await;
    node.finish(&lease, |_| dead("broken")).await;
    let number = node.letters().await[0].number;
    retry_letters(&node, &[number]).await;
    let lease = node.lease(&id, &want(9)).await;
    let Work::Callback(callback) = &lease.items[0].work else { panic!("a callback") };
    let new = NewRecord::new(callback, "made again", "own");
    node.finish(&lease, |_| Disposition::Recorded(Some(new.clone()))).await;
    for _ in 0..3 {
        node = again(fixture, node, Ordering::None).await;
        let lease = node.lease(&lane(), &want(9)).await;
        assert_eq!(
            (bodies(&lease), &*record(&lease.items[0]).summary),
            (vec!["own".into()], "made again")
        );
        node.finish(&lease, |_| dead("no")).await;
        node.0.prune(&switchhook_api::journal::Retention::default()).await.expect("pruned");
        node = again(fixture, node, Ordering::None).await;
        let letter = node.letters().await.swap_remove(0);
        assert_eq!((letter.position, &*letter.lane), (at, "h>a"));
        assert_eq!(
            retry_letters(&node, &[letter.number]).await,
            Requeued { queued: 1, missing: 0 }
        );
    }
    assert_eq!(node.deliver(&lane(), 1).await.len(), 1);
    node.records(&["", ""]).await;
    assert_eq!(node.deliver(&lane(), 2).await.len(), 2);
}

/// Newest first, without a gap or an overlap.
pub async fn dead_letters_are_paged_and_found_by_number(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    node.records(&["a", "b", "c", "d", "e"]).await;
    let lease = node.lease(&lane(), &want(9)).await;
    node.finish(&lease, |_| dead("gone")).await;
    let all: Vec<u64> = node.letters().await.iter().map(|letter| letter.number).collect();
    assert!(all.len() == 5 && all.windows(2).all(|two| two[0] > two[1]), "{all:?}");
    let (mut seen, mut before) = (Vec::new(), None);
    for _ in 0..5 {
        let query = DeadLetterQuery { before, ..DeadLetterQuery::first(2).of(&lane()) };
        let page = node.0.dead_letters(&query).await.expect("a page");
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|letter| letter.number));
        before = page.next.map(|next| next.0);
        if before.is_none() {
            break;
        }
    }
    assert_eq!((&seen, before), (&all, None));
    let numbers = vec![all[3], 999, all[1]];
    let query = DeadLetterQuery { numbers, ..DeadLetterQuery::first(9) };
    let found = node.0.dead_letters(&query).await.expect("dead letters").items;
    let found: Vec<_> = found
        .iter()
        .map(|one| one.callback.as_ref().and_then(|facts| facts.key.as_deref()))
        .collect();
    assert_eq!(found, [Some("d"), Some("b")]);
}

/// Not even when all are gone, and after a crash.
pub async fn numbers_of_dead_letters_are_not_given_twice(fixture: &dyn JournalFixture) {
    let mut node = Node::with_lanes(fixture, Ordering::None).await;
    let mut last = 0;
    for round in 0..3 {
        node.records(&["", ""]).await;
        let lease = node.lease(&lane(), &want(9)).await;
        node.finish(&lease, |_| dead("gone")).await;
        let numbers: Vec<u64> = node.letters().await.iter().map(|letter| letter.number).collect();
        assert!(numbers.len() == 2 && numbers.iter().all(|number| *number > last), "{numbers:?}");
        last = numbers[0];
        let dropped = node.0.drop_dead_letters(&[numbers[0], numbers[1], 999]).await;
        assert_eq!(dropped.expect("dropped"), 2);
        assert!(node.letters().await.is_empty());
        if round > 0 {
            node = again(fixture, node, Ordering::None).await;
        }
    }
    node.nothing(&lane(), &want(9)).await;
    assert_eq!(node.status("h>a").await.dead, 0);
}
