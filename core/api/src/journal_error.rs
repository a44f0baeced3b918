//! Why a journal could not do something.

use std::fmt;

use crate::BoxError;

/// Why a journal could not do something.
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// No room on the disk.
    Full,
    /// Too much is waiting already.
    Overloaded,
    /// The lease has run out.
    Stale,
    /// The store is no longer where it was opened, so that a restart would not find what it holds: why.
    Displaced(String),
    /// Another process holds the store.
    Locked {
        /// Who, as far as it can be told.
        by: String,
        /// The store's folder, where the holder's admin socket is.
        folder: std::path::PathBuf,
    },
    /// There is none, and none was to be made.
    Missing {
        /// Where it would be.
        folder: std::path::PathBuf,
    },
    /// It was shut down, or a failed sync ended its life.
    Closed,
    /// This journal has no way to do it: what.
    Unsupported(&'static str),
    /// What was asked for cannot be, and why: the question is wrong, not the store.
    Refused(String),
    /// Anything else.
    Store(BoxError),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the journal's disk is full"),
            Self::Overloaded => f.write_str("too many callbacks are waiting to be persisted"),
            Self::Stale => f.write_str("the lease has expired"),
            Self::Locked { by, folder } => {
                write!(f, "the journal {} is in use by {by}", folder.display())
            }
            Self::Missing { folder } => write!(f, "there is no journal in {}", folder.display()),
            Self::Closed => f.write_str("the journal is closed"),
            Self::Unsupported(what) => write!(f, "this journal cannot {what}"),
            Self::Displaced(why) => write!(f, "the journal's files were moved or removed: {why}"),
            Self::Refused(why) => f.write_str(why),
            Self::Store(_) => f.write_str("the journal's storage failed"),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(&**error),
            _ => None,
        }
    }
}
