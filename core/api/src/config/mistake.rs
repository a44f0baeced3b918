//! A mistake in the configuration: where it stands, what is wrong, what would do.

use std::fmt;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigError {
    /// The file and line, or the variable, or the flag.
    pub place: Place,
    /// The full key.
    pub key: String,
    /// What is wrong and what would do.
    pub message: String,
    /// What sort of mistake it is.
    #[doc(hidden)]
    pub fault: Fault,
}

/// Sorts of mistakes that others have to be told from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[doc(hidden)]
pub enum Fault {
    /// A key that does not exist.
    Unknown,
    /// An option of a plugin, beside `options` instead of under it.
    Misplaced,
    /// A required key that is not there.
    Missing,
    /// Anything else.
    #[default]
    Other,
}

impl ConfigError {
    /// One at this place, of a full key.
    pub fn new(place: Place, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place, key: key.into(), message: message.into(), fault: Fault::default() }
    }

    #[doc(hidden)]
    #[must_use]
    pub fn of(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }
}

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of a file, counted from 1.
    File {
        /// Its path, as it was given.
        path: String,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.place, self.message),
            key => write!(f, "{}: {key}: {}", self.place, self.message),
        }
    }
}
