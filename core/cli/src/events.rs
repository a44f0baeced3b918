//! `switchhook events`.

use std::fmt::Write as _;
use std::io;

use serde::Deserialize;
use serde_json::value::RawValue;
use switchhook_api::Metadata;
use switchhook_api::journal::{EventQuery, Position};

use super::filter::{self, Filter};
use super::output::{self, Format, one_line};
use super::store::Store;
use super::{Context, Failed, block_on};

/// Events that are fetched at a time: bodies may be large.
const PAGE: usize = 100;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook events                                    the last 20
  switchhook events --limit 500 --command 'Group.*'
  switchhook events --since 2h --until 90m
  switchhook events --persisted-late                   answered as not persisted, but persisted later
  switchhook events --id 019b7a3c-5d00-7000-8000-0000000000aa --body 1000000
  switchhook events --format json | jq .body

Works with a running server, through the socket in the journal's folder, and without one.")]
pub(super) struct Args {
    /// Maximum number of callbacks, 1 to 1000000000
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    limit: u64,
    #[command(flatten)]
    filter: Filter,
    /// Characters of each body to show; 0 omits the bodies
    #[arg(long, value_name = "N", default_value = "400")]
    body: usize,
    /// Output format; `json` prints one object per line, with the whole body
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let query = args.filter.query(filter::now())?;
    let config = cx.config()?;
    block_on(async {
        let mut store = Store::open(config).await?;
        let shown = show(&mut store, args, query, &mut output::line).await;
        store.close().await;
        if shown? == 0 {
            output::message("there are no matching callbacks");
        }
        Ok(())
    })
}

/// Writes events page by page and counts them.
async fn show(
    store: &mut Store,
    args: &Args,
    mut query: EventQuery,
    write: &mut (dyn FnMut(&str) -> io::Result<()> + Send),
) -> Result<u64, Failed> {
    let bodies = args.body > 0 || args.format == Format::Json;
    let mut shown = 0;
    while shown < args.limit {
        query.limit = usize::try_from(args.limit - shown).unwrap_or(PAGE).min(PAGE);
        let page = store.events(&query, bodies).await?;
        for event in &page.items {
            write(&match args.format {
                Format::Json => output::json_line(event.get()),
                Format::Text => text(event, args.body)?,
            })?;
        }
        shown += page.items.len() as u64;
        query.before = page.next.map(Position);
        if query.before.is_none() {
            break;
        }
    }
    Ok(shown)
}

/// One event as a line, and its body as another below.
pub(super) fn text(event: &RawValue, body_max: usize) -> Result<String, Failed> {
    #[derive(Deserialize)]
    struct Rest<'a> {
        #[serde(borrow, default)]
        body: Option<&'a RawValue>,
        #[serde(default)]
        persisted_late: bool,
    }
    let unreadable = |error: serde_json::Error| {
        Failed::bug(format!("cannot read the metadata of a callback: {error}"))
    };
    let facts: Metadata = serde_json::from_str(event.get()).map_err(unreadable)?;
    let Rest { body, persisted_late } = serde_json::from_str(event.get()).map_err(unreadable)?;
    let mut text = format!(
        "{:.3}  {}  {:6}  {}  {}  {}",
        facts.received,
        facts.id,
        facts.phase.as_str(),
        one_line(&facts.command),
        one_line(&facts.app),
        facts.key.as_deref().map_or_else(|| "-".to_owned(), one_line),
    );
    if persisted_late {
        text.push_str("  persisted late");
    }
    if let Some(body) = body.filter(|_| body_max > 0) {
        // Writing into a string does not fail.
        _ = write!(text, "\n  {}", cut(&one_line(&squeezed(body.get())), body_max));
    }
    Ok(text)
}

/// JSON without its line breaks and indents: a body that was laid out for people is one line as well.
fn squeezed(json: &str) -> String {
    let lines: Vec<&str> = json.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{config, pages};

    fn args(limit: u64, format: Format) -> Args {
        Args { limit, filter: Filter::default(), body: 400, format }
    }

    #[test]
    fn an_event_is_two_harmless_lines() {
        let shown = |body_max| {
            block_on(async {
                let mut store = Store::open(config("{ events = 1 }")).await?;
                let query = EventQuery { limit: 1, ..EventQuery::default() };
                text(&store.events(&query, true).await?.items[0], body_max)
            })
        };
        let head = "1970-01-01T00:00:00.000Z  00000000-0000-0000-0000-000000000000  after   Group.Changed  7  room\\u{1b}[31m";
        assert_eq!(shown(400).expect("shown"), format!("{head}\n  {{ \"n\": 1 }}"));
        assert_eq!(shown(5).expect("shown"), format!("{head}\n  {{ \"n…"));
        assert_eq!(shown(0).expect("shown"), head);
    }

    #[test]
    fn long_bodies_are_cut() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("äöüäöüä", 4), "äöü…");
        assert_eq!(squeezed("{\n  \"a\": 1\n}"), "{ \"a\": 1 }");
    }

    #[test]
    fn pages_follow_one_another_until_the_limit() {
        let count = |limit: u64, events: u64| {
            let mut lines = 0;
            let mut write = |line: &str| {
                assert!(!line.contains('\n'), "{line}");
                lines += 1;
                Ok(())
            };
            let args = args(limit, Format::Json);
            let shown = block_on(async {
                let mut store = pages(events).await?;
                show(&mut store, &args, EventQuery::default(), &mut write).await
            });
            assert_eq!(shown.expect("shown"), lines);
            lines
        };
        assert_eq!(count(20, 3), 3);
        assert_eq!(count(150, 250), 150);
        assert_eq!(count(1000, 250), 250);
    }
}
