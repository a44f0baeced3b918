//! The role of a journal: the durable log of callbacks, of the records made from them, and of who still owes what.

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
    BackedUp, DAMAGE_MAX, Damage, DeadLetter, DeadLetterQuery, LaneStatus, Pruned,
    REPLAYS_OPEN_MAX, Replay, Requeued, Restored, RestoredLane, Retention, Stats, Upkeep, Verified,
};
pub use self::work::{
    Fate, LaneId, LaneSpec, Lease, Leased, Ordering, Settlement, Start, Want, Work,
};
use crate::callback::Callback;
use crate::facts::Facts;
pub use crate::journal_error::JournalError;
use crate::pattern::Pattern;
use crate::state::StateReader;

/// The durable log. Several nodes may share one: positions are opaque, work is leased for a term and fenced by a token.
#[async_trait]
pub trait Journal: StateReader + Upkeep {
    /// Returns when all entries would survive a power cut; concurrent appends share one commit. All or nothing.
    ///
    /// Dropped before its commit begins, it is withdrawn: nothing of it is kept. Dropped later, it cannot be taken back: what it
    /// brought is kept, delivered like the rest, and marked ([`StoredEvent::persisted_late`]), because nobody was told that it
    /// was kept.
    ///
    /// # Errors
    /// Nothing was kept.
    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Appended>, JournalError>;
    /// For before-callbacks: bounded, not waited for. False when there was no room: the caller counts it.
    fn note(&self, entry: Entry) -> bool;
    /// Names the lanes of this configuration; new ones get their cursor, unless they are disabled. Called before the first lease.
    ///
    /// # Errors
    /// The server does not start.
    async fn attach(&self, lanes: &[LaneSpec]) -> Result<(), JournalError>;
    /// Work for one lane, next in order plus due retries. Waits without polling until there is some; it may be less than
    /// is wanted. A projection has one lease at a time, for it reads in order and its own state. A subscription gets no
    /// record before all earlier entries of its handler's projection are settled. Broken off, it takes nothing with it.
    ///
    /// # Errors
    /// When the store cannot be read or the lane was never attached.
    async fn lease(&self, lane: &LaneId, want: &Want) -> Result<Lease, JournalError>;
    /// Settles items of a lease, some or all, in one commit with the records and state that come with them. A commit that
    /// fails ends the lane's leases: their items come back.
    ///
    /// # Errors
    /// [`JournalError::Stale`] when the lease has run out; nothing was changed then, nor by any other error.
    async fn settle(&self, settlement: Settlement) -> Result<(), JournalError>;
    /// History: newest first unless the query says otherwise.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn events(&self, query: &EventQuery) -> Result<Page<StoredEvent>, JournalError>;
    /// How it is.
    fn health(&self) -> Health;
    /// Resolves, with the reason, when the store can no longer be used by this process; never otherwise.
    async fn failed(&self) -> String;
    /// Callbacks noted (`note` said true) and then not kept, since this journal was opened.
    fn notes_lost(&self) -> u64 {
        0
    }
    /// Callbacks that were kept after their append had been dropped, since this journal was opened.
    fn persisted_late(&self) -> u64 {
        0
    }
    /// The folder on this machine for what belongs beside it, such as the admin socket; none if it has no such place.
    fn folder(&self) -> Option<&std::path::Path> {
        None
    }
    /// Commits what is under way and lets go of the store.
    async fn shutdown(&self);
}

/// What is appended: a callback, with what tells its duplicates.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Everything but the body.
    pub facts: Facts,
    /// The body, byte for byte.
    pub body: Bytes,
    /// If set, a second entry of the same key within the window is not kept again.
    pub dedupe: Option<Dedupe>,
}

impl Entry {
    /// An entry of which duplicates are kept.
    pub fn of(callback: &Callback) -> Self {
        Self { facts: callback.facts.clone(), body: callback.body.clone(), dedupe: None }
    }
}

/// What tells a duplicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dedupe {
    /// A key that only the same event has, command and app included.
    pub key: Arc<str>,
    /// How long it is remembered.
    pub window: Duration,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Kept, at this position.
    Kept(Position),
    /// Seen within the window; the first one is at this position.
    Duplicate(Position),
}

/// A place in the journal. Later entries have greater positions; nothing else is said. What a lane works on a second time,
/// on request, has a place of its own above all entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position(pub u64);

impl Position {
    const REPLAYS: u64 = 1 << 43;

    /// The place of a replay with this number, which must be new to the store.
    pub const fn of_replay(number: u64) -> Self {
        Self(Self::REPLAYS + number)
    }

    /// The number of a replay; none: an entry.
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

/// A question about history.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// At most so many.
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
    /// Only those that were persisted late.
    pub persisted_late: bool,
    /// From the oldest on. The next page then begins after [`Page::next`], not before it.
    pub oldest_first: bool,
}

/// One page of an answer.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins, if there may be more: the query's next `before`, or `after` where the oldest come first.
    pub next: Option<Position>,
    /// What is damaged in the part that was searched for this page: whether it was asked for is not known.
    pub damaged: u64,
}

/// A callback in the journal.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its place.
    pub position: Position,
    /// Everything but the body.
    pub facts: Facts,
    /// The body, byte for byte.
    pub body: Bytes,
    /// It was persisted after its append had been dropped: its sender was not told OK, and may have been told that it was
    /// not persisted. After a crash in between, this mark may be missing.
    pub persisted_late: bool,
}

/// How a journal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Well.
    Ready,
    /// It cannot keep anything just now, and goes on by itself: why.
    Unavailable(String),
    /// This process can no longer use it: why.
    Failed(String),
}
