//! The engine of Switchhook: configuration, listener, routing, deciding, delivery, administration.

pub mod admin;
pub mod app;
pub mod config;
mod decide;
mod decision_cache;
mod delivery;
mod intake;
pub mod listener;
#[doc(hidden)]
pub mod log_budget;
pub mod metrics;
mod retention;
pub mod router;
mod server;
pub mod socket_path;
mod system_clock;
pub mod targets;
#[cfg(any(test, feature = "testing"))]
#[allow(
    missing_docs,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "fixtures of tests"
)]
#[doc(hidden)]
pub mod test_plugins;
mod whole;

pub use self::system_clock::SystemClock;
