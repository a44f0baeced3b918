//! Switchhook: the framework under one name, for programs with plugins of their own.
#![doc = include_str!("../README.md")]

pub use switchhook_core::*;
#[cfg(feature = "plugins")]
pub use switchhook_plugins as plugins;
