//! The ready-made server: the framework and every built-in plugin.

use switchhook_plugins as _; // linked for its registrations: without this line the program has no plugins

switchhook::main!();
