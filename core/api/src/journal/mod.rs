//! The role of a journal: the durable log of callbacks and of the records made from them, and how far each consumer is.

mod upkeep;
mod work;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::upkeep::{
    BackedUp, ConsumerStatus, DAMAGE_MAX, Damage, DeadLetter, DeadLetterQuery, JournalAdmin,
    Pruned, REPLAYS_OPEN_MAX, Replay, Requeued, Restored, RestoredConsumer, Retention, Stats,
    Verified,
};
pub use self::work::{
    ConsumerId, ConsumerSpec, Disposition, Lease, LeaseRequest, LeasedItem, Ordering, Settlement,
    Start, Work,
};
use crate::callback::Callback;
use crate::facts::Metadata;
pub use crate::journal_error::JournalError;
use crate::pattern::Pattern;
use crate::state::StateReader;

/// The durable log. Positions are opaque, and work is leased for a term and fenced by a token, so that several nodes may share
/// one.
#[async_trait]
pub trait Journal: StateReader + JournalAdmin {
    /// Returns when all entries survive a power cut. Either all entries are persisted, or none. Concurrent appends share one
    /// commit.
    ///
    /// If the future is dropped before its commit begins, the append is withdrawn and nothing is persisted. If it is dropped
    /// later, the append cannot be taken back: its entries are persisted, delivered like others, and marked
    /// ([`StoredEvent::persisted_late`]), because their sender was not told so.
    ///
    /// # Errors
    /// Nothing was persisted.
    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Appended>, JournalError>;
    /// For before-callbacks: appends best effort, without waiting, within a bounded queue. Returns false if the queue is full;
    /// the caller counts it.
    fn note(&self, entry: Entry) -> bool;
    /// Registers the consumers of this configuration. New ones get their cursor, unless they are disabled. Called before the
    /// first lease.
    ///
    /// # Errors
    /// The server does not start.
    async fn attach(&self, lanes: &[ConsumerSpec]) -> Result<(), JournalError>;
    /// Work for one consumer: the next items in order, and due retries. Waits without polling until there is work; it may return
    /// less than wanted. A projection has one lease at a time, because it reads in order and uses its own state. A subscription
    /// gets no record before all earlier entries of its handler's projection are settled. Dropping the future leases nothing.
    ///
    /// # Errors
    /// The store cannot be read, or the consumer was never registered.
    async fn lease(&self, lane: &ConsumerId, want: &LeaseRequest) -> Result<Lease, JournalError>;
    /// Settles items of a lease, some or all, in one commit with their records and state. A commit that fails ends the leases of
    /// the consumer; their items are leased again later.
    ///
    /// # Errors
    /// [`JournalError::Stale`] if the lease has expired. After any error, nothing was changed.
    async fn settle(&self, settlement: Settlement) -> Result<(), JournalError>;
    /// The history of callbacks, newest first unless the query says otherwise.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn events(&self, query: &EventQuery) -> Result<Page<StoredEvent>, JournalError>;
    /// Its health.
    fn health(&self) -> Health;
    /// Resolves, with the reason, when this process can no longer use the store; otherwise never.
    async fn failed(&self) -> String;
    /// Best-effort callbacks that were accepted (`note` returned true) and then not persisted, since this journal was opened.
    fn notes_lost(&self) -> u64 {
        0
    }
    /// Callbacks that were persisted after their append had been dropped, since this journal was opened.
    fn persisted_late(&self) -> u64 {
        0
    }
    /// The folder on this machine for files that belong to it, such as the admin socket; none if it has no folder.
    fn folder(&self) -> Option<&std::path::Path> {
        None
    }
    /// Commits what is under way and releases the store.
    async fn shutdown(&self);
}

/// What is appended: a callback, and what identifies its duplicates.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Everything but the body.
    pub facts: Metadata,
    /// The body, byte for byte.
    pub body: Bytes,
    /// If set, a second entry with the same key within the window is not persisted.
    pub dedupe: Option<Dedupe>,
}

impl Entry {
    /// An entry whose duplicates are persisted too.
    pub fn of(callback: &Callback) -> Self {
        Self { facts: callback.facts.clone(), body: callback.body.clone(), dedupe: None }
    }
}

/// What identifies a duplicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dedupe {
    /// A key that only the same event has; it includes command and app.
    pub key: Arc<str>,
    /// How long it is remembered.
    pub window: Duration,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Persisted, at this position.
    Kept(Position),
    /// A duplicate within the window; the first entry is at this position.
    Duplicate(Position),
}

/// A place in the journal. Later entries have greater positions; nothing else is guaranteed. A replay has a position of its own,
/// above all entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position(pub u64);

impl Position {
    const REPLAYS: u64 = 1 << 43;

    /// The position of a replay with this number, which must be new to the store.
    pub const fn of_replay(number: u64) -> Self {
        Self(Self::REPLAYS + number)
    }

    /// The number of a replay; none for an entry.
    pub fn replay_number(self) -> Option<u64> {
        self.0.checked_sub(Self::REPLAYS)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Position {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A query of the history.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// The maximum number of items.
    pub limit: usize,
    /// Only older ones than this.
    pub before: Option<Position>,
    /// Only newer ones than this.
    pub after: Option<Position>,
    /// Only these commands; empty: all.
    pub commands: Vec<Pattern>,
    /// Only these callbacks; empty: all.
    pub ids: Vec<Uuid>,
    /// Only those received at this time or later.
    pub since: Option<Timestamp>,
    /// Only those received before this time.
    pub until: Option<Timestamp>,
    /// Only callbacks that were persisted late.
    pub persisted_late: bool,
    /// Oldest first. The next page then begins after [`Page::next`], not before it.
    pub oldest_first: bool,
}

/// One page of a result.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins, if there may be more: the next `before` of the query, or `after` with the oldest first.
    pub next: Option<Position>,
    /// The number of damaged items in the part that was searched; whether they would match is unknown.
    pub damaged: u64,
}

/// A callback in the journal.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its position.
    pub position: Position,
    /// Everything but the body.
    pub facts: Metadata,
    /// The body, byte for byte.
    pub body: Bytes,
    /// It was persisted after its append had been dropped: its sender was not answered OK, and may have been told that it was not
    /// persisted. A crash in between can lose this mark.
    pub persisted_late: bool,
}

/// The health of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It works.
    Ready,
    /// It cannot persist anything at the moment, and recovers by itself; the reason.
    Unavailable(String),
    /// This process can no longer use it; the reason.
    Failed(String),
}
