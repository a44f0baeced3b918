//! What an IM system sent: parsed once at the edge, its body kept byte for byte.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::facts::{Client, Facts, Phase};

/// One event as the IM system sent it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Callback {
    /// Everything but the body.
    pub facts: Facts,
    /// An after-callback whose reply matters all the same: it is decided and kept before it is answered.
    pub answered: bool,
    /// A key that only the same event has (a message key), from the catalogue: tells duplicates.
    pub natural_key: Option<Arc<str>>,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl Callback {
    /// A callback as a source found it. Id, source and time are the framework's to fill in.
    pub fn new(
        command: impl Into<Arc<str>>,
        phase: Phase,
        app: impl Into<Arc<str>>,
        body: Bytes,
    ) -> Self {
        Self {
            facts: Facts {
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

    /// A callback as a journal gives it back.
    pub fn restored(facts: Facts, body: Bytes) -> Self {
        Self { facts, answered: false, natural_key: None, body }
    }

    /// The command, in the sender's spelling.
    pub fn command(&self) -> &str {
        &self.facts.command
    }

    /// Whether somebody waits for a decision.
    pub fn is_decided(&self) -> bool {
        self.facts.phase == Phase::Before || self.answered
    }

    /// Reads the body as the typed event `T`. Half of a surrogate pair in it is read as U+FFFD.
    ///
    /// # Errors
    /// When `T` belongs to another command, or the body does not have its shape.
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
    /// The type belongs to another command: a mistake of the handler's author.
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
