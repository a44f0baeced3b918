//! Pausing, lanes that left the configuration, finding callbacks.

use jiff::SignedDuration;
use switchhook_api::journal::{EventQuery, Replay, Retention};

use super::*;

fn both() -> [ConsumerSpec; 3] {
    [
        projection("h", "*"),
        subscription("h", "a", Ordering::None),
        subscription("h", "b", Ordering::None),
    ]
}

/// Others do. What was leased may be settled, and who waits gets its work when the action is resumed.
pub async fn a_paused_action_gets_nothing(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    node.attach(&both()).await;
    let at = node.records(&["", "", ""]).await;
    let lease = node.lease(&lane(), &want(1)).await;
    node.0.pause("a", true).await.expect("paused");
    node.nothing(&lane(), &want(9)).await;
    node.finish(&lease, |_| Disposition::Delivered).await;
    assert_eq!(positions(&node.lease(&ConsumerId::subscription("h", "b"), &want(9)).await), at);
    let lanes = [node.status("h").await, node.status("h>a").await, node.status("h>b").await];
    assert_eq!(lanes.map(|lane| lane.paused), [false, true, false]);
    let other = Node(node.0.clone());
    let waiting = tokio::spawn(async move { other.lease(&lane(), &want(9)).await });
    tokio::time::sleep(Duration::from_millis(5)).await;
    fixture.clock().advance(Duration::from_hours(1));
    node.append("A.B", "", "more").await;
    node.project("h").await;
    tokio::time::sleep(QUIET).await;
    assert!(!waiting.is_finished());
    node.0.pause("a", false).await.expect("resumed");
    let lease = waiting.await.expect("a lease");
    assert_eq!(lease.items[0].position, at[1]);
    assert!(!node.status("h>a").await.paused);
    let refused = node.0.pause("nobody", true).await;
    assert!(matches!(&refused, Err(JournalError::Refused(why)) if why.contains("nobody")));
}

/// Also for an action that another handler sends to.
pub async fn a_pause_outlives_a_crash_and_holds_for_new_lanes(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&[""]).await;
    node.0.pause("a", true).await.expect("paused");
    let node = again(fixture, node, Ordering::None).await;
    node.nothing(&lane(), &want(9)).await;
    let new = [projection("i", "*"), subscription("i", "a", Ordering::None)];
    let [h, a, b] = both();
    node.attach(&[h, a, b, new[0].clone(), new[1].clone()]).await;
    node.project("i").await;
    let late = ConsumerId::subscription("i", "a");
    node.nothing(&late, &want(9)).await;
    assert!(node.status("i>a").await.paused && !node.status("h>b").await.paused);
    node.0.pause("a", false).await.expect("resumed");
    for lane in [late, lane()] {
        assert_eq!(positions(&node.lease(&lane, &want(9)).await), at);
    }
}

/// Whether it was paused or not, also for whoever waits already, and also after a crash. Others' retries wait on.
pub async fn what_waits_for_a_retry_is_due_when_its_action_is_resumed(
    fixture: &dyn JournalFixture,
) {
    const HOUR: Duration = Duration::from_hours(1);
    let node = Node::open(fixture).await;
    node.attach(&both()).await;
    let at = node.records(&["", ""]).await;
    let other = ConsumerId::subscription("h", "b");
    for lane in [lane(), other.clone()] {
        let lease = node.lease(&lane, &want(9)).await;
        node.finish(&lease, |_| retry(HOUR)).await;
    }
    let due = switchhook_api::Clock::wall(fixture.clock()) + SignedDuration::from_hours(1);
    assert_eq!(node.status("h>a").await.due, Some(due));
    let waiting = Node(node.0.clone());
    let waiting = tokio::spawn(async move { waiting.lease(&lane(), &want(9)).await });
    tokio::time::sleep(QUIET).await;
    assert!(!waiting.is_finished());
    node.0.pause("a", false).await.expect("resumed");
    let lease = waiting.await.expect("a lease");
    assert_eq!((positions(&lease), lease.items[0].attempts), (at.clone(), 1));
    assert_eq!(node.status("h>a").await.due, None);
    node.nothing(&other, &want(9)).await;
    node.finish(&lease, |_| retry(HOUR)).await;
    node.0.pause("a", true).await.expect("paused");
    node.0.pause("a", false).await.expect("resumed");
    drop(node);
    let node = Node::open(fixture).await;
    node.attach(&both()).await;
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at);
    node.nothing(&other, &want(9)).await;
    assert_eq!(node.status("h>b").await.due, Some(due));
}

