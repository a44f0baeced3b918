//! Switchhook: the framework under one name, for programs with plugins of their own.
#![doc = include_str!("../README.md")]

pub use switchhook_api::*;
pub use switchhook_cli::App;
pub use switchhook_engine::SystemClock;
pub use switchhook_engine::router::{Route, Router};
#[cfg(feature = "plugins")]
pub use switchhook_plugins as plugins;

/// The journal of a program whose configuration names none.
#[doc(hidden)]
pub const JOURNAL: &str = "embedded";

/// The `main` function of a program, with every linked plugin, under the name and version of its package.
///
/// ```
/// switchhook::main!();
/// ```
///
/// A program with a `main` of its own calls [`App::main`].
#[macro_export]
macro_rules! main {
    () => {
        fn main() -> ::std::process::ExitCode {
            let name =
                ::core::option_env!("CARGO_BIN_NAME").unwrap_or(::core::env!("CARGO_PKG_NAME"));
            $crate::App::main(name, ::core::env!("CARGO_PKG_VERSION"), $crate::JOURNAL)
        }
    };
}
