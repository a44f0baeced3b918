//! The plugins that come with Switchhook. A program that wants them says `use switchhook_plugins as _;`.

mod actions;
mod handlers;
mod journals;
#[cfg(any(feature = "embedded", feature = "file"))]
mod lock;
pub mod sources;
