//! `switchhook events`.

use super::{Context, Failed};

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_cx: &Context, _args: &Args) -> Result<(), Failed> {
    Err(Failed::usage("under construction"))
}
