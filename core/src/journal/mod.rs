//! The role of a journal: the durable log of callbacks, of the records made from them, and of who still owes what.

mod lane;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::lane::{Lane, Offer, OpenRow, Plan};
use crate::BoxError;
use crate::callback::Callback;
use crate::facts::Facts;
use crate::handler::{NewRecord, Record, StateChanges};
use crate::router::Pattern;

/// The durable log. Several nodes may share one: positions are opaque, work is leased for a term and fenced by a token.
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Returns when all entries would survive a power cut; concurrent appends share one commit. All or nothing.
    ///
    /// # Errors
    /// Nothing was kept.
    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Appended>, JournalError>;
    /// For before-callbacks: bounded, not waited for. False when there was no room: the caller counts it.
    fn note(&self, entry: Entry) -> bool;
    /// Names the lanes of this configuration; new ones get their cursor. Called before the first lease.
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
    /// A value of a handler's state, as of the last commit.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn state(&self, handler: &str, key: &str) -> Result<Option<Bytes>, JournalError>;
    /// History for people, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn events(&self, query: &EventQuery) -> Result<Page<StoredEvent>, JournalError>;
    /// Every lane, those that left the configuration included.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn lanes(&self) -> Result<Vec<LaneStatus>, JournalError>;
    /// What was given up, newest first; of one lane or of all.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn dead_letters(
        &self,
        lane: Option<&LaneId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, JournalError>;
    /// How it is.
    fn health(&self) -> Health;
    /// Resolves, with the reason, when the store can no longer be used by this process; never otherwise.
    async fn failed(&self) -> String;
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

/// A place in the journal. Later entries have greater positions; nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position(pub u64);

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

/// Names one reader of the journal. As text: `handler`, or `handler>action`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LaneId {
    /// A handler instance reading callbacks.
    Projection {
        /// Its name.
        handler: Arc<str>,
    },
    /// A handler instance's records on their way to one of its actions.
    Subscription {
        /// The handler's name.
        handler: Arc<str>,
        /// The action's name.
        action: Arc<str>,
    },
}

impl LaneId {
    /// The projection of a handler instance.
    pub fn projection(handler: &str) -> Self {
        Self::Projection { handler: handler.into() }
    }

    /// The subscription of an action instance to a handler instance.
    pub fn subscription(handler: &str, action: &str) -> Self {
        Self::Subscription { handler: handler.into(), action: action.into() }
    }

    /// The handler instance it belongs to.
    pub fn handler(&self) -> &Arc<str> {
        match self {
            Self::Projection { handler } | Self::Subscription { handler, .. } => handler,
        }
    }

    /// The action instance, for a subscription.
    pub fn action(&self) -> Option<&Arc<str>> {
        match self {
            Self::Projection { .. } => None,
            Self::Subscription { action, .. } => Some(action),
        }
    }
}

impl fmt::Display for LaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Projection { handler } => f.write_str(handler),
            Self::Subscription { handler, action } => write!(f, "{handler}>{action}"),
        }
    }
}

impl FromStr for LaneId {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once('>') {
            Some((handler, action)) => Self::subscription(handler, action),
            None => Self::projection(text),
        })
    }
}

/// A lane as the configuration wants it.
#[derive(Clone, Debug)]
pub struct LaneSpec {
    /// Its name.
    pub id: LaneId,
    /// Where a new one begins.
    pub start: Start,
    /// The commands that a projection reads; a subscription gets all records of its handler.
    pub commands: Vec<Pattern>,
    /// Whether a key's records go one after the other. Projections read everything in order anyway.
    pub ordering: Ordering,
}

/// Where a new lane begins.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With what comes from now on.
    #[default]
    Now,
    /// With the oldest that is kept.
    Beginning,
}

/// The order of deliveries.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Ordering {
    /// Records of one key one after the other, also across retries.
    #[default]
    Key,
    /// As they come.
    None,
}

/// How much work is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// At most so many items.
    pub limit: usize,
    /// How long the lease holds.
    pub term: Duration,
    /// With ordering by key: whether one lease may hold several items of a key, to be done in order.
    pub whole_keys: bool,
}

/// Work that nobody else gets until the term is over.
#[derive(Debug)]
pub struct Lease {
    /// The lane.
    pub lane: LaneId,
    /// Proof of the lease; a later lease of the same items makes it stale.
    pub token: u64,
    /// The items, by position; never empty.
    pub items: Vec<Leased>,
}

/// One item of a lease.
#[derive(Debug)]
pub struct Leased {
    /// Its place.
    pub position: Position,
    /// Attempts so far that counted.
    pub attempts: u32,
    /// What is to be done.
    pub work: Work,
}

/// What a lane works on.
#[derive(Debug)]
pub enum Work {
    /// A projection turns it into a record.
    Callback(Callback),
    /// A subscription delivers it.
    Record(Record),
}

/// What became of items of a lease.
#[derive(Debug)]
pub struct Settlement {
    /// The lane.
    pub lane: LaneId,
    /// The token of the lease.
    pub token: u64,
    /// Each settled item's fate.
    pub fates: Vec<(Position, Fate)>,
    /// Changes to the handler's state (projections).
    pub state: StateChanges,
}

/// What became of one item.
#[derive(Debug)]
pub enum Fate {
    /// A projection read it; the record, if any, is kept with this commit.
    Recorded(Option<NewRecord>),
    /// Delivered.
    Delivered,
    /// To be tried again.
    Retry {
        /// Not before so long from now.
        after: Duration,
        /// Why.
        reason: String,
    },
    /// Given up.
    Dead {
        /// Why.
        reason: String,
        /// The target's last answer.
        response: Option<String>,
    },
}

/// What was given up, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The lane, as text.
    pub lane: String,
    /// The callback's place.
    pub position: Position,
    /// When it was given up.
    pub at: Timestamp,
    /// Attempts that were made.
    pub attempts: u32,
    /// Why.
    pub reason: String,
    /// The target's last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
}

/// A question about history.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// At most so many.
    pub limit: usize,
    /// Only older ones than this.
    pub before: Option<Position>,
    /// Only these commands; empty: all.
    pub commands: Vec<Pattern>,
}

/// One page of an answer.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins, if there may be more: give it as [`EventQuery::before`].
    pub next: Option<Position>,
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
}

/// How a lane stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LaneStatus {
    /// Its name, as text.
    pub lane: String,
    /// Everything at or below has been delivered, or waits below, or is a dead letter.
    pub cursor: Position,
    /// Entries of the journal that it has not looked at yet.
    pub behind: u64,
    /// Items handed out, held behind their key, or waiting for a retry.
    pub open: u64,
    /// Dead letters.
    pub dead: u64,
    /// No longer in the configuration.
    pub detached: bool,
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

/// Why a journal could not do something.
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// No room on the disk.
    Full,
    /// Too much is waiting already.
    Overloaded,
    /// The lease has run out.
    Stale,
    /// Another process holds the store.
    Locked {
        /// Who, as far as it can be told.
        by: String,
        /// The store's folder, where the holder's admin socket is.
        folder: std::path::PathBuf,
    },
    /// It was shut down, or a failed sync ended its life.
    Closed,
    /// Anything else.
    Store(BoxError),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("no room left on the journal's disk"),
            Self::Overloaded => f.write_str("too much is waiting to be kept"),
            Self::Stale => f.write_str("the lease has run out"),
            Self::Locked { by, folder } => {
                write!(f, "the journal {} is in use by {by}", folder.display())
            }
            Self::Closed => f.write_str("the journal is closed"),
            Self::Store(_) => f.write_str("the journal's store failed"),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(&**error),
            _ => None,
        }
    }
}
