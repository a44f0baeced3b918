//! What handlers hand to actions.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::callback::Callback;
use crate::facts::Facts;

/// A record as a handler makes it; the framework adds the facts and keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewRecord {
    /// What its order hangs on; the callback's key unless the handler says otherwise.
    pub key: Option<Arc<str>>,
    /// One line for people.
    pub summary: String,
    /// JSON for machines; none: the callback's own body, kept as a reference.
    pub body: Option<Bytes>,
}

impl NewRecord {
    /// The callback as it came: its body, byte for byte.
    pub fn of(callback: &Callback) -> Self {
        Self {
            key: callback.facts.key.clone(),
            summary: callback.facts.command.to_string(),
            body: None,
        }
    }

    /// A record with a body of its own.
    pub fn new(callback: &Callback, summary: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { key: callback.facts.key.clone(), summary: summary.into(), body: Some(body.into()) }
    }
}

/// What a handler hands to actions, as they get it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// The handler instance that made it.
    pub handler: Arc<str>,
    /// What its order hangs on.
    pub key: Option<Arc<str>>,
    /// One line for people. Holds what users typed: escape it wherever it goes.
    pub summary: String,
    /// JSON for machines.
    pub body: Bytes,
    /// The callback that it came from.
    pub facts: Facts,
    /// Sent again on request: the id of this new delivery.
    pub replay: Option<Uuid>,
}

impl Record {
    /// Puts a record together, as a journal or a test does.
    pub fn new(
        handler: Arc<str>,
        facts: Facts,
        key: Option<Arc<str>>,
        summary: String,
        body: Bytes,
    ) -> Self {
        Self { handler, key, summary, body, facts, replay: None }
    }

    /// The id of this delivery, the same at every attempt: the callback's, or a new one for each replay.
    pub fn delivery(&self) -> Uuid {
        self.replay.unwrap_or(self.facts.id)
    }

    /// What targets tell deliveries by, the same at every attempt: the delivery's id and the handler.
    pub fn id(&self) -> String {
        format!("{}.{}", self.delivery(), self.handler)
    }
}
