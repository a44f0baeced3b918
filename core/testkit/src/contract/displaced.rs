//! A store that is no longer where it was opened.

use switchhook_api::journal::{EventQuery, Health};

use super::given_up::until;
use super::*;

/// Until it is back, it refuses what is new and says why. What it holds is delivered and settled meanwhile; none of it is lost.
pub async fn a_store_that_was_moved_away_acknowledges_nothing(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let at = node.records(&["a", "b", "c"]).await;
    if !fixture.displace(true) {
        return;
    }
    for _ in 0..3 {
        let refused = node.0.append(vec![entry("A.B", "k", "refused")]).await;
        assert!(matches!(refused, Err(JournalError::Displaced(_))), "{refused:?}");
    }
    until("it says so", || matches!(node.0.health(), Health::Unavailable(_))).await;
    let lease = node.lease(&lane(), &want(2)).await;
    assert_eq!(positions(&lease), at[..2]);
    node.finish(&lease, |_| Disposition::Delivered).await;
    assert!(fixture.displace(false));
    until("it is well again", || node.0.health() == Health::Ready).await;
    node.append("A.B", "k", "after").await;
    let node = again(fixture, node, Ordering::None).await;
    assert_eq!(positions(&node.lease(&lane(), &want(9)).await), at[2..]);
    let query = EventQuery { limit: 9, oldest_first: true, ..EventQuery::default() };
    let page = node.0.events(&query).await.expect("history");
    // One that was under way when it was moved may have been committed: then it is marked.
    let sure = page.items.iter().filter(|event| !event.persisted_late);
    let sure: Vec<_> = sure.map(|event| String::from_utf8_lossy(&event.body)).collect();
    assert_eq!(sure, ["a0", "b1", "c2", "after"]);
}
