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
  switchhook journal verify                             exits with 74 when something is damaged
  switchhook journal export --since 24h > callbacks.jsonl
  switchhook journal prune --dry-run
  switchhook journal backup /backups/monday.sqlite
  switchhook journal restore /backups/monday.sqlite     says first what it would mean

All but `restore` work beside a running server, which they ask through the socket in the journal's folder, and without one.")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Reads everything and compares every checksum
    Verify(check::Args),
    /// What there is, in numbers
    Stats(check::Args),
    /// Writes all callbacks, the oldest first, as JSON lines
    Export(export::Args),
    /// Removes what is older or larger than the configuration's [journal] keeps, or an orphaned consumer
    Prune(prune::Args),
    /// Copies the journal, as of now, into a new file
    Backup(backup::Args),
    /// Puts a backup in the journal's place
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
