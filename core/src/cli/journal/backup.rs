//! `switchhook journal backup`.

use std::path::PathBuf;

use super::check::damage;
use crate::admin::Backup;
use crate::cli::output::line;
use crate::cli::store::Store;
use crate::cli::{Context, Failed, block_on};
use crate::config::Size;
use crate::journal::BackedUp;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook journal backup /backups/monday.sqlite

Beside a running server, which goes on as ever, it is the server that writes the file: it needs the right to. The backup \
holds everything that was answered as kept before the command began. Every checksum in the new file is compared: if something \
in the journal is damaged, the command says what, keeps the file, and exits with 74.")]
pub(super) struct Args {
    /// The new file
    file: PathBuf,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    // The server may have another folder than we.
    let path = std::path::absolute(&args.file)
        .map_err(|error| Failed::usage(format!("{}: {error}", args.file.display())))?;
    let config = cx.config()?;
    let shown = path.display().to_string();
    let done = block_on(async {
        let mut store = Store::open(config).await?;
        let done = store.order(Backup { path }).await;
        store.close().await;
        Ok(done?)
    })?;
    let written = line(&text(&shown, &done));
    verdict(&done)?; // whether or not anybody reads on
    Ok(written?)
}

pub(super) fn verdict(done: &BackedUp) -> Result<(), Failed> {
    match done.found.is_whole() {
        true => Ok(()),
        false => Err(Failed::io(format!(
            "the journal is damaged, and so is this copy of it; the backup is kept, but keep older ones, too\n{}",
            damage(&done.found).join("\n")
        ))),
    }
}

pub(super) fn text(path: &str, done: &BackedUp) -> String {
    let size = Size(done.bytes);
    let whole = if done.found.is_whole() { "" } else { ", as far as it is whole" };
    match done.last {
        None => format!("{path}: {size}, no callbacks{whole}"),
        Some(last) => format!("{path}: {size}, everything up to callback {last}{whole}"),
    }
}
