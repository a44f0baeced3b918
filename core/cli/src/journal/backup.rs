//! `switchhook journal backup`.

use std::path::PathBuf;

use switchhook_api::journal::BackedUp;
use switchhook_engine::admin::Backup;
use switchhook_engine::config::ByteSize;

use super::check::damage;
use crate::output::line;
use crate::store::Store;
use crate::{Context, Failed, block_on};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook journal backup /backups/monday.sqlite

With a running server, which continues to work, the server writes the file and needs permission to do so. The backup holds \
every callback that was acknowledged before the command began. Every checksum in the new file is compared: if something in the \
journal is damaged, the command reports it, keeps the file, and exits with 74.")]
pub(super) struct Args {
    /// The file to create
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
        let done = store.execute(Backup { path }).await;
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
            "the journal is damaged, and so is this backup; the file is kept, but keep older backups, too\n{}",
            damage(&done.found).join("\n")
        ))),
    }
}

pub(super) fn text(path: &str, done: &BackedUp) -> String {
    let size = ByteSize(done.bytes);
    let whole = if done.found.is_whole() { "" } else { ", except what is damaged" };
    match done.last {
        None => format!("{path}: {size}, no callbacks{whole}"),
        Some(last) => format!("{path}: {size}, everything up to callback {last}{whole}"),
    }
}
