//! `switchhook journal verify` and `stats`.

use switchhook_api::journal::{Stats, Verified};
use switchhook_engine::admin::Verify;
use switchhook_engine::config::ByteSize;

use crate::output::{self, Format, columns, line, message, one_line};
use crate::store::Store;
use crate::{Context, Failed, block_on};

/// Damaged places that are printed; JSON has more of them.
const PLACES: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn verify(cx: &Context, args: &Args) -> Result<(), Failed> {
    let config = cx.config()?;
    let verified = block_on(async {
        let mut store = Store::open(config).await?;
        let verified = store.execute(Verify {}).await;
        store.close().await;
        Ok(verified?)
    })?;
    let written = match args.format {
        Format::Json => output::json(&verified),
        Format::Text => line(&verified_text(&verified)),
    };
    verdict(&verified)?; // whether or not anybody reads on
    Ok(written?)
}

pub(super) fn verdict(verified: &Verified) -> Result<(), Failed> {
    match verified.is_whole() {
        true => Ok(()),
        false => Err(Failed::io(
            "the journal is damaged; damaged items are quarantined, everything else is still delivered",
        )),
    }
}

pub(super) fn verified_text(verified: &Verified) -> String {
    let Verified { events, records, .. } = verified;
    let whole = format!("intact: {events} callbacks, {records} records");
    [whole].into_iter().chain(damage(verified)).collect::<Vec<_>>().join("\n")
}

/// What is wrong, line by line; nothing: all is whole.
pub(super) fn damage(verified: &Verified) -> Vec<String> {
    let damaged = verified.damaged;
    let mut lines = Vec::new();
    if damaged > 0 {
        lines.push(format!("damaged: {damaged}"));
    }
    let places = verified.damage.iter().take(PLACES);
    lines.extend(places.map(|place| format!("  {}", one_line(&place.to_string()))));
    let shown = verified.damage.len().min(PLACES) as u64;
    if shown > 0 && damaged.saturating_sub(shown) > 0 {
        lines.push(format!("  and {} more", damaged - shown));
    }
    lines.extend(verified.problems.iter().map(|text| format!("store: {}", one_line(text))));
    lines
}

pub(super) fn stats(cx: &Context, args: &Args) -> Result<(), Failed> {
    let config = cx.config()?;
    let stats = block_on(async {
        let mut store = Store::open(config).await?;
        let stats = store.stats().await;
        store.close().await;
        Ok(stats?)
    })?;
    match args.format {
        Format::Json => output::json(&stats)?,
        Format::Text => line(&stats_text(&stats))?,
    }
    if stats.events == 0 {
        message("the journal has no callbacks yet");
    }
    Ok(())
}

pub(super) fn stats_text(stats: &Stats) -> String {
    let mut rows: Vec<[String; 2]> = Vec::new();
    let mut add = |name: &str, value: String| rows.push([name.to_owned(), value]);
    add("callbacks", stats.events.to_string());
    if let (Some(first), Some(last)) = (stats.first, stats.last) {
        add("positions", format!("{first} to {last}"));
    }
    if let (Some(oldest), Some(newest)) = (stats.oldest, stats.newest) {
        add("received", format!("{oldest:.0} to {newest:.0}"));
    }
    add(
        "pending",
        format!("{} wait for a retry or for an earlier record with their key", stats.open),
    );
    add("dead letters", stats.dead_letters.to_string());
    let (bytes, free) = (ByteSize(stats.bytes), ByteSize(stats.free));
    add("size", format!("{bytes}, of which {free} are free"));
    add("format", stats.format.to_string());
    columns(&rows)
}
