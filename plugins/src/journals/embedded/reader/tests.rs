//! The cache that the writer feeds.

use super::*;
use crate::journals::embedded::frame::ENTRIES;

fn blob(log: u64, first: u64, after: u64) -> Arc<Blob> {
    Arc::new(Blob::read(log, first, first, after, Bytes::from_static(b"x")))
}

#[test]
fn what_was_read_before_a_blob_came_out_of_order_does_not_hide_it() {
    let mut cache = Cache::default();
    let log = ENTRIES + 1;
    for first in [1, 9] {
        cache.forget_after(log, first);
    }
    // Somebody reads: behind 1 comes 9.
    let removals = cache.removals;
    cache.forget_after(log, 5);
    cache.put_read(log, blob(log, 9, 1), removals);
    assert!(cache.get(log, 5).is_none(), "5 is there, and 9 was found in its place");
    let removals = cache.removals;
    for in_order in [10, REPLAYS + 7, 11] {
        cache.forget_after(log, in_order);
    }
    cache.put_read(log, blob(log, 9, 5), removals);
    assert!(cache.get(log, 9).is_some(), "what comes in order hides nothing");
}
