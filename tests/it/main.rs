//! Real servers, real files, real sockets: what holds for whoever runs the program.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::wildcard_imports,
    reason = "a test says so when it cannot go on"
)]
#![allow(clippy::disallowed_methods, reason = "a test waits by the machine's own clock")]
#![allow(unreachable_pub, missing_docs, reason = "a test binary has no callers")]

mod before;
mod command_line;
mod commands;
mod configuration;
mod containers;
mod crashes;
mod displaced;
mod documents;
mod duplicates;
mod examples;
mod first_run;
mod harness;
mod intake;
mod json_source;
mod lanes;
mod lifecycle;
mod limits;
mod operator;
mod own_program;
mod reference;
mod refusals;
mod relays;
mod replay;
mod rotation;
mod structure;
mod stuck;
mod unread_log;
mod upkeep;