fn disabled(lane: ConsumerSpec) -> ConsumerSpec {
    ConsumerSpec { enabled: false, ..lane }
}

/// However long, and whatever is removed meanwhile; what its handler makes for it waits with the rest.
pub async fn a_disabled_lane_keeps_what_it_has_left_and_hands_out_nothing(
    fixture: &dyn JournalFixture,
) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let mut at = node.records(&["", ""]).await;
    let lease = node.lease(&lane(), &want(1)).await;
    node.finish(&lease, |_| dead("no")).await;
    let off = [projection("h", "*"), disabled(subscription("h", "a", Ordering::None))];
    node.attach(&off).await;
    at.extend(node.records(&["", ""]).await);
    node.nothing(&lane(), &want(9)).await;
    drop(node);
    let node = Node::open(fixture).await;
    node.attach(&off).await;
    fixture.clock().advance(Duration::from_hours(1));
    let all = Some(Duration::ZERO);
    let retention = Retention { retention: all, orphan_retention: all, ..Retention::default() };
    let pruned = node.0.prune(&retention).await.expect("pruned");
    assert_eq!((pruned.lanes.len(), pruned.held_by.as_deref()), (0, Some("h>a")));
    node.nothing(&lane(), &want(9)).await;
    let status = node.status("h>a").await;
    assert_eq!((status.disabled, status.detached, status.detached_at), (true, false, None));
    assert_eq!((status.behind, status.dead), (3, 1));
    assert!(!node.status("h").await.disabled);
    let node = again(fixture, node, Ordering::None).await;
    assert!(!node.status("h>a").await.disabled);
    assert_eq!(node.deliver(&lane(), 3).await, at[1..]);
    node.attach(&[disabled(projection("h", "*")), off[1].clone()]).await;
    let later = node.append("A.B", "", "later").await;
    node.nothing(&ConsumerId::projection("h"), &want(9)).await;
    let node = again(fixture, node, Ordering::None).await;
    assert_eq!(positions(&node.lease(&ConsumerId::projection("h"), &want(9)).await), [later]);
}

/// So nothing gathers for what has never run; once it is enabled it begins as any new one.
pub async fn a_disabled_lane_that_never_was_is_not_made(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    let off = [projection("h", "*"), disabled(subscription("h", "a", Ordering::None))];
    node.attach(&off).await;
    node.records(&["", ""]).await;
    let names: Vec<_> =
        node.0.lanes().await.expect("lanes").into_iter().map(|it| it.lane).collect();
    assert_eq!(names, ["h"]);
    let late = ConsumerSpec { start: Start::Now, ..subscription("h", "a", Ordering::None) };
    node.attach(&[projection("h", "*"), late]).await;
    let new = node.records(&[""]).await;
    assert_eq!(node.deliver(&lane(), 1).await, new);
}

/// It is neither forgotten nor given replays: it is in the configuration, and nobody delivers for it.
pub async fn a_disabled_lane_takes_no_orders(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["", ""]).await;
    let lease = node.lease(&lane(), &want(1)).await;
    node.finish(&lease, |_| dead("no")).await;
    let off = disabled(subscription("h", "a", Ordering::None));
    node.attach(&[projection("h", "*"), off]).await;
    let replay = Replay { lane: lane(), positions: at, dry_run: false };
    let letter = node.letters().await.swap_remove(0).number;
    for refused in [
        node.0.forget_lane(&lane()).await.map(drop),
        node.0.replay(&replay).await.map(drop),
        node.0.retry_dead_letters(&[letter]).await.map(drop),
    ] {
        let says = |why: &str| why.contains("h>a") && why.contains("disabled");
        assert!(matches!(&refused, Err(JournalError::Refused(why)) if says(why)), "{refused:?}");
    }
    assert_eq!((node.letters().await.len(), node.status("h>a").await.dead), (1, 1));
}

