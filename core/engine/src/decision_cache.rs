//! Same question, same answer: a question is decided once, its answer remembered for a while, and who asks meanwhile waits.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use switchhook_api::{Callback, Map, Verdict};
use tokio::sync::watch;
use tokio::time::Instant;

/// What makes two questions of one source the same. A client has a hand in a message's key: with another body behind it, or from
/// elsewhere, it is another question, or what was allowed once would let anything through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    command: Arc<str>,
    natural_key: Arc<str>,
    /// The digest of what else handlers see: the client and the body.
    seen: [u8; 32],
}

impl CacheKey {
    /// None where a repetition could not be told from another event.
    pub(crate) fn of(callback: &Callback) -> Option<Self> {
        let natural_key = callback.natural_key.clone()?;
        let client = &callback.facts.client;
        let mut seen = Sha256::new();
        for part in [&client.ip, &client.platform] {
            let part = part.as_deref().unwrap_or_default();
            seen.update(part.len().to_le_bytes());
            seen.update(part);
        }
        seen.update(&callback.body);
        let (command, seen) = (callback.facts.command.clone(), seen.finalize().into());
        Some(Self { command, natural_key, seen })
    }
}

/// The answers of one source. A question that is being decided is here too, and as many of those as there are requests.
pub(crate) struct DecisionCache {
    window: Duration,
    table: Mutex<Table>,
}

/// Whose turn it is.
pub(crate) enum Turn<'a> {
    /// Nobody's: this was the answer.
    Told(Verdict),
    /// The caller's: others with the same question wait until the claim is gone.
    Mine(Claim<'a>),
}

impl DecisionCache {
    /// Remembers each answer for so long.
    pub(crate) fn new(window: Duration) -> Self {
        Self::within(window, Room::default())
    }

    fn within(window: Duration, room: Room) -> Self {
        Self { window, table: Mutex::new(Table { room, ..Table::default() }) }
    }

    /// The answer to the question, or the turn to decide it. Waits while somebody else has the turn, however long that takes.
    pub(crate) async fn turn(&self, question: CacheKey) -> Turn<'_> {
        loop {
            let found = self.table().look(&question, Instant::now());
            match found {
                Found::Answer(verdict) => return Turn::Told(Verdict::clone(&verdict)),
                Found::Nothing(open) => {
                    let held = Some(question);
                    return Turn::Mine(Claim { answers: self, held, _open: open });
                }
                // Nothing is ever sent: this ends when the claim is gone, and then the table is looked at again.
                Found::Claimed(mut end) => _ = end.changed().await,
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn to decide a question. Whoever drops it without an answer leaves the question to the next.
pub(crate) struct Claim<'a> {
    answers: &'a DecisionCache,
    /// None once it is answered.
    held: Option<CacheKey>,
    _open: watch::Sender<()>,
}

impl Claim<'_> {
    /// Remembers the answer; false if for want of room it, or an older one, is forgotten before its time.
    pub(crate) fn say(mut self, verdict: &Verdict) -> bool {
        let Some(question) = self.held.clone() else { return true };
        let CacheKey { command, natural_key, seen } = &question;
        let bytes = command.len() + natural_key.len() + seen.len();
        let bytes = bytes + size_of::<Verdict>() + held_by(verdict);
        let verdict = Arc::new(verdict.clone()); // not under the lock: it may be large
        let (now, window) = (Instant::now(), self.answers.window);
        let roomy = self.answers.table().remember(question, verdict, bytes, now, window);
        self.held = None;
        roomy
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let Some(question) = &self.held {
            self.answers.table().known.remove(question);
        }
    }
}

/// How much is remembered.
#[derive(Clone, Copy)]
struct Room {
    answers: usize,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { answers: 16_384, bytes: 16 << 20 }
    }
}

#[derive(Default)]
struct Table {
    room: Room,
    known: HashMap<CacheKey, Known>,
    /// Remembered answers and when they are forgotten: the next one first, for all have the same window.
    order: VecDeque<(Instant, CacheKey)>,
    /// What the remembered answers take.
    bytes: usize,
}

enum Known {
    Claimed(watch::Receiver<()>),
    Answered { verdict: Arc<Verdict>, bytes: usize },
}

enum Found {
    Answer(Arc<Verdict>),
    Claimed(watch::Receiver<()>),
    Nothing(watch::Sender<()>),
}

impl Table {
    /// What is known of a question; if nothing is, it is claimed.
    fn look(&mut self, question: &CacheKey, now: Instant) -> Found {
        self.forget_until(now);
        match self.known.get(question) {
            Some(Known::Answered { verdict, .. }) => Found::Answer(verdict.clone()),
            Some(Known::Claimed(end)) => Found::Claimed(end.clone()),
            None => {
                let (open, end) = watch::channel(());
                self.known.insert(question.clone(), Known::Claimed(end));
                Found::Nothing(open)
            }
        }
    }

    fn remember(
        &mut self,
        question: CacheKey,
        verdict: Arc<Verdict>,
        bytes: usize,
        now: Instant,
        window: Duration,
    ) -> bool {
        self.forget_until(now);
        if bytes > self.room.bytes {
            self.known.remove(&question);
            return false;
        }
        let mut roomy = true;
        while self.order.len() >= self.room.answers || self.bytes + bytes > self.room.bytes {
            self.forget_first();
            roomy = false;
        }
        self.bytes += bytes;
        self.order.push_back((now + window, question.clone()));
        self.known.insert(question, Known::Answered { verdict, bytes });
        roomy
    }

    fn forget_until(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(until, _)| *until <= now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let first = self.order.pop_front().and_then(|(_, question)| self.known.remove(&question));
        if let Some(Known::Answered { bytes, .. }) = first {
            self.bytes -= bytes;
        }
    }
}

/// What a verdict takes beside itself, about.
fn held_by(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Deny { reason: text, .. } | Verdict::Flag(text) => text.len(),
        Verdict::Replace(fields) | Verdict::Answer(fields) => held_by_fields(fields),
        _ => 0,
    }
}

fn held_by_fields(fields: &Map) -> usize {
    let own =
        |name: &String, value| size_of::<(String, Value)>() + name.len() + held_by_value(value);
    fields.iter().map(|(name, value)| own(name, value)).sum()
}

fn held_by_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => {
            list.iter().map(|value| size_of::<Value>() + held_by_value(value)).sum()
        }
        Value::Object(fields) => held_by_fields(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests;
