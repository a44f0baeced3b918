//! `switchhook journal prune`.

use jiff::{SignedDuration, Timestamp};
use switchhook_api::journal::{
    ConsumerId, ConsumerStatus, DeadLetterQuery, EventQuery, Position, Pruned, Retention,
};
use switchhook_engine::admin::{ConsumerView, Forget, PAGE_MAX, Prune, waiting};
use switchhook_engine::config::ByteSize;

use crate::consent::Consent;
use crate::filter;
use crate::output::{announce, counted, line, one_line, time as duration_text};
use crate::store::Store;
use crate::{Context, Failed, block_on};

/// Old callbacks are counted up to here: it is only to be known whether they are few or many.
const COUNTED: u64 = 100_000;
/// So many at a time.
const PAGE: usize = 250;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook journal prune --dry-run                  shows ages and sizes, and the limits in [journal]
  switchhook journal prune --yes
  switchhook journal prune --consumer 'topics>crm'    deletes an orphaned consumer

Never removed: what a configured handler or action still has to process, and the callbacks of dead letters.")]
pub(super) struct Args {
    /// Delete this consumer, with its dead letters and pending items; its handler or action must have left the configuration
    #[arg(long, value_name = "CONSUMER")]
    consumer: Option<ConsumerId>,
    #[command(flatten)]
    consent: Consent,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let config = cx.config()?;
    let retention = config.journal.table.retention();
    block_on(async {
        let mut store = Store::open(config).await?;
        let done = match &args.consumer {
            Some(lane) => forget(&mut store, lane, &args.consent).await,
            None => prune(&mut store, retention, &args.consent).await,
        };
        store.close().await;
        done
    })
}

async fn prune(store: &mut Store, retention: Retention, consent: &Consent) -> Result<(), Failed> {
    announce(&preview(store, &retention, filter::now()).await?)?;
    if !consent.confirm("remove it?")? {
        return Ok(());
    }
    Ok(line(&text(&store.execute(Prune::from(retention)).await?))?)
}

/// What there is, and what of it may go.
pub(super) async fn preview(
    store: &mut Store,
    keep: &Retention,
    now: Timestamp,
) -> Result<String, Failed> {
    let stats = store.stats().await?;
    let before = |time: std::time::Duration| {
        let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        now.saturating_sub(time).unwrap_or(Timestamp::MIN)
    };
    let mut lines = Vec::new();
    if let Some(time) = keep.retention {
        let old = old_events(store, before(time)).await?;
        let all = stats.events;
        lines.push(format!(
            "callbacks: {all}, of which {old} are older than {}",
            duration_text(time)
        ));
    }
    if let Some(size) = keep.retention_size {
        let used = ByteSize(stats.bytes.saturating_sub(stats.free));
        lines.push(format!("size: {used} in use, the limit is {}", ByteSize(size)));
    }
    if let Some(time) = keep.dead_letter_retention {
        let old = old_dead_letters(store, before(time)).await?;
        let all = stats.dead_letters;
        lines.push(format!(
            "dead letters: {all}, of which {old} are older than {}",
            duration_text(time)
        ));
    }
    let lanes = store.lanes().await?;
    for lane in lanes.iter().filter(|lane| lane.status.detached) {
        lines.push(orphaned(&lane.status, keep, now));
    }
    lines.push(
        "What configured consumers and dead letters still need is kept, whatever its age."
            .to_owned(),
    );
    Ok(lines.join("\n"))
}

fn orphaned(lane: &ConsumerStatus, keep: &Retention, now: Timestamp) -> String {
    let name = one_line(&lane.lane);
    let (Some(at), Some(time)) = (lane.detached_at, keep.orphan_retention) else {
        return format!("consumer {name}: orphaned; it is kept");
    };
    let gone = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    let verb = if now.duration_since(at) > gone { "it will be deleted" } else { "it is kept" };
    format!(
        "consumer {name}: orphaned since {at:.0}; {verb} (`orphan_retention` is {})",
        duration_text(time)
    )
}

/// How many callbacks came before a time, as text.
async fn old_events(store: &mut Store, until: Timestamp) -> Result<String, Failed> {
    let mut query =
        EventQuery { limit: PAGE, until: Some(until), oldest_first: true, ..EventQuery::default() };
    let mut count = 0;
    loop {
        let page = store.positions(&query).await?;
        count += page.items.len() as u64;
        query.after = page.next.map(Position);
        match (query.after, count) {
            (None, count) => return Ok(count.to_string()),
            (Some(_), COUNTED..) => return Ok(format!("more than {COUNTED}")),
            (Some(_), _) => {}
        }
    }
}

async fn old_dead_letters(store: &mut Store, until: Timestamp) -> Result<u64, Failed> {
    let mut query = DeadLetterQuery::first(PAGE_MAX);
    let mut count = 0;
    loop {
        let page = store.dead_letters(&query).await?;
        count += page.items.iter().filter(|letter| letter.at < until).count() as u64;
        query.before = page.next;
        if query.before.is_none() {
            return Ok(count);
        }
    }
}

fn text(pruned: &Pruned) -> String {
    let Pruned { events, dead_letters, lanes, held_by } = pruned;
    let events = counted(*events, "callback", "callbacks");
    let mut text =
        format!("removed: {events}, {}", counted(*dead_letters, "dead letter", "dead letters"));
    if !lanes.is_empty() {
        let lanes: Vec<String> = lanes.iter().map(|lane| one_line(lane)).collect();
        text += &[", and the consumers ", &lanes.join(", ")].concat();
    }
    if let Some(lane) = held_by {
        text += &[
            "\n",
            &one_line(lane),
            " still needs older data; otherwise more would have been removed",
        ]
        .concat();
    }
    text
}

async fn forget(store: &mut Store, lane: &ConsumerId, consent: &Consent) -> Result<(), Failed> {
    let name = lane.to_string();
    let found = store.lanes().await?.into_iter().find(|one| one.status.lane == name);
    let Some(ConsumerView { status: found, .. }) = found else {
        return Err(Failed::usage(format!("there is no consumer {}", one_line(&name))));
    };
    if !found.detached {
        let how = if found.disabled { ", though disabled: its pending items are kept" } else { "" };
        return Err(Failed::usage(format!(
            "consumer {} is in the configuration{how}; remove it there first",
            one_line(&name)
        )));
    }
    announce(&deletion_text(&found))?;
    if !consent.confirm("delete it permanently?")? {
        return Ok(());
    }
    let gone = store.execute(Forget { lane: name }).await?;
    Ok(line(&format!("{} deleted", one_line(&gone.lane)))?)
}

/// What is lost with a lane.
pub(super) fn deletion_text(lane: &ConsumerStatus) -> String {
    let state = if lane.lane.contains('>') { "" } else { ", and the state of its handler" };
    format!("consumer {}: this also deletes {}{state}", one_line(&lane.lane), waiting(lane))
}
