//! The words for work: who reads the journal, what is handed out, what became of it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Position;
use crate::callback::Callback;
use crate::pattern::Pattern;
use crate::record::{NewRecord, Record};
use crate::state::StateChanges;

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
    /// Whether it hands out anything. If not, it is kept as it is, with all that it has left to do, for as long as it is named;
    /// where there was none, none is made.
    pub enabled: bool,
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
    /// While there is fresh work, at most so many items that were tried before: neither may starve the other.
    pub retries: usize,
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
    /// The id of a delivery that was asked for again; a projection that handles such a callback changes no state.
    pub replay: Option<Uuid>,
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
#[derive(Clone, Debug)]
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
