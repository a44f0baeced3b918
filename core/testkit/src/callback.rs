//! Callbacks as tests need them.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use jiff::Timestamp;
use switchhook_api::journal::Entry;
use switchhook_api::{Callback, Phase};
use uuid::Uuid;

static COUNT: AtomicU64 = AtomicU64::new(1);

/// A callback of the app `test` with an id of its own; its phase is guessed from the command. Its fields are public, so
/// `facts.key` and others can be set afterwards.
pub fn callback(command: &str, body: impl Into<Bytes>) -> Callback {
    let mut callback = Callback::new(command, Phase::guess(command), "test", body.into());
    callback.facts.id = Uuid::from_u64_pair(0x7000, COUNT.fetch_add(1, Ordering::Relaxed));
    callback.facts.source = "test".into();
    callback.facts.received = Timestamp::from_second(1_767_225_600).unwrap_or_default();
    callback
}

/// A journal entry of such a callback, with a key for its order; an empty key means none.
pub fn entry(command: &str, key: &str, body: impl Into<Bytes>) -> Entry {
    let mut callback = callback(command, body);
    callback.facts.key = (!key.is_empty()).then(|| key.into());
    Entry::of(&callback)
}
