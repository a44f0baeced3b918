//! `switchhook listen`.

use super::Failed;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: &Args) -> Result<(), Failed> {
    Err(Failed::usage("under construction"))
}
