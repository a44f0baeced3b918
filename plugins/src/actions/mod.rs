//! Actions.

#[cfg(feature = "file")]
mod file;
#[cfg(feature = "log")]
mod log;
#[cfg(feature = "webhook")]
mod webhook;
