//! Delivery in virtual time: the real projections and subscriptions over the in-memory journal.

pub(super) mod clock;
pub(super) mod log;
pub(super) mod target;
pub(super) mod world;

mod journal;
