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
