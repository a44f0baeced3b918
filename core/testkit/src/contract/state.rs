//! What a handler keeps: how large it may be, and when it goes.

use bytes::Bytes;
use switchhook_api::journal::Retention;
use switchhook_api::{HandleContext, STATE_KEY_MAX, STATE_VALUE_MAX};

use super::*;

/// How a handler's lane is forgotten.
#[derive(Clone, Copy, Debug)]
enum Forgotten {
    Asked,
    ByAge,
}

async fn put(node: &Node, handler: &str, changes: StateChanges) {
    node.append("A.B", "", handler).await;
    let lease = node.lease(&ConsumerId::projection(handler), &want(1)).await;
    let fates = vec![(lease.items[0].position, Disposition::Recorded(None))];
    node.settle_with(&lease, fates, changes).await.expect("the lease holds");
}

async fn value(node: &Node, handler: &str, key: &str) -> Option<Bytes> {
    node.0.state(handler, key).await.expect("state")
}

async fn forget(node: &Node, lane: &ConsumerId, how: Forgotten) {
    match how {
        Forgotten::Asked => _ = node.0.forget_lane(lane).await.expect("forgotten"),
        Forgotten::ByAge => {
            let orphan_retention = Some(Duration::ZERO);
            let retention = Retention { orphan_retention, ..Retention::default() };
            let pruned = node.0.prune(&retention).await.expect("pruned");
            assert_eq!(pruned.lanes, [lane.to_string()]);
        }
    }
}

/// By age or on request; so a handler that comes back under its name begins as a new one, also after a crash. A subscription
/// that goes takes nothing with it, nor does a lane that only left, nor a handler whose name begins alike.
pub async fn state_goes_with_its_handlers_projection_and_with_nothing_else(
    fixture: &dyn JournalFixture,
) {
    let node = Node::open(fixture).await;
    let all = [
        projection("h", "*"),
        subscription("h", "a", Ordering::None),
        projection("ha", "*"),
        projection("other", "*"),
    ];
    let without = |left: &[&str]| -> Vec<ConsumerSpec> {
        all.iter().filter(|spec| !left.contains(&&*spec.id.to_string())).cloned().collect()
    };
    let of = |text: &'static str| StateChanges::from([("k".into(), Some(text.into()))]);
    for how in [Forgotten::Asked, Forgotten::ByAge] {
        node.attach(&all).await;
        for handler in ["h", "ha", "other"] {
            put(&node, handler, of(handler.len().to_string().leak())).await;
        }
        node.attach(&without(&["h>a"])).await;
        forget(&node, &lane(), how).await;
        assert_eq!(value(&node, "h", "k").await.as_deref(), Some(&b"1"[..]), "{how:?}");
        node.attach(&without(&["h", "h>a"])).await;
        assert_eq!(value(&node, "h", "k").await.as_deref(), Some(&b"1"[..]), "it only left");
        forget(&node, &ConsumerId::projection("h"), how).await;
        for again in [false, true] {
            assert_eq!(value(&node, "h", "k").await, None, "{how:?}, back: {again}");
            assert_eq!(value(&node, "ha", "k").await.as_deref(), Some(&b"2"[..]), "{how:?}");
            assert_eq!(value(&node, "other", "k").await.as_deref(), Some(&b"5"[..]), "{how:?}");
            node.attach(&all).await;
        }
    }
    node.attach(&without(&["ha"])).await;
    forget(&node, &ConsumerId::projection("ha"), Forgotten::Asked).await;
    drop(node);
    let node = Node::open(fixture).await;
    node.attach(&all).await;
    assert_eq!(value(&node, "ha", "k").await, None, "after a crash");
    assert_eq!(value(&node, "other", "k").await.as_deref(), Some(&b"5"[..]), "after a crash");
}

/// More than one commit removes, with dead letters beside it.
pub async fn much_state_goes_too(fixture: &dyn JournalFixture) {
    const MANY: usize = 450;
    let node = Node::open(fixture).await;
    let both = [projection("h", "*"), projection("other", "*")];
    node.attach(&both).await;
    let name = |number: usize| format!("key {number}");
    let changes = || (0..MANY).map(|number| (name(number), Some("v".into()))).collect();
    put(&node, "h", changes()).await;
    put(&node, "other", changes()).await;
    let lease = node.lease(&ConsumerId::projection("h"), &want(1)).await;
    node.finish(&lease, |_| dead("no")).await;
    node.attach(&both[1..]).await;
    forget(&node, &ConsumerId::projection("h"), Forgotten::Asked).await;
    assert!(node.letters().await.is_empty());
    for number in 0..MANY {
        assert_eq!(value(&node, "h", &name(number)).await, None, "{number}");
        assert!(value(&node, "other", &name(number)).await.is_some(), "{number}");
    }
}

/// What `HandleContext` lets through, a journal takes; what is larger it does not get to see.
pub async fn state_of_the_largest_size_is_kept(fixture: &dyn JournalFixture) {
    let node = Node::with_lanes(fixture, Ordering::None).await;
    let key = |more: usize| "k".repeat(STATE_KEY_MAX + more);
    let large = |more: usize| "v".repeat(STATE_VALUE_MAX + more);
    for (key, value) in [(key(1), large(0)), (key(0), large(1)), (String::new(), large(100_000))] {
        let before = StateChanges::new();
        let mut cx = HandleContext::new("h", &*node.0, &before);
        cx.state().put("small", "x");
        cx.state().put(key, value);
        let failure = cx.into_changes().expect_err("refused");
        assert!(failure.is_permanent() && failure.reason().contains("at most"), "{failure}");
    }
    let before = StateChanges::new();
    let mut cx = HandleContext::new("h", &*node.0, &before);
    cx.state().put(key(0), large(0));
    cx.state().put("", "");
    let changes = cx.into_changes().expect("within the limits");
    put(&node, "h", changes).await;
    let node = again(fixture, node, Ordering::None).await;
    assert_eq!(value(&node, "h", &key(0)).await, Some(large(0).into()));
    assert_eq!(value(&node, "h", "").await, Some(Bytes::new()));
}
