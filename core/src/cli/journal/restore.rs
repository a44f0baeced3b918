//! `switchhook journal restore`.

use std::path::{Path, PathBuf};

use crate::cli::consent::Consent;
use crate::cli::output::{counted, foretell, line, one_line};
use crate::cli::store::{Ours, Store, Trouble, Unopened};
use crate::cli::{Context, Failed, block_on};
use crate::journal::{JournalError, Restored, RestoredLane};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook journal restore /backups/monday.sqlite --dry-run
  switchhook journal restore /backups/monday.sqlite

The server must be stopped. What was delivered since the backup is delivered again, as often as a lane's place goes back; \
what came in since is lost. The journal that was there is kept beside the new one.")]
pub(super) struct Args {
    /// A file that `switchhook journal backup` made
    file: PathBuf,
    #[command(flatten)]
    consent: Consent,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let path = std::path::absolute(&args.file)
        .map_err(|error| Failed::usage(format!("{}: {error}", args.file.display())))?;
    if let Err(error) = std::fs::File::open(&path) {
        return Err(Failed::io(format!("{}: {error}", path.display())));
    }
    let config = cx.config()?;
    block_on(async {
        match Store::find(config, false).await {
            Ok(store) => into(store, &path, Some(&args.consent)).await,
            Err(Unopened::Missing(none)) => {
                foretell(&format!("{}: nothing would be lost", one_line(&none)))?;
                if !args.consent.given("put the backup there?")? {
                    return Ok(());
                }
                into(Store::find(cx.config()?, true).await?, &path, None).await
            }
            Err(Unopened::Failed(failed)) => Err(beyond_use(failed)),
        }
    })
}

/// Restores, and lets go of the journal; `consent` is asked for unless it was given.
async fn into(store: Store, path: &Path, consent: Option<&Consent>) -> Result<(), Failed> {
    let ours = match &store {
        Store::Ours(ours) => ours,
        Store::Theirs(theirs) => return Err(running(&theirs.by)),
    };
    let done = restore(ours, path, consent).await;
    store.close().await;
    done
}

/// A journal that cannot be opened keeps nobody from restoring one.
fn beyond_use(failed: Failed) -> Failed {
    match failed.code {
        74 => failed.and("If that journal is beyond use, move its folder away and restore again."),
        _ => failed,
    }
}

fn running(by: &str) -> Failed {
    let by = one_line(by);
    Failed::unavailable(format!(
        "the journal is in use by {by}: stop that server first; nothing was changed"
    ))
}

async fn restore(ours: &Ours, path: &Path, consent: Option<&Consent>) -> Result<(), Failed> {
    let failed = |error: JournalError| Failed::from(Trouble::from(error));
    let outlook = ours.journal.restore(path, true).await.map_err(failed)?;
    foretell(&text(&outlook))?;
    if let Some(consent) = consent
        && !consent.given("put the backup in the journal's place?")?
    {
        return Ok(());
    }
    let done = ours.journal.restore(path, false).await.map_err(failed)?;
    let kept = done.kept.map(|kept| format!("; what was there is kept in {}", one_line(&kept)));
    Ok(line(&format!("restored{}", kept.unwrap_or_default()))?)
}

/// What a restore means, in words.
pub(super) fn text(outlook: &Restored) -> String {
    let callbacks = |count| counted(count, "callback", "callbacks");
    let mut lines = vec![format!("in the backup: {}", callbacks(outlook.events))];
    lines.push(match outlook.events_lost {
        0 => "lost: nothing, for no callback came after it".to_owned(),
        count => format!("lost: {} that came after it", callbacks(count)),
    });
    lines.extend(outlook.lanes.iter().map(lane));
    lines.join("\n")
}

fn lane(lane: &RestoredLane) -> String {
    let name = one_line(&lane.lane);
    let delivers = lane.lane.contains('>');
    let work = |count| match delivers {
        true => counted(count, "delivery", "deliveries"),
        false => counted(count, "callback", "callbacks"),
    };
    let again = if delivers { "to be made again" } else { "to be handled again" };
    match (lane.now, lane.then) {
        (Some(now), Some(then)) if then < now => {
            format!("{name}: {now} → {then}: up to {} {again}", work(now.0 - then.0))
        }
        (Some(now), Some(then)) if then > now => {
            let passed = work(then.0 - now.0);
            format!("{name}: {now} → {then}: up to {passed} taken for done already")
        }
        (Some(now), Some(_)) => format!("{name}: stays at {now}"),
        (Some(now), None) => format!("{name}: {now} → none: not in the backup, it begins anew"),
        (None, Some(then)) => format!("{name}: only in the backup, where it stands at {then}"),
        (None, None) => format!("{name}: neither here nor in the backup"),
    }
}
