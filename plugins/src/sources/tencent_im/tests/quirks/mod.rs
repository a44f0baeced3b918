//! Where the protocol is odd, and what holds here: one test for each oddity, by its name.

mod batches;
mod behaviour;
mod delivery;
mod disagreements;
mod names;
mod shapes;
mod transport;
mod types;

use serde::Serialize;
use serde_json::{Value, json};
use switchhook_api::{Event, Phase};

use super::super::events::*;
use super::*;

/// A callback with this body, as a handler reads it; nothing of the body is lost.
fn event<T: Event + Serialize>(body: &Value) -> T {
    let callback = one(T::COMMAND, body.to_string());
    let event: T = callback.event().expect(T::COMMAND);
    assert_eq!(serde_json::to_value(&event).expect("JSON"), *body, "{}", T::COMMAND);
    event
}

fn ordering_key(command: &str, body: &Value) -> Option<String> {
    let key = one(command, body.to_string()).facts.key?;
    Some(key.strip_prefix("1400000000/").expect("the app").to_owned())
}

fn natural_key(command: &str, body: &Value) -> Option<String> {
    one(command, body.to_string()).natural_key.map(|key| key.to_string())
}

fn phase(command: &str) -> Phase {
    one(command, "{}").facts.phase
}
