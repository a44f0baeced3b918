//! `switchhook journal`.

mod backup;
mod check;
mod export;
mod prune;
mod restore;
#[cfg(test)]
mod tests;

use clap::Subcommand;

use super::Context;
use super::Failed;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook journal stats
  switchhook journal verify                             exits with 74 if something is damaged
  switchhook journal export --since 24h > callbacks.jsonl
  switchhook journal prune --dry-run
  switchhook journal backup /backups/monday.sqlite
  switchhook journal restore /backups/monday.sqlite     shows the consequences first

All but `restore` work with a running server, through the socket in the journal's folder, and without one.")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Reads the whole journal and compares every checksum
    Verify(check::Args),
    /// Prints counts and sizes
    Stats(check::Args),
    /// Writes callbacks as JSON lines, oldest first
    Export(export::Args),
    /// Removes data beyond the retention limits of [journal], or an orphaned consumer
    Prune(prune::Args),
    /// Copies the journal, as of now, into a new file
    Backup(backup::Args),
    /// Replaces the journal with a backup
    Restore(restore::Args),
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    match &args.what {
        What::Verify(args) => check::verify(cx, args),
        What::Stats(args) => check::stats(cx, args),
        What::Export(args) => export::run(cx, args),
        What::Prune(args) => prune::run(cx, args),
        What::Backup(args) => backup::run(cx, args),
        What::Restore(args) => restore::run(cx, args),
    }
}
