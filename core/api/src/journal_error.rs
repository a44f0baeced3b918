//! Why a journal could not do something.

use std::fmt;

use crate::BoxError;

/// Why a journal could not do something.
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// The disk is full.
    Full,
    /// Too much is waiting already.
    Overloaded,
    /// The lease has expired.
    Stale,
    /// The files of the store were moved or removed, so a restart would not find its contents; the reason.
    Displaced(String),
    /// Another process holds the store.
    Locked {
        /// The process that holds it, if known.
        by: String,
        /// The store's folder, which holds the admin socket of that process.
        folder: std::path::PathBuf,
    },
    /// The journal does not exist, and the caller did not ask to create it.
    Missing {
        /// Where it was expected.
        folder: std::path::PathBuf,
    },
    /// It was shut down, or a sync failed.
    Closed,
    /// This journal does not support it; what.
    Unsupported(&'static str),
    /// The request is invalid, and why; the store is fine.
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
