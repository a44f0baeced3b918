//! What the journal holds: events, lanes, dead letters, numbers.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::str::FromStr;

use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use switchhook_api::Metadata;
use switchhook_api::journal::{DeadLetterQuery, EventQuery, StoredEvent};
use warp::reply::Response;

use super::Admin;
use super::answer::{PageView, error_response, json, outcome, problem};
use super::lanes::ConsumerView;

/// Items that one page may have.
pub const PAGE_MAX: usize = 1000;
/// Events in a page, if nobody says how many.
const PAGE: usize = 20;

/// A question's parameters.
pub(super) type Query = HashMap<String, String>;

/// One event as the API shows it.
#[derive(Debug, Serialize)]
pub struct EventView<'a> {
    position: u64,
    #[serde(flatten)]
    facts: &'a Metadata,
    /// Persisted after its sender had been answered that it was not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    persisted_late: bool,
    /// The body as it came, if it is JSON; else as text. None where bodies were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

impl Admin {
    pub(super) async fn events(&self, query: &Query) -> Response {
        let (query, bodies) = match event_query(query) {
            Ok(query) => query,
            Err(message) => return problem(StatusCode::BAD_REQUEST, &message),
        };
        match self.journal.events(&query).await {
            Ok(page) => with_views(&page.items, bodies, |views| {
                let next = page.next.map(|position| position.0);
                json(StatusCode::OK, &PageView { items: views, next, damaged: page.damaged })
            }),
            Err(error) => error_response(&error),
        }
    }

    pub(super) async fn lanes(&self) -> Response {
        match self.journal.lanes().await {
            Ok(lanes) => {
                let view = |lane| ConsumerView::with(lane, &*self.targets);
                let items: Vec<ConsumerView> = lanes.into_iter().map(view).collect();
                json(StatusCode::OK, &PageView { items: &items, next: None, damaged: 0 })
            }
            Err(error) => error_response(&error),
        }
    }

    pub(super) async fn dead_letters(&self, query: &Query) -> Response {
        let query = match dead_letter_query(query) {
            Ok(query) => query,
            Err(message) => return problem(StatusCode::BAD_REQUEST, &message),
        };
        match self.journal.dead_letters(&query).await {
            Ok(page) => {
                let next = page.next.map(|number| number.0);
                json(StatusCode::OK, &PageView { items: &page.items, next, damaged: 0 })
            }
            Err(error) => error_response(&error),
        }
    }

    pub(super) async fn stats(&self) -> Response {
        outcome(self.journal.stats().await)
    }
}

/// Reads a question about events, and whether bodies are wanted. [`event_target`] spells it.
pub(super) fn event_query(query: &Query) -> Result<(EventQuery, bool), String> {
    let mut wanted = EventQuery { limit: PAGE, ..EventQuery::default() };
    let mut bodies = true;
    for (name, value) in query {
        match name.as_str() {
            "limit" => wanted.limit = limit(value)?,
            "before" => wanted.before = Some(read(name, value, "a position")?),
            "after" => wanted.after = Some(read(name, value, "a position")?),
            "command" => wanted.commands = vec![value.parse()?],
            "id" => wanted.ids = list(name, value, "ids separated by commas")?,
            "since" => wanted.since = Some(read(name, value, "an RFC 3339 time")?),
            "until" => wanted.until = Some(read(name, value, "an RFC 3339 time")?),
            "order" => wanted.oldest_first = choice(name, value, ["newest", "oldest"])?,
            "persisted_late" => wanted.persisted_late = choice(name, value, ["no", "yes"])?,
            "bodies" => bodies = choice(name, value, ["no", "yes"])?,
            _ => {
                return Err("unknown parameter; known parameters: limit, before, after, command, id, since, until, \
                            order, persisted_late, bodies"
                    .to_owned());
            }
        }
    }
    Ok((wanted, bodies))
}

/// Reads a question about dead letters. [`dead_letter_target`] spells it.
pub(super) fn dead_letter_query(query: &Query) -> Result<DeadLetterQuery, String> {
    let mut wanted = DeadLetterQuery::first(PAGE_MAX);
    for (name, value) in query {
        match name.as_str() {
            "limit" => wanted.limit = limit(value)?,
            "before" => wanted.before = Some(read(name, value, "a number")?),
            "consumer" => wanted.lane = value.parse().ok(),
            "number" => wanted.numbers = list(name, value, "numbers separated by commas")?,
            _ => {
                return Err("unknown parameter; known parameters: limit, before, consumer, number"
                    .to_owned());
            }
        }
    }
    Ok(wanted)
}

fn limit(value: &str) -> Result<usize, String> {
    let limit = value.parse().ok().filter(|n| (1..=PAGE_MAX).contains(n));
    limit.ok_or_else(|| format!("limit: expected 1 to {PAGE_MAX}"))
}

fn read<T: FromStr>(name: &str, value: &str, what: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name}: expected {what}"))
}

fn list<T: FromStr>(name: &str, value: &str, what: &str) -> Result<Vec<T>, String> {
    let items: Vec<T> =
        value.split(',').map(|one| read(name, one, what)).collect::<Result<_, _>>()?;
    match items.len() {
        0..=PAGE_MAX => Ok(items),
        _ => Err(format!("{name}: expected at most {PAGE_MAX} values")),
    }
}

