//! What the program is called.

use std::sync::OnceLock;

/// The name of a program that sets none.
#[doc(hidden)]
pub const FRAMEWORK: &str = "switchhook";

static NAMED: OnceLock<(&'static str, String)> = OnceLock::new();

/// The name of the program for messages that tell its users what to type, as in "`switchhook journal verify` says more".
pub fn program_name() -> &'static str {
    NAMED.get().map_or(FRAMEWORK, |(name, _)| *name)
}

/// The version of the program and, where that is another, of the framework.
#[doc(hidden)]
pub fn program_version() -> &'static str {
    NAMED.get().map_or(env!("CARGO_PKG_VERSION"), |(_, version)| version)
}

/// Names the process; the first program that runs in it does.
#[doc(hidden)]
pub fn name_program(name: &'static str, version: String) {
    NAMED.get_or_init(|| (name, version));
}
