//! `switchhook journal restore`.

use std::path::{Path, PathBuf};

use switchhook_api::journal::{JournalError, Restored, RestoredConsumer};
use switchhook_api::program_name;

use super::check::damage;
use crate::consent::Consent;
use crate::output::{announce, counted, line, one_line};
use crate::store::{LocalJournal, OpenError, Store, StoreError};
use crate::{Context, Failed, block_on};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook journal restore /backups/monday.sqlite --dry-run
  switchhook journal restore /backups/monday.sqlite

The server must be stopped. First the command shows the consequences: how many callbacks were received since and are lost, what \
each consumer will repeat, which replays and dead letters are lost or return, and what in the backup is damaged. The previous \
journal is kept beside the new one.")]
pub(super) struct Args {
    /// A file written by `switchhook journal backup`
    file: PathBuf,
    #[command(flatten)]
    consent: Consent,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let path = std::path::absolute(&args.file)
        .map_err(|error| Failed::usage(format!("{}: {error}", args.file.display())))?;
    let backup = std::fs::File::open(&path).and_then(|file| file.metadata());
    match backup {
        Err(error) => return Err(Failed::io(format!("{}: {error}", path.display()))),
        Ok(backup) if backup.is_dir() => return Err(is_a_folder(&path)),
        Ok(_) => {}
    }
    let config = cx.config()?;
    block_on(async {
        match Store::find(config, false).await {
            Ok(store) => restore_into(store, &path, Some(&args.consent)).await,
            Err(OpenError::Missing(none)) => {
                announce(&format!("{}: nothing would be lost", one_line(&none)))?;
                if !args.consent.confirm("restore the backup there?")? {
                    return Ok(());
                }
                restore_into(Store::find(cx.config()?, true).await?, &path, None).await
            }
            Err(OpenError::Failed(failed)) => Err(failed),
        }
    })
}

/// Restores, and lets go of the journal; `consent` is asked for unless it was given.
async fn restore_into(store: Store, path: &Path, consent: Option<&Consent>) -> Result<(), Failed> {
    let local = match &store {
        Store::Local(local) => local,
        Store::Remote(remote) => return Err(in_use(&remote.by)),
    };
    let done = restore(local, path, consent).await;
    store.close().await;
    done
}

fn is_a_folder(path: &std::path::Path) -> Failed {
    let path = path.display();
    Failed::usage(format!(
        "{path} is a folder: name the file in it that `{} journal backup` wrote",
        program_name()
    ))
}

fn in_use(by: &str) -> Failed {
    let by = one_line(by);
    Failed::unavailable(format!(
        "the journal is in use by {by}: stop that server first; nothing was changed"
    ))
}

async fn restore(
    local: &LocalJournal,
    path: &Path,
    consent: Option<&Consent>,
) -> Result<(), Failed> {
    let failed = |error: JournalError| Failed::from(StoreError::from(error));
    let preview = local.journal.restore(path, true).await.map_err(failed)?;
    announce(&text(&preview))?;
    if let Some(consent) = consent
        && !consent.confirm("replace the journal with the backup?")?
    {
        return Ok(());
    }
    let done = local.journal.restore(path, false).await.map_err(failed)?;
    let kept =
        done.kept.map(|kept| format!("; the previous journal is kept in {}", one_line(&kept)));
    Ok(line(&format!("restored{}", kept.unwrap_or_default()))?)
}

/// What a restore means, in words.
pub(super) fn text(preview: &Restored) -> String {
    let callbacks = |count| counted(count, "callback", "callbacks");
    let mut lines = vec![format!("in the backup: {}", callbacks(preview.events))];
    if !preview.found.is_whole() {
        lines.push(
            "the backup is damaged; damaged items are quarantined and never delivered:".to_owned(),
        );
        lines.extend(damage(&preview.found));
    }
    lines.push(match preview.events_lost {
        0 => "callbacks lost: none, because none was received after the backup".to_owned(),
        count => format!("callbacks lost: {count} that were received after the backup"),
    });
    lines.extend(preview.lanes.iter().map(lane));
    lines.join("\n")
}

fn lane(lane: &RestoredConsumer) -> String {
    let mut what = consequences(lane);
    let place = match (lane.now, lane.then) {
        (Some(now), Some(then)) if then == now => format!("stays at {now}"),
        (Some(now), Some(then)) => {
            if what.is_empty() {
                what.push("nothing is repeated".to_owned());
            }
            format!("{now} → {then}")
        }
        (Some(now), None) => {
            what.insert(0, "not in the backup, so it starts from the beginning".to_owned());
            format!("{now} → none")
        }
        (None, Some(then)) => format!("only in the backup, at {then}"),
        (None, None) => "neither here nor in the backup".to_owned(),
    };
    let name = one_line(&lane.lane);
    match what.is_empty() {
        true => format!("{name}: {place}"),
        false => format!("{name}: {place}: {}", what.join(", ")),
    }
}

fn consequences(lane: &RestoredConsumer) -> Vec<String> {
    let delivers = lane.lane.contains('>');
    let work = |count| match delivers {
        true => counted(count, "delivery", "deliveries"),
        false => counted(count, "callback", "callbacks"),
    };
    let replays = |count| counted(count, "replay", "replays");
    let letters = |count| counted(count, "dead letter", "dead letters");
    let counts = [
        (lane.again, format!("up to {} repeated", work(lane.again))),
        (lane.skipped, format!("up to {} skipped as already done", work(lane.skipped))),
        (lane.replays_again, format!("{} repeated", replays(lane.replays_again))),
        (lane.replays_lost, format!("{} lost", replays(lane.replays_lost))),
        (lane.dead_back, format!("{} restored", letters(lane.dead_back))),
        (lane.dead_lost, format!("{} lost", letters(lane.dead_lost))),
    ];
    let told = counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text);
    let paused = lane.paused.map(|paused| if paused { "paused again" } else { "no longer paused" });
    told.chain(paused.map(str::to_owned)).collect()
}
