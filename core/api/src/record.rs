//! What handlers hand to actions.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::callback::Callback;
use crate::facts::Metadata;

/// A record as a handler makes it; the framework adds the metadata of the callback and stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewRecord {
    /// The key of its order: the callback's key, unless the handler sets another one.
    pub key: Option<Arc<str>>,
    /// One line for people.
    pub summary: String,
    /// JSON for machines. `None` stands for the callback's own body, which is not stored twice.
    pub body: Option<Bytes>,
}

impl NewRecord {
    /// The callback unchanged: its body, byte for byte.
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

/// A record as actions receive it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// The handler instance that made it.
    pub handler: Arc<str>,
    /// The key of its order.
    pub key: Option<Arc<str>>,
    /// One line for people. It may hold user input: escape it wherever it is shown.
    pub summary: String,
    /// JSON for machines.
    pub body: Bytes,
    /// The metadata of the callback that it was made from.
    pub facts: Metadata,
    /// For a replay: the id of this new delivery.
    pub replay: Option<Uuid>,
}

impl Record {
    /// Makes a record, as a journal or a test does.
    pub fn new(
        handler: Arc<str>,
        facts: Metadata,
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

    /// The id that targets use to recognise a delivery, the same at every attempt: the delivery's id and the handler.
    pub fn id(&self) -> String {
        format!("{}.{}", self.delivery(), self.handler)
    }
}
