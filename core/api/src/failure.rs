//! Why an attempt failed, and whether another can help.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::BoxError;

/// Characters of a reason.
const REASON_MAX: usize = 2000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Transient,
    Permanent,
    Gone,
}

/// Why an attempt failed, and whether a retry can help. The author decides that at each `?`; there is no automatic conversion.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    error: BoxError,
    retry_after: Option<Duration>,
    response: Option<String>,
}

impl Failure {
    /// A retry can help.
    pub fn transient(error: impl Into<BoxError>) -> Self {
        Self::of(Kind::Transient, error)
    }

    /// A retry cannot help.
    pub fn permanent(error: impl Into<BoxError>) -> Self {
        Self::of(Kind::Permanent, error)
    }

    /// The target is gone for good. The action is paused until it is resumed, and its records stay pending. From a handler it is
    /// a permanent failure.
    pub fn gone(error: impl Into<BoxError>) -> Self {
        Self::of(Kind::Gone, error)
    }

    fn of(kind: Kind, error: impl Into<BoxError>) -> Self {
        Self { kind, error: error.into(), retry_after: None, response: None }
    }

    /// The target asked for this wait before the next attempt.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The response of the target, as an excerpt for people.
    #[must_use]
    pub fn response(mut self, text: impl Into<String>) -> Self {
        self.response = Some(text.into());
        self
    }

    /// Whether a retry cannot help.
    pub fn is_permanent(&self) -> bool {
        self.kind != Kind::Transient
    }

    /// Whether the target is gone.
    pub fn is_gone(&self) -> bool {
        self.kind == Kind::Gone
    }

    /// The wait that the target asked for.
    pub fn wanted_wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The response of the target.
    pub fn last_response(&self) -> Option<&str> {
        self.response.as_deref()
    }

    /// The chain of causes in one line, cut to 2,000 characters, because errors may quote whole user input.
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
