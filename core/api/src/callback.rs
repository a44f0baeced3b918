//! What an IM system sent: decoded once when it arrives; the body stays unchanged, byte for byte.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::facts::{Client, Metadata, Phase};

/// One event as the IM system sent it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Callback {
    /// Everything but the body.
    pub facts: Metadata,
    /// An after-callback whose reply still has an effect: it is decided and persisted before it is answered.
    pub answered: bool,
    /// A key that only this event has, such as a message key; the catalogue names its fields. It identifies duplicates.
    pub natural_key: Option<Arc<str>>,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl Callback {
    /// A callback as a source decodes it. The framework fills in id, source and time.
    pub fn new(
        command: impl Into<Arc<str>>,
        phase: Phase,
        app: impl Into<Arc<str>>,
        body: Bytes,
    ) -> Self {
        Self {
            facts: Metadata {
                id: Uuid::nil(),
                source: Arc::from(""),
                command: command.into(),
                app: app.into(),
                phase,
                received: Timestamp::UNIX_EPOCH,
                sent: None,
                client: Client::default(),
                key: None,
                decision: None,
            },
            answered: false,
            natural_key: None,
            body,
        }
    }

    /// A callback as a journal returns it.
    pub fn restored(facts: Metadata, body: Bytes) -> Self {
        Self { facts, answered: false, natural_key: None, body }
    }

    /// The command, as the sender spells it.
    pub fn command(&self) -> &str {
        &self.facts.command
    }

    /// Whether the sender waits for a decision.
    pub fn is_decided(&self) -> bool {
        self.facts.phase == Phase::Before || self.answered
    }

    /// Reads the body as the typed event `T`. Half of a surrogate pair in it becomes U+FFFD.
    ///
    /// # Errors
    /// `T` belongs to another command, or the body does not have its shape.
    pub fn event<T: Event>(&self) -> Result<T, EventError> {
        if *self.facts.command != *T::COMMAND {
            return Err(EventError::Command {
                expected: T::COMMAND,
                found: self.facts.command.clone(),
            });
        }
        crate::lenient::read(&self.body, &mut Vec::new()).map_err(EventError::Body)
    }
}

/// A typed event: the shape of one command's body.
pub trait Event: DeserializeOwned {
    /// The command whose body has this shape.
    const COMMAND: &'static str;
}

/// Why a body could not be read as a typed event.
#[derive(Debug)]
#[non_exhaustive]
pub enum EventError {
    /// The type belongs to another command: an error in the handler.
    Command {
        /// The command of the type.
        expected: &'static str,
        /// The command of the callback.
        found: Arc<str>,
    },
    /// The body does not have the shape.
    Body(serde_json::Error),
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { expected, found } => {
                write!(f, "the event type is for {expected}, but the callback is {found}")
            }
            Self::Body(_) => f.write_str("the body does not have the shape of its command"),
        }
    }
}

impl std::error::Error for EventError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Command { .. } => None,
            Self::Body(error) => Some(error),
        }
    }
}