/// From the first configuration without it on; back in it, it is as the others.
pub async fn a_lane_that_left_says_since_when(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let h = [projection("h", "*")];
    let left = switchhook_api::Clock::wall(fixture.clock());
    node.attach(&h).await;
    drop(node);
    fixture.clock().advance(Duration::from_hours(1));
    let node = Node::open(fixture).await;
    node.attach(&h).await;
    let status = node.status("h>a").await;
    assert_eq!((status.detached, status.detached_at), (true, Some(left)));
    assert_eq!(node.status("h").await.detached_at, None);
    let node = again(fixture, node, Ordering::None).await;
    let status = node.status("h>a").await;
    assert_eq!((status.detached, status.detached_at), (false, None));
}

/// With all that waits in it; when it comes back, it is new.
pub async fn a_lane_that_left_can_be_forgotten(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    node.records(&["", "", ""]).await;
    let lease = node.lease(&lane(), &want(2)).await;
    let fates = vec![(lease.items[0].position, dead("no")), (lease.items[1].position, retry(TERM))];
    node.settle(&lease, fates).await.expect("the lease holds");
    let refused = node.0.forget_lane(&lane()).await;
    assert!(matches!(&refused, Err(JournalError::Refused(why)) if why.contains("h>a")));
    node.attach(&[projection("h", "*")]).await;
    let forgotten = node.0.forget_lane(&lane()).await.expect("forgotten");
    assert_eq!((&*forgotten.lane, forgotten.dead, forgotten.detached), ("h>a", 1, true));
    assert!(node.letters().await.is_empty());
    assert_eq!(node.0.lanes().await.expect("lanes").len(), 1);
    let refused = node.0.forget_lane(&lane()).await;
    assert!(matches!(&refused, Err(JournalError::Refused(why)) if why.contains("h>a")));
    let node = again(fixture, node, Ordering::None).await;
    assert_eq!(node.deliver(&lane(), 3).await.len(), 3);
}

/// All that is asked for must fit.
pub async fn events_are_found_by_id_and_time(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    let mut entries = Vec::new();
    for number in 0..6 {
        let mut one = entry(if number % 2 == 0 { "A.B" } else { "A.C" }, "", number.to_string());
        one.facts.received += SignedDuration::from_secs(number);
        node.0.append(vec![one.clone()]).await.expect("kept");
        entries.push(one);
    }
    let received = |number: usize| entries[number].facts.received;
    let find = async |query: EventQuery| {
        let page = node.0.events(&EventQuery { limit: 9, ..query }).await.expect("history");
        let bodies = page.items.iter().map(|one| String::from_utf8_lossy(&one.body).into_owned());
        bodies.collect::<String>()
    };
    let ids = vec![entries[4].facts.id, entries[1].facts.id, switchhook_api::Uuid::nil()];
    assert_eq!(find(EventQuery { ids: ids.clone(), ..EventQuery::default() }).await, "41");
    let since = Some(received(2));
    assert_eq!(find(EventQuery { since, ..EventQuery::default() }).await, "5432");
    let until = Some(received(4));
    assert_eq!(find(EventQuery { since, until, ..EventQuery::default() }).await, "32");
    let commands = vec!["A.C".parse().expect("a pattern")];
    assert_eq!(find(EventQuery { commands, since, until, ..EventQuery::default() }).await, "3");
    assert_eq!(find(EventQuery { ids, since, ..EventQuery::default() }).await, "4");
}

/// And `next` leads on, between any two places.
pub async fn events_come_oldest_first_when_wanted(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    let mut at = Vec::new();
    for number in 0..9 {
        at.push(node.append("A.B", "", &number.to_string()).await);
    }
    let entries = (0..9).map(|_| entry("A.B", "", "x")).collect();
    node.0.append(entries).await.expect("kept");
    let before = Some(Position(at[8].0 + 6));
    let (mut seen, mut after) = (Vec::new(), Some(at[2]));
    for _ in 0..9 {
        let query =
            EventQuery { limit: 4, after, before, oldest_first: true, ..EventQuery::default() };
        let page = node.0.events(&query).await.expect("history");
        seen.extend(page.items.iter().map(|one| one.position.0));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((seen, after), ((at[3].0..at[8].0 + 6).collect(), None));
    let query = EventQuery { limit: 9, after: Some(at[6]), before, ..EventQuery::default() };
    let page = node.0.events(&query).await.expect("history");
    let seen: Vec<u64> = page.items.iter().map(|one| one.position.0).collect();
    assert_eq!(seen, (at[7].0..at[8].0 + 6).rev().collect::<Vec<_>>());
}
