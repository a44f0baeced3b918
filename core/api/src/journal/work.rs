//! The types of work: who reads the journal, what is leased, and what became of it.

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

/// The name of a consumer of the journal. As text: `handler`, or `handler>action`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsumerId {
    /// A handler instance reading callbacks.
    Projection {
        /// Its name.
        handler: Arc<str>,
    },
    /// The records of a handler instance, delivered by one of its actions.
    Subscription {
        /// The handler's name.
        handler: Arc<str>,
        /// The action's name.
        action: Arc<str>,
    },
}

impl ConsumerId {
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

impl fmt::Display for ConsumerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Projection { handler } => f.write_str(handler),
            Self::Subscription { handler, action } => write!(f, "{handler}>{action}"),
        }
    }
}

impl FromStr for ConsumerId {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once('>') {
            Some((handler, action)) => Self::subscription(handler, action),
            None => Self::projection(text),
        })
    }
}

/// A consumer as the configuration describes it.
#[derive(Clone, Debug)]
pub struct ConsumerSpec {
    /// Its name.
    pub id: ConsumerId,
    /// Where a new one starts.
    pub start: Start,
    /// The commands that a projection reads; a subscription gets all records of its handler.
    pub commands: Vec<Pattern>,
    /// Whether the records of one key are delivered one after the other. Projections always read in order.
    pub ordering: Ordering,
    /// Whether it leases work. If not, an existing consumer stays as it is, with all its pending work, as long as the
    /// configuration names it; a new one is not created.
    pub enabled: bool,
}

/// Where a new consumer starts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With the next callback.
    #[default]
    Now,
    /// With the oldest stored callback.
    Beginning,
}

/// The order of deliveries.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Ordering {
    /// Records of one key one after the other, even across retries.
    #[default]
    Key,
    /// In any order.
    None,
}

/// How much work to lease.
#[derive(Clone, Copy, Debug)]
pub struct LeaseRequest {
    /// At most so many items.
    pub limit: usize,
    /// How long the lease lasts.
    pub term: Duration,
    /// With ordering by key: whether one lease may hold several items of a key, to be processed in order.
    pub whole_keys: bool,
    /// The maximum number of retries while there is fresh work, so that neither starves the other.
    pub retries: usize,
}

/// Leased work. No one else gets it until the term is over.
#[derive(Debug)]
pub struct Lease {
    /// The consumer.
    pub lane: ConsumerId,
    /// The token that proves the lease; a later lease of the same items invalidates it.
    pub token: u64,
    /// The items, by position; never empty.
    pub items: Vec<LeasedItem>,
}

/// One item of a lease.
#[derive(Debug)]
pub struct LeasedItem {
    /// Its position.
    pub position: Position,
    /// The attempts made so far.
    pub attempts: u32,
    /// For a replay: the id of the new delivery. A projection that handles such a callback does not change state.
    pub replay: Option<Uuid>,
    /// The work.
    pub work: Work,
}

/// What a consumer works on.
#[derive(Debug)]
pub enum Work {
    /// A projection turns it into a record.
    Callback(Callback),
    /// A subscription delivers it.
    Record(Record),
}

/// The dispositions of items of a lease.
#[derive(Debug)]
pub struct Settlement {
    /// The consumer.
    pub lane: ConsumerId,
    /// The token of the lease.
    pub token: u64,
    /// The disposition of each settled item.
    pub fates: Vec<(Position, Disposition)>,
    /// Changes to the handler's state (projections).
    pub state: StateChanges,
}

/// The disposition of one item: what became of it.
#[derive(Clone, Debug)]
pub enum Disposition {
    /// A projection handled it; the record, if any, is stored with this commit.
    Recorded(Option<NewRecord>),
    /// Delivered.
    Delivered,
    /// To be retried.
    Retry {
        /// The wait before the retry.
        after: Duration,
        /// The reason.
        reason: String,
    },
    /// A dead letter.
    Dead {
        /// The reason.
        reason: String,
        /// The last response of the target.
        response: Option<String>,
    },
}
