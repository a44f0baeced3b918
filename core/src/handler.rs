//! The role of a handler: decides before-callbacks, turns callbacks into records.

mod state;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

use crate::BoxError;
use crate::callback::Callback;
use crate::facts::Facts;

pub use self::state::{HandleContext, STATE_KEY_MAX, STATE_VALUE_MAX, State, StateChanges};

/// A JSON object.
pub type Map = serde_json::Map<String, serde_json::Value>;

/// Decides before-callbacks and turns callbacks into records.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Answers a before-callback. Memory only: whoever waits here is cut off at the deadline.
    ///
    /// # Errors
    /// A failure counts as `Abstain`, or as `Deny` where the instance says `on_failure = "deny"`.
    async fn decide(&self, callback: &Callback) -> Result<Verdict, Failure> {
        let _ = callback;
        Ok(Verdict::Abstain)
    }

    /// Turns a callback that is safe in the journal into a record for the actions, or into none.
    /// `cx.state()` is the handler's own durable state, committed together with the record and the cursor.
    /// No side effects: they belong into an action, for this may run again after a crash.
    ///
    /// # Errors
    /// Tried three times in all, then the callback becomes a dead letter of this handler.
    async fn handle(
        &self,
        callback: &Callback,
        cx: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        let _ = cx;
        Ok(Some(NewRecord::of(callback)))
    }
}

/// What a handler answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// No opinion; the next handler is asked.
    Abstain,
    /// No opinion, but something worth noting.
    Flag(String),
    /// Allowed; no further handler is asked.
    Allow,
    /// Refused; no further handler is asked.
    Deny {
        /// A code of the app's own, where the command permits one.
        code: Option<i64>,
        /// What the user is told.
        reason: String,
    },
    /// Discarded while the sender believes that it succeeded.
    Drop,
    /// Goes on with these fields of the body replaced.
    Replace(Map),
    /// Fields of the reply itself.
    Answer(Map),
}

/// The kinds of [`Verdict`], for catalogues and counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants of `Verdict`, explained there")]
pub enum VerdictKind {
    Abstain,
    Flag,
    Allow,
    Deny,
    Drop,
    Replace,
    Answer,
}

impl Verdict {
    /// Its kind.
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Abstain => VerdictKind::Abstain,
            Self::Flag(_) => VerdictKind::Flag,
            Self::Allow => VerdictKind::Allow,
            Self::Deny { .. } => VerdictKind::Deny,
            Self::Drop => VerdictKind::Drop,
            Self::Replace(_) => VerdictKind::Replace,
            Self::Answer(_) => VerdictKind::Answer,
        }
    }
}

impl VerdictKind {
    /// The word for logs, labels and the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abstain => "abstain",
            Self::Flag => "flag",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Drop => "drop",
            Self::Replace => "replace",
            Self::Answer => "answer",
        }
    }
}

/// Characters of a reason.
const REASON_MAX: usize = 2000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Transient,
    Permanent,
    Gone,
}

/// Why an attempt failed, and whether trying again can help. The author says which, at each `?`.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    error: BoxError,
    retry_after: Option<Duration>,
    response: Option<String>,
}

impl Failure {
    /// Trying again later can help.
    pub fn transient(error: impl Into<BoxError>) -> Self {
        Self::of(Kind::Transient, error)
    }

    /// Trying again cannot help.
    pub fn permanent(error: impl Into<BoxError>) -> Self {
        Self::of(Kind::Permanent, error)
    }

    /// The target says that it is gone, with everything that could be delivered to it. An action that says so is paused until
    /// somebody resumes it, and its record kept; of a handler it is a permanent failure.
    pub fn gone(error: impl Into<BoxError>) -> Self {
        Self::of(Kind::Gone, error)
    }

    fn of(kind: Kind, error: impl Into<BoxError>) -> Self {
        Self { kind, error: error.into(), retry_after: None, response: None }
    }

    /// The target asked to be left alone for so long.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What the target answered, cut to what a person needs.
    #[must_use]
    pub fn response(mut self, text: impl Into<String>) -> Self {
        self.response = Some(text.into());
        self
    }

    /// Whether trying again cannot help, as things are.
    pub fn is_permanent(&self) -> bool {
        self.kind != Kind::Transient
    }

    /// Whether the target is gone.
    pub fn is_gone(&self) -> bool {
        self.kind == Kind::Gone
    }

    /// How long the target asked to be left alone.
    pub fn wanted_wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What the target answered.
    pub fn last_response(&self) -> Option<&str> {
        self.response.as_deref()
    }

    /// The whole chain of causes in one line, cut to what a person needs: errors quote what users typed, all of it.
    pub fn reason(&self) -> String {
        let text = catch_unwind(AssertUnwindSafe(|| self.causes()));
        let text = text.unwrap_or_else(|_| "the error panicked while it was formatted".to_owned());
        text.chars().take(REASON_MAX).collect()
    }

    fn causes(&self) -> String {
        let mut text = self.error.to_string();
        let mut cause = self.error.source();
        while let Some(inner) = cause {
            let inner_text = inner.to_string();
            if !text.ends_with(&inner_text) {
                text.push_str(": ");
                text.push_str(&inner_text);
            }
            cause = inner.source();
        }
        text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())
    }
}

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
