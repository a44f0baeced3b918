//! Journals.

#[cfg(feature = "embedded")]
mod embedded;