/// Whether it is the second of two words.
fn choice(name: &str, value: &str, words: [&str; 2]) -> Result<bool, String> {
    let place = words.iter().position(|word| *word == value);
    let place = place.ok_or_else(|| format!("{name}: expected {} or {}", words[0], words[1]))?;
    Ok(place == 1)
}

/// The address of a question about events.
pub fn event_target(query: &EventQuery, bodies: bool) -> String {
    let mut target = Target::new("/api/v1/events", query.limit);
    target.add("before", query.before);
    target.add("after", query.after);
    target.add("command", query.commands.first());
    target.add("since", query.since);
    target.add("until", query.until);
    target.add("id", joined(&query.ids));
    target.add("order", query.oldest_first.then_some("oldest"));
    target.add("persisted_late", query.persisted_late.then_some("yes"));
    target.add("bodies", (!bodies).then_some("no"));
    target.0
}

/// The address of a question about dead letters.
pub fn dead_letter_target(query: &DeadLetterQuery) -> String {
    let mut target = Target::new("/api/v1/dead-letters", query.limit);
    target.add("before", query.before);
    target.add("consumer", query.lane.as_ref());
    target.add("number", joined(&query.numbers));
    target.0
}

fn joined(items: &[impl ToString]) -> Option<String> {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    (!items.is_empty()).then(|| items.join(","))
}

/// A path with its parameters.
struct Target(String);

impl Target {
    fn new(path: &str, limit: usize) -> Self {
        Self(format!("{path}?limit={limit}"))
    }

    fn add(&mut self, name: &str, value: Option<impl ToString>) {
        let Some(value) = value else { return };
        self.0.extend(["&", name, "="]);
        for b in value.to_string().bytes() {
            match b.is_ascii_alphanumeric() || b"-._~,:*".contains(&b) {
                true => self.0.push(char::from(b)),
                false => _ = write!(self.0, "%{b:02X}"), // into a string: it does not fail
            }
        }
    }
}

/// Events as the API and the command line show them.
pub fn with_views<T>(
    events: &[StoredEvent],
    bodies: bool,
    show: impl FnOnce(&[EventView<'_>]) -> T,
) -> T {
    let quoted: Vec<Option<Box<RawValue>>> = match bodies {
        true => events.iter().map(|event| raw_or_text(&event.body)).collect(),
        false => events.iter().map(|_| None).collect(),
    };
    let views: Vec<EventView<'_>> = events
        .iter()
        .zip(&quoted)
        .map(|(event, quoted)| EventView {
            position: event.position.0,
            facts: &event.facts,
            persisted_late: event.persisted_late,
            body: bodies.then(|| quoted.as_deref().unwrap_or(RawValue::NULL)),
        })
        .collect();
    show(&views)
}

fn raw_or_text(body: &[u8]) -> Option<Box<RawValue>> {
    serde_json::from_slice(body)
        .or_else(|_| serde_json::value::to_raw_value(&String::from_utf8_lossy(body)))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchhook_api::journal::{ConsumerId, Position};

    fn parameters(target: &str) -> Query {
        let (_, query) = target.split_once('?').expect("a query");
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').expect("a value");
            (name.to_owned(), value.replace("%3E", ">"))
        };
        query.split('&').map(pair).collect()
    }

    #[test]
    fn a_question_about_events_is_read_as_it_was_spelt() {
        let query = EventQuery {
            limit: 7,
            before: Some(Position(9)),
            after: Some(Position(2)),
            commands: vec!["Group.*".parse().expect("a pattern")],
            ids: vec![uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2)],
            since: Some("2026-01-01T00:00:00.000001Z".parse().expect("a time")),
            until: Some("2026-01-02T00:00:00Z".parse().expect("a time")),
            oldest_first: true,
            persisted_late: true,
        };
        let target = event_target(&query, false);
        assert!(target.is_ascii() && !target.contains(['>', '+', ' ']), "{target}");
        let (read, bodies) = event_query(&parameters(&target)).expect("read");
        assert_eq!(format!("{read:?}"), format!("{query:?}"));
        assert!(!bodies);
    }

    #[test]
    fn a_question_about_dead_letters_is_read_as_it_was_spelt() {
        let query = DeadLetterQuery {
            limit: 1000,
            before: Some(4),
            lane: Some(ConsumerId::subscription("topics", "crm")),
            numbers: vec![1, 3],
        };
        let read = dead_letter_query(&parameters(&dead_letter_target(&query))).expect("read");
        assert_eq!(format!("{read:?}"), format!("{query:?}"));
    }

    #[test]
    fn what_is_no_question_is_told() {
        let check = |query: &str, expected: &str| {
            let error = event_query(&parameters(&format!("?{query}"))).expect_err("refused");
            assert!(error.contains(expected), "{query}: {error}");
        };
        check("limit=0", "limit: expected 1 to 1000");
        check("before=x", "before: expected a position");
        check("since=yesterday", "since: expected an RFC 3339 time");
        check("order=up", "order: expected newest or oldest");
        check("id=1,2", "id: expected ids");
        check("colour=red", "known parameters");
        let error = dead_letter_query(&parameters("?number=a")).expect_err("refused");
        assert!(error.contains("number: expected numbers"), "{error}");
    }
}
