//! `switchhook events`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, header};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::Client;
use super::output::{self, Format, one_line};
use super::{Context, Failed, block_on};
use crate::admin::with_views;
use crate::config::Config;
use crate::error_line;
use crate::facts::Facts;
use crate::journal::{EventQuery, Journal, JournalError, Position};
use crate::plugin::{BuildContext, Component};
use crate::router::Pattern;

/// Events that are fetched at a time: bodies may be large.
const PAGE: usize = 100;
/// Characters of a line, if the terminal does not say.
const WIDTH: usize = 160;
/// Of a body so much is shown at least.
const BODY_MIN: usize = 24;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook events                                    the last 20
  switchhook events --limit 500 --command 'Group.*'
  switchhook events --format json | jq .body

It works beside a running server, which it asks through the socket in the journal's folder, and without one.")]
pub(super) struct Args {
    /// At most so many, 1 to 1000000000
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    limit: u64,
    /// Only these commands: one, a family such as `Group.*`, or `*`
    #[arg(long, value_name = "PATTERN")]
    command: Option<Pattern>,
    /// How they are written; `json` is one object a line, with the whole body
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let config = cx.config()?;
    block_on(async {
        let mut store = Store::open(config).await?;
        let shown = show(&mut store, args, &mut output::line).await;
        store.close().await;
        if shown? == 0 {
            output::message("there are no such events");
        }
        Ok(())
    })
}

/// Writes events page by page and counts them.
async fn show(
    store: &mut Store,
    args: &Args,
    write: &mut (dyn FnMut(&str) -> io::Result<()> + Send),
) -> Result<u64, Failed> {
    let (mut shown, mut before) = (0, None);
    while shown < args.limit {
        let limit = usize::try_from(args.limit - shown).unwrap_or(PAGE).min(PAGE);
        let commands = args.command.iter().cloned().collect();
        let page =
            store.page(&EventQuery { limit, before, commands, ..EventQuery::default() }).await?;
        for event in &page.items {
            write(&match args.format {
                Format::Json => output::json_line(event.get()),
                Format::Text => text(event, width())?,
            })?;
        }
        shown += page.items.len() as u64;
        before = page.next.map(Position);
        if before.is_none() {
            break;
        }
    }
    Ok(shown)
}

/// A page as the API writes it.
#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Box<RawValue>>,
    next: Option<u64>,
}

/// Whoever can read the journal.
enum Store {
    /// Nobody else has it.
    Ours(Arc<dyn Journal>),
    /// A running server has it: its admin socket.
    Theirs(Client),
}

impl Store {
    async fn open(config: Config) -> Result<Self, Failed> {
        let mut cx = BuildContext::new(&config.journal.name, &config.base);
        cx.read_only = true;
        let error = match config.journal.options.build(&cx).await {
            Ok(Component::Journal(journal)) => return Ok(Self::Ours(journal)),
            Ok(other) => return Err(Failed::bug(format!("journal: the plugin made a {other:?}"))),
            Err(error) => error,
        };
        match error.downcast_ref::<JournalError>() {
            Some(JournalError::Locked { folder, .. }) => {
                let client = ask(folder).await.map_err(|why| {
                    Failed::unavailable(format!(
                        "{}, and it cannot be asked: {why}",
                        error_line(&*error)
                    ))
                })?;
                Ok(Self::Theirs(client))
            }
            _ => Err(Failed::io(format!("journal: {}", error_line(&*error)))),
        }
    }

    async fn page(&mut self, query: &EventQuery) -> Result<Page, Failed> {
        match self {
            Self::Ours(journal) => {
                let unreadable =
                    |error: JournalError| Failed::io(format!("journal: {}", error_line(&error)));
                let page = journal.events(query).await.map_err(unreadable)?;
                let items = with_views(&page.items, |views| {
                    views.iter().map(serde_json::value::to_raw_value).collect::<Result<_, _>>()
                });
                let items = items.map_err(|error| Failed::bug(format!("journal: {error}")))?;
                Ok(Page { items, next: page.next.map(|position| position.0) })
            }
            Self::Theirs(client) => fetch(client, query).await,
        }
    }

    /// Lets go of the journal, if it was ours.
    async fn close(self) {
        if let Self::Ours(journal) = self {
            journal.shutdown().await;
        }
    }
}

async fn ask(folder: &Path) -> Result<Client, String> {
    let socket = folder.join("admin.sock");
    Client::unix(&socket).await.map_err(|error| format!("{}: {error}", socket.display()))
}

