//! Appending, and looking back.

use switchhook_api::journal::{Dedupe, EventQuery, Page, StoredEvent};

use super::*;

async fn page(node: &Node, query: EventQuery) -> Page<StoredEvent> {
    node.0.events(&query).await.expect("history")
}

fn texts(page: &Page<StoredEvent>) -> Vec<String> {
    page.items.iter().map(|event| String::from_utf8_lossy(&event.body).into_owned()).collect()
}

/// Body and facts come back as they were given, newest first.
pub async fn appended_events_come_back_newest_first(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    let one = entry("A.B", "k", "{\"a\": 1}\n\u{fffd}");
    let kept = node.0.append(vec![one.clone()]).await.expect("kept");
    let two = node.append("A.C", "", "").await;
    let page = page(&node, EventQuery { limit: 10, ..EventQuery::default() }).await;
    assert_eq!(page.items.len(), 2);
    assert_eq!((page.items[0].position, &*page.items[0].facts.command), (two, "A.C"));
    assert_eq!(kept, [Appended::Kept(page.items[1].position)]);
    assert_eq!((&page.items[1].facts, &page.items[1].body), (&one.facts, &one.body));
    assert!(two > page.items[1].position);
    assert_eq!(page.next, None);
}

/// `next` leads on without a gap or an overlap.
pub async fn pages_follow_on(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    for number in 0..25 {
        node.append("A.B", "", &number.to_string()).await;
    }
    let (mut seen, mut before) = (Vec::new(), None);
    for _ in 0..25 {
        let page = page(&node, EventQuery { limit: 7, before, ..EventQuery::default() }).await;
        assert!(page.items.len() <= 7);
        seen.extend(texts(&page));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (0..25).rev().map(|number| number.to_string()).collect();
    assert_eq!((seen, before), (expected, None));
}

/// Exact, family and all.
pub async fn events_are_filtered_by_command(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    for command in ["A.B", "A.C", "X.B"] {
        node.append(command, "", command).await;
    }
    for (pattern, expected) in
        [("A.*", &["A.C", "A.B"][..]), ("X.B", &["X.B"]), ("*", &["X.B", "A.C", "A.B"])]
    {
        let commands = vec![pattern.parse().expect("a pattern")];
        let page = page(&node, EventQuery { limit: 9, commands, ..EventQuery::default() }).await;
        assert_eq!(texts(&page), expected, "{pattern}");
    }
}

/// Entries of one append get rising positions; a large one is kept as a whole.
pub async fn an_append_takes_several(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    assert_eq!(node.0.append(Vec::new()).await.expect("nothing to do"), []);
    let large = vec![b'x'; 700_000];
    let entries = (0..3).map(|_| entry("A.B", "", large.clone())).collect();
    let kept = node.0.append(entries).await.expect("kept");
    let positions: Vec<Position> = kept
        .iter()
        .map(|kept| match kept {
            Appended::Kept(position) | Appended::Duplicate(position) => *position,
        })
        .collect();
    assert!(positions.windows(2).all(|two| two[0] < two[1]) && positions.len() == 3);
    let page = page(&node, EventQuery { limit: 10, ..EventQuery::default() }).await;
    assert!(page.items.iter().all(|event| event.body == large) && page.items.len() == 3);
}

/// Many at once: each is kept once, at a position of its own.
pub async fn concurrent_appends_are_all_kept(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    let tasks: Vec<_> = (0..40)
        .map(|task| {
            let node = Node(node.0.clone());
            tokio::spawn(async move {
                let mut kept = Vec::new();
                for number in 0..10 {
                    let body = format!("{task}/{number}");
                    kept.push((node.append("A.B", "", &body).await, body));
                }
                kept
            })
        })
        .collect();
    let mut kept = Vec::new();
    for task in tasks {
        kept.extend(task.await.expect("appending"));
    }
    kept.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
    let page = page(&node, EventQuery { limit: 1000, ..EventQuery::default() }).await;
    let found: Vec<_> = page.items.iter().map(|event| event.position).zip(texts(&page)).collect();
    assert_eq!(found, kept);
}

/// A duplicate names the first one; when the window is over, it is kept again.
pub async fn duplicates_are_told_within_their_window(fixture: &dyn JournalFixture) {
    let node = Node::open(fixture).await;
    let dedupe = |key: &str| {
        let window = Duration::from_mins(1);
        Some(Dedupe { key: key.into(), window })
    };
    let of =
        |key: &str| switchhook_api::journal::Entry { dedupe: dedupe(key), ..entry("A.B", "", "x") };
    let kept = node.0.append(vec![of("1"), of("1"), of("2")]).await.expect("kept");
    let [Appended::Kept(one), Appended::Duplicate(again), Appended::Kept(two)] = kept[..] else {
        panic!("{kept:?}");
    };
    assert!(one == again && one < two);
    fixture.clock().advance(Duration::from_secs(59));
    let kept = node.0.append(vec![of("2"), of("1")]).await.expect("kept");
    assert_eq!(kept, [Appended::Duplicate(two), Appended::Duplicate(one)]);
    fixture.clock().advance(Duration::from_secs(2));
    let kept = node.0.append(vec![of("1")]).await.expect("kept");
    assert!(matches!(kept[..], [Appended::Kept(position)] if position > two), "{kept:?}");
    let page = page(&node, EventQuery { limit: 10, ..EventQuery::default() }).await;
    assert_eq!(page.items.len(), 3);
}

/// A note is kept sooner or later, and projections get it.
pub async fn notes_are_kept(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    assert!(node.0.note(entry("A.Before", "", "noted")));
    let lease = node.lease(&ConsumerId::projection("h"), &want(1)).await;
    assert_eq!(bodies(&lease), ["noted"]);
}

/// After its shutdown a journal says so, and whoever waits is told.
pub async fn a_closed_journal_refuses(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let other = node.0.clone();
    let waiting = tokio::spawn(async move { other.lease(&lane(), &want(1)).await.map(|_| ()) });
    tokio::task::yield_now().await;
    node.0.shutdown().await;
    let refused = tokio::time::timeout(PATIENCE, waiting).await.expect("told").expect("no panic");
    assert!(matches!(refused, Err(JournalError::Closed)), "{refused:?}");
    let refused = node.0.append(vec![entry("A.B", "", "")]).await;
    assert!(matches!(refused, Err(JournalError::Closed)), "{refused:?}");
    assert!(!node.0.note(entry("A.B", "", "")));
}
