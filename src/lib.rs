//! Switchhook: the framework under one name, for programs with plugins of their own.
#![doc = include_str!("../README.md")]

pub use switchhook_api::*;
pub use switchhook_cli::{App, main};
pub use switchhook_engine::SystemClock;
pub use switchhook_engine::router::{Route, Router};
#[cfg(feature = "plugins")]
pub use switchhook_plugins as plugins;
