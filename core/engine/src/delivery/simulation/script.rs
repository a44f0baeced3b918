//! What handlers and targets do with a callback stands in its body: one letter for the handler, one for every target.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use switchhook_api::{Callback, Failure, HandleContext, Handler, NewRecord, Record};

use super::log::{Event, Log};
use super::target::{Answer, Script};

/// ok, skip, fail once or twice, panic once, panic always, never.
const HANDLING: &[u8] = b"oooooooos12cpn";
/// fine, refuse, busy twice, Busy always, wait as asked, hang once, Hang once though taken, panic, gone once.
const DELIVERING: &[u8] = b"ffffffffrbbBwhHpg";

pub(super) fn body(chance: &mut fastrand::Rng) -> String {
    let mut pick = |letters: &[u8]| char::from(letters[chance.usize(..letters.len())]);
    [pick(HANDLING), pick(DELIVERING)].iter().collect()
}

/// What may become of a callback in its handler.
pub(super) fn is_recorded(body: &str) -> Option<bool> {
    match body.as_bytes()[0] {
        b's' => Some(false),
        b'p' | b'n' => None,
        _ => Some(true),
    }
}

/// Whether a target may have a record given up before all attempts are made.
pub(super) fn is_refused(body: &str) -> bool {
    matches!(body.as_bytes()[1], b'r' | b'p')
}

pub(super) fn is_gone(body: &str) -> bool {
    body.as_bytes()[1] == b'g'
}

pub(super) fn hangs_though_taken(body: &str) -> bool {
    body.as_bytes()[1] == b'H'
}

/// What handlers remember beside their state: how often each callback came.
pub(super) type Calls = Arc<Mutex<BTreeMap<(Arc<str>, u64), usize>>>;

/// Does what the body says, and numbers its records by its state.
pub(super) struct Scripted {
    pub(super) log: Arc<Log>,
    pub(super) calls: Calls,
    pub(super) life: u32,
}

#[async_trait]
impl Handler for Scripted {
    async fn handle(
        &self,
        callback: &Callback,
        cx: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        let handler: Arc<str> = cx.handler().into();
        let position = u64::try_from(callback.facts.id.as_u128()).unwrap();
        let count = cx.state().get("count").await?.map_or(0, |count| number(&count));
        cx.state().put("count", (count + 1).to_string());
        let before = {
            let mut calls = self.calls.lock().unwrap();
            let calls = calls.entry((handler.clone(), position)).or_default();
            *calls += 1;
            *calls - 1
        };
        self.log.push(Event::Handled { life: self.life, handler, position });
        match (callback.body[0], before) {
            (b's', _) => return Ok(None),
            (b'n', _) => return Err(Failure::permanent("never")),
            (b'1', 0) | (b'2', 0 | 1) => return Err(Failure::transient("not yet")),
            (b'p', _) | (b'c', 0) => std::panic::resume_unwind(Box::new("on purpose")),
            _ => {}
        }
        let body = [&callback.body[..], b"#", count.to_string().as_bytes()].concat();
        Ok(Some(NewRecord::new(callback, "x", body)))
    }
}

fn number(text: &[u8]) -> u64 {
    std::str::from_utf8(text).unwrap().parse().unwrap()
}

/// The number of a record, as its handler gave it.
pub(super) type Numbers = Arc<Mutex<BTreeMap<(Arc<str>, u64), u64>>>;

/// A target that does what the body says, between outages.
pub(super) fn target(
    mut chance: fastrand::Rng,
    outages: Arc<Mutex<Vec<(Duration, Duration)>>>,
    numbers: Numbers,
) -> Script {
    Box::new(move |now, record: &Record, before| {
        let place = (record.handler.clone(), u64::try_from(record.facts.id.as_u128()).unwrap());
        numbers.lock().unwrap().insert(place, number(&record.body[3..]));
        let takes = Duration::from_millis(chance.u64(2..400));
        if outages.lock().unwrap().iter().any(|(from, to)| (*from..*to).contains(&now)) {
            return (
                takes,
                if chance.u8(..4) == 0 { Answer::Hang(false) } else { Answer::Busy(None) },
            );
        }
        let answer = match (record.body[1], before) {
            (b'r', _) => Answer::Refuse,
            (b'p', _) => Answer::Panic,
            (b'b', 0 | 1) | (b'B', _) => Answer::Busy(None),
            (b'w', 0) => Answer::Busy(Some(Duration::from_secs(30))),
            (b'h', 0) => Answer::Hang(false),
            (b'H', 0) => Answer::Hang(true),
            (b'g', 0) => Answer::Gone,
            _ => Answer::Take,
        };
        (takes, answer)
    })
}
