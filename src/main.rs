//! The ready-made server: the framework and every built-in plugin.

use std::process::ExitCode;

use switchhook_core::App;
use switchhook_plugins as _; // linked for its registrations: without this line the program has no plugins

fn main() -> ExitCode {
    App::main()
}
