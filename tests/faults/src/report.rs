//! What a scenario found, on one line.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

/// Why a scenario ended before its end.
pub(crate) enum Stop {
    /// The machine lacks what it needs: this never counts as passed.
    NotRun(String),
    Failed(String),
}

impl Stop {
    /// Says where it failed.
    pub(crate) fn at(self, place: &str) -> Self {
        match self {
            Self::Failed(why) => Self::Failed(format!("{place}: {why}")),
            Self::NotRun(why) => Self::NotRun(why),
        }
    }
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

pub(crate) fn failed<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(why.into()))
}

pub(crate) fn not_run<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::NotRun(why.into()))
}

/// The figures of a scenario, each with the limit that it is compared to.
#[derive(Default)]
pub(crate) struct Findings {
    text: String,
    failed: bool,
}

impl Findings {
    /// A figure without a limit.
    pub(crate) fn note(&mut self, name: &str, value: impl Display) {
        self.put(name, &value, "", true);
    }

    pub(crate) fn at_most<T: Copy + Display + PartialOrd>(
        &mut self,
        name: &str,
        value: T,
        limit: T,
    ) {
        self.put(name, &value, &format!(" (at most {limit})"), value <= limit);
    }

    pub(crate) fn at_least<T: Copy + Display + PartialOrd>(
        &mut self,
        name: &str,
        value: T,
        limit: T,
    ) {
        self.put(name, &value, &format!(" (at least {limit})"), value >= limit);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    fn put(&mut self, name: &str, value: &dyn Display, limit: &str, good: bool) {
        let separator = if self.text.is_empty() { "" } else { ", " };
        let mark = if good { "" } else { " !!" };
        // Writing into a string cannot fail.
        _ = write!(self.text, "{separator}{name} {value}{limit}{mark}");
        self.failed |= !good;
    }
}

impl Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A time as people read it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Time(pub(crate) Duration);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            time if time < Duration::from_secs(10) => write!(f, "{} ms", time.as_millis()),
            time => write!(f, "{:.1} s", time.as_secs_f64()),
        }
    }
}
