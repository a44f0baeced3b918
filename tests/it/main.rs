//! Real servers, real files, real sockets: what holds for whoever runs the program.

mod before;
mod command_line;
mod configuration;
mod crashes;
mod examples;
mod first_run;
mod harness;
mod lifecycle;
mod limits;
mod refusals;
mod relays;