async fn fetch(client: &mut Client, query: &EventQuery) -> Result<Page, Failed> {
    let lost = |error: &dyn std::fmt::Display| {
        Failed::unavailable(format!(
            "the running server did not tell its events: {}",
            one_line(&error.to_string())
        ))
    };
    let request = Request::get(path(query)).header(header::HOST, "localhost").body(Bytes::new());
    let request = request.map_err(|error| Failed::bug(error.to_string()))?;
    let answer = client.call(request).await.map_err(|error| lost(&error_line(&error)))?;
    if !answer.status().is_success() {
        let said = String::from_utf8_lossy(answer.body());
        return Err(lost(&format!("{}: {said}", answer.status())));
    }
    serde_json::from_slice(answer.body()).map_err(|error| lost(&error))
}

/// The API's address for a question. Patterns have no characters that would need an escape.
fn path(query: &EventQuery) -> String {
    let before = query.before.map(|position| format!("&before={position}"));
    let command = query.commands.first().map(|pattern| format!("&command={pattern}"));
    let (before, command) = (before.unwrap_or_default(), command.unwrap_or_default());
    format!("/api/v1/events?limit={}{before}{command}", query.limit)
}

fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(WIDTH)
}

/// One event as one line, cut to the width.
fn text(event: &RawValue, width: usize) -> Result<String, Failed> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
    }
    let unreadable =
        |error: serde_json::Error| Failed::bug(format!("an event without its facts: {error}"));
    let facts: Facts = serde_json::from_str(event.get()).map_err(unreadable)?;
    let Body { body } = serde_json::from_str(event.get()).map_err(unreadable)?;
    let head = format!(
        "{:.3}  {:6}  {}  {}  {}",
        facts.received,
        facts.phase.as_str(),
        one_line(&facts.command),
        one_line(&facts.app),
        facts.key.as_deref().map_or_else(|| "-".to_owned(), one_line),
    );
    let room = width.saturating_sub(head.chars().count() + 2).max(BODY_MIN);
    Ok(format!("{head}  {}", cut(&one_line(&squeezed(body.get())), room)))
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
    use crate::config::Layers;
    use crate::test_plugins::{GOOD, registry};

    fn config(options: &str) -> Config {
        let text = format!("journal.options = {options}\n{GOOD}");
        let layers = Layers { path: "test.toml".into(), text, ..Layers::default() };
        Config::read(&layers, &registry()).expect("good")
    }

    #[test]
    fn an_event_is_one_harmless_line() {
        let line = block_on(async {
            let mut store = Store::open(config("{ events = 1 }")).await?;
            let page = store.page(&EventQuery { limit: 1, ..EventQuery::default() }).await?;
            text(&page.items[0], 100)
        });
        assert_eq!(
            line.expect("shown"),
            "1970-01-01T00:00:00.000Z  after   Group.Changed  7  room\\u{1b}[31m  { \"n\": 1 }"
        );
    }

    #[test]
    fn long_lines_are_cut_and_keep_some_of_the_body() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("äöüäöüä", 4), "äöü…");
        assert_eq!(squeezed("{\n  \"a\": 1\n}"), "{ \"a\": 1 }");
    }

    #[test]
    fn pages_follow_one_another_until_the_limit() {
        let count = |limit: u64, events: u64| {
            let args = Args { limit, command: None, format: Format::Json };
            let options = format!("{{ events = {events} }}");
            let mut lines = 0;
            let mut write = |line: &str| {
                assert!(!line.contains('\n'), "{line}");
                lines += 1;
                Ok(())
            };
            let shown = block_on(async {
                show(&mut Store::open(config(&options)).await?, &args, &mut write).await
            });
            assert_eq!(shown.expect("shown"), lines);
            lines
        };
        assert_eq!(count(20, 3), 3);
        assert_eq!(count(150, 250), 150);
        assert_eq!(count(1000, 250), 250);
    }

    #[test]
    fn a_journal_that_is_held_and_cannot_be_asked_is_unavailable() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = format!("{{ locked = {:?} }}", folder.path());
        let opened = block_on(async { Store::open(config(&options)).await.map(|_| ()) });
        let failed = opened.expect_err("held");
        assert_eq!(failed.code, 69);
        assert!(failed.message.contains("in use by process 7"), "{}", failed.message);
    }

    #[test]
    fn a_question_is_spelt_as_the_api_reads_it() {
        let query = EventQuery {
            limit: 7,
            before: Some(Position(9)),
            commands: vec!["Group.*".parse().expect("a pattern")],
            ..EventQuery::default()
        };
        assert_eq!(path(&query), "/api/v1/events?limit=7&before=9&command=Group.*");
    }
}
