//! `switchhook dead-letters show`.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use switchhook_api::journal::{DeadLetter, DeadLetterQuery, EventQuery, Position};

use super::ShowArgs;
use crate::Failed;
use crate::output::{Format, json_line, line, one_line};
use crate::store::Store;

/// A dead letter and its callback's body.
#[derive(Debug, Serialize)]
struct Whole {
    #[serde(flatten)]
    letter: DeadLetter,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
}

pub(super) async fn run(store: &mut Store, args: &ShowArgs) -> Result<(), Failed> {
    line(&shown(store, args).await?)?;
    Ok(())
}

pub(super) async fn shown(store: &mut Store, args: &ShowArgs) -> Result<String, Failed> {
    let query = DeadLetterQuery { numbers: vec![args.number], ..DeadLetterQuery::first(1) };
    let found = store.dead_letters(&query).await?.items.pop();
    let Some(letter) = found else {
        let number = args.number;
        return Err(Failed::usage(format!("there is no dead letter {number}")));
    };
    let whole = Whole { body: body(store, letter.position).await?, letter };
    match args.format {
        Format::Json => match serde_json::to_string(&whole) {
            Ok(json) => Ok(json_line(&json)),
            Err(error) => Err(Failed::bug(error.to_string())),
        },
        Format::Text => Ok(text(&whole)),
    }
}

/// The body of the callback there, if it can be read.
async fn body(store: &mut Store, position: Position) -> Result<Option<Box<RawValue>>, Failed> {
    #[derive(Deserialize)]
    struct Event {
        position: Position,
        body: Box<RawValue>,
    }
    let behind = Position(position.0.saturating_add(1));
    let query = EventQuery { limit: 1, before: Some(behind), ..EventQuery::default() };
    let event = store.events(&query, true).await?.items.pop();
    let event = event.map(|event| serde_json::from_str::<Event>(event.get())).transpose();
    let event = event
        .map_err(|error| Failed::bug(format!("cannot read the body of a callback: {error}")))?;
    Ok(event.filter(|event| event.position == position).map(|event| event.body))
}

fn text(whole: &Whole) -> String {
    let letter = &whole.letter;
    let mut text = String::new();
    let mut add = |name: &str, value: &str| {
        // Writing into a string does not fail.
        _ = writeln!(text, "{name:<9} {}", one_line(value));
    };
    add("number", &letter.number.to_string());
    add("consumer", &letter.lane);
    add("failed", &format!("{:.3}, {}", letter.at, attempts(letter.attempts)));
    add("reason", &letter.reason);
    if let Some(response) = &letter.response {
        add("response", response);
    }
    add("position", &letter.position.to_string());
    match &letter.callback {
        None => add("callback", "damaged: it cannot be read"),
        Some(facts) => {
            add("callback", &facts.id.to_string());
            add("command", &format!("{} ({})", facts.command, facts.phase));
            add("source", &facts.source);
            add("app", &facts.app);
            add("received", &format!("{:.3}", facts.received));
            if let Some(key) = &facts.key {
                add("key", key);
            }
        }
    }
    text.push('\n');
    match &whole.body {
        None => text.push_str("the body cannot be read"),
        Some(body) => {
            let lines: Vec<String> = body.get().lines().map(one_line).collect();
            text.push_str(&lines.join("\n"));
        }
    }
    text
}

fn attempts(count: u32) -> String {
    match count {
        1 => "after 1 attempt".to_owned(),
        n => format!("after {n} attempts"),
    }
}
