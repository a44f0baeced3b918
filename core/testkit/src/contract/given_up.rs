//! Appends that are dropped before they are answered.

use std::pin::Pin;
use std::task::Poll;

use switchhook_api::journal::{Dedupe, Entry, EventQuery, Retention, StoredEvent};

use super::*;

type Append<'n> = Pin<Box<dyn Future<Output = Result<Vec<Appended>, JournalError>> + Send + 'n>>;

/// Entries with these bodies, each also the key that tells its duplicates.
fn entries(bodies: &[&str]) -> Vec<Entry> {
    let of = |body: &&str| {
        let dedupe = Dedupe { key: (*body).into(), window: Duration::from_hours(1) };
        Entry { dedupe: Some(dedupe), ..entry("A.B", "k", (*body).to_owned()) }
    };
    bodies.iter().map(of).collect()
}

/// An append that has been begun and waits.
async fn begun<'n>(node: &'n Node, bodies: &[&str]) -> Append<'n> {
    let mut append: Append<'n> = Box::pin(node.0.append(entries(bodies)));
    let once = std::future::poll_fn(|cx| Poll::Ready(append.as_mut().poll(cx))).await;
    assert!(once.is_pending(), "{bodies:?} did not wait for the commit: {once:?}");
    append
}

/// Waits until a commit is held.
async fn held(fixture: &dyn JournalFixture) {
    until("a commit is held", || fixture.holds_a_commit()).await;
}

pub(super) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looking).await.is_ok(), "in vain: {what}");
}

/// What there is, the oldest first, and whether it is marked.
async fn history(node: &Node, persisted_late: bool) -> Vec<(String, bool)> {
    let query =
        EventQuery { limit: 100, persisted_late, oldest_first: true, ..EventQuery::default() };
    let text = |event: &StoredEvent| String::from_utf8_lossy(&event.body).into_owned();
    let page = node.0.events(&query).await.expect("history");
    page.items.iter().map(|event| (text(event), event.persisted_late)).collect()
}

fn unmarked(bodies: &[&str]) -> Vec<(String, bool)> {
    bodies.iter().map(|body| ((*body).to_owned(), false)).collect()
}

/// Dropped while another commit is under way: nothing of it is kept, whatever stands beside it, and its duplicate is new.
pub async fn an_append_given_up_before_its_commit_is_withdrawn(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    if !fixture.hold_commits(true) {
        return;
    }
    let first = begun(&node, &["first"]).await;
    held(fixture).await;
    let waiting: [&[&str]; 6] = [&["1"], &["2", "3", "4"], &["5"], &["6", "7"], &["8"], &["9"]];
    let mut waits = Vec::new();
    for bodies in waiting {
        waits.push(begun(&node, bodies).await);
    }
    // Beside each other, alone, first and last: what stays lies between what goes.
    let stay: Vec<_> = waits.into_iter().zip([false, true, false, false, true, false]).collect();
    let stay: Vec<_> =
        stay.into_iter().filter_map(|(append, stays)| stays.then_some(append)).collect();
    fixture.hold_commits(false);
    first.await.expect("kept");
    for append in stay {
        append.await.expect("kept");
    }
    assert_eq!(history(&node, false).await, unmarked(&["first", "2", "3", "4", "8"]));
    assert_eq!(node.0.persisted_late(), 0);
    let again = node.0.append(entries(&["1", "2", "9"])).await.expect("kept");
    assert!(
        matches!(again[..], [Appended::Kept(_), Appended::Duplicate(_), Appended::Kept(_)]),
        "{again:?}"
    );
    let lease = node.lease(&ConsumerId::projection("h"), &want(100)).await;
    assert_eq!(bodies(&lease), ["first", "2", "3", "4", "8", "1", "9"]);
}

/// It cannot be taken back any more: it is delivered, found by its mark, also after a crash, and counted.
pub async fn one_given_up_during_its_commit_is_kept_and_marked(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    node.append("A.B", "k", "before").await;
    if !fixture.hold_commits(true) {
        return;
    }
    let late = begun(&node, &["late", "later"]).await;
    held(fixture).await;
    drop(late);
    fixture.hold_commits(false);
    node.append("A.B", "k", "after").await;
    until("it is counted", || node.0.persisted_late() == 2).await;
    let marked = [("late".to_owned(), true), ("later".to_owned(), true)];
    let mut all = unmarked(&["before", "after"]);
    all.splice(1..1, marked.clone());
    assert_eq!(history(&node, false).await, all);
    assert_eq!(history(&node, true).await, marked);
    let again = node.0.append(entries(&["late"])).await.expect("kept");
    assert!(matches!(again[..], [Appended::Duplicate(_)]), "its sender tries again: {again:?}");
    let lease = node.lease(&ConsumerId::projection("h"), &want(100)).await;
    assert_eq!(bodies(&lease), ["before", "late", "later", "after"]);
    let node = self::again(fixture, node, Ordering::None).await;
    assert_eq!((history(&node, false).await, history(&node, true).await), (all, marked.to_vec()));
}

/// And when what is old is removed, nothing of it is left behind.
pub async fn marks_of_late_callbacks_go_with_them(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    if !fixture.hold_commits(true) {
        return;
    }
    let late = begun(&node, &["late"]).await;
    held(fixture).await;
    drop(late);
    fixture.hold_commits(false);
    until("it is counted", || node.0.persisted_late() == 1).await;
    assert_eq!(history(&node, true).await.len(), 1);
    fixture.clock().advance(Duration::from_hours(2));
    let retention = Some(Duration::from_hours(1));
    let pruned = node.0.prune(&Retention { retention, ..Retention::default() }).await;
    assert_eq!(pruned.expect("removed").events, 1);
    node.append("A.B", "k", "after").await;
    assert_eq!(
        (history(&node, true).await, history(&node, false).await),
        (vec![], unmarked(&["after"]))
    );
}
