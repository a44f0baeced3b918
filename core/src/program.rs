//! The program: what is linked and configured, behind one command line.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli;
use crate::plugin::Registry;

/// The program: what is linked and configured, and nothing else.
#[derive(Debug)]
pub struct App {
    registry: Registry,
}

impl App {
    /// Runs with every linked plugin and the arguments of the process.
    #[must_use]
    pub fn main() -> ExitCode {
        match Registry::linked() {
            Ok(registry) => Self::new(registry).run(std::env::args_os()),
            Err(error) => {
                cli::complain(&error.to_string());
                ExitCode::from(70)
            }
        }
    }

    /// A program with just these plugins.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self { registry }
    }

    /// Runs a command line, the program's name first.
    #[must_use]
    pub fn run(self, args: impl IntoIterator<Item = OsString>) -> ExitCode {
        cli::main(self.registry, args)
    }
}
