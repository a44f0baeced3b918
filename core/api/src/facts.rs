//! The metadata of a callback: everything but its body, and the form in which it is stored.

use std::fmt;
use std::sync::Arc;

use bytes::Buf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whether the sender waits for a decision, or the event has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The event has not happened. The sender waits, and the reply decides.
    Before,
    /// The event has happened. The reply only acknowledges it.
    After,
}

impl Phase {
    /// The phase of a command that no catalogue knows: `before` if its last part contains `Before` or `Prev`.
    pub fn guess(command: &str) -> Self {
        let name = command.rsplit('.').next().unwrap_or(command);
        if name.contains("Before") || name.contains("Prev") { Self::Before } else { Self::After }
    }

    /// The word for logs, headers and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The end user's client, as far as the sender reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Client {
    /// Its address as text, as the sender reports it. It is not the peer of the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<Arc<str>>,
    /// Its platform, such as `Android` or `RESTAPI`; unknown values stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Arc<str>>,
}

/// How a before-callback was answered. It is stored with the callback.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// `allow`, `deny`, `drop`, `replace`, `answer` or `timeout`.
    pub verdict: String,
    /// The handler instance that decided; none if no handler did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The reason of a denial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What handlers flagged, as `handler: text`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// How long the decision took, in microseconds.
    pub micros: u64,
}

/// The metadata of a callback: everything but its body. It travels with records, and the journal stores it with the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// The id that Switchhook gives: a UUID of version 7, made when the callback was received.
    pub id: Uuid,
    /// The source instance that received it.
    pub source: Arc<str>,
    /// The command, as the sender spells it.
    pub command: Arc<str>,
    /// The sender's application id.
    pub app: Arc<str>,
    /// Whether the sender waits for a decision.
    pub phase: Phase,
    /// When the head of its request had been read, to the microsecond.
    pub received: Timestamp,
    /// When the sender says that it made the call, to the microsecond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    /// The end user's client.
    #[serde(default)]
    pub client: Client,
    /// The key of its order: a conversation, group or account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// The decision, if it needed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// The version of the stored form: its first byte.
const VERSION: u8 = 1;

const AFTER: u8 = 1;
const SENT: u8 = 2;
const IP: u8 = 4;
const PLATFORM: u8 = 8;
const KEY: u8 = 16;
const DECISION: u8 = 32;

/// Strings that most callbacks share, such as the command: allocated once and then reused.
#[derive(Debug, Default)]
pub struct StringInterner([Option<Arc<str>>; 6]);

impl StringInterner {
    fn get(&mut self, place: usize, text: &str) -> Arc<str> {
        match &self.0[place] {
            Some(word) if **word == *text => word.clone(),
            _ => self.0[place].insert(text.into()).clone(),
        }
    }
}

impl Metadata {
    /// Appends the stored form. It takes a fifth of the time and half the size of JSON; a callback is written and read three
    /// times.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let optional = [
            (self.phase == Phase::After, AFTER),
            (self.sent.is_some(), SENT),
            (self.client.ip.is_some(), IP),
            (self.client.platform.is_some(), PLATFORM),
            (self.key.is_some(), KEY),
            (self.decision.is_some(), DECISION),
        ];
        let flags = optional.iter().filter(|(there, _)| *there).map(|(_, flag)| flag).sum();
        out.extend_from_slice(&[VERSION, flags]);
        out.extend_from_slice(self.id.as_bytes());
        for time in [Some(self.received), self.sent].into_iter().flatten() {
            out.extend_from_slice(&time.as_microsecond().to_le_bytes());
        }
        let Client { ip, platform } = &self.client;
        let texts = [Some(&self.source), Some(&self.command), Some(&self.app)];
        for text in
            texts.into_iter().chain([ip.as_ref(), platform.as_ref(), self.key.as_ref()]).flatten()
        {
            put(out, text.as_bytes());
        }
        if let Some(decision) = &self.decision {
            // Rare, and its texts may grow: JSON. A struct of texts and numbers always has a JSON form.
            put(out, &serde_json::to_vec(decision).unwrap_or_default());
        }
    }

    /// Reads the stored form; none if it is damaged or has an unknown version.
    pub fn read_from(bytes: &[u8], words: &mut StringInterner) -> Option<Self> {
        let rest = &mut { bytes };
        let (version, flags) = (rest.try_get_u8().ok()?, rest.try_get_u8().ok()?);
        if version != VERSION {
            return None;
        }
        let has = |flag| flags & flag != 0;
        let id = Uuid::from_u128(rest.try_get_u128().ok()?);
        let received = time(rest)?;
        let sent = if has(SENT) { Some(time(rest)?) } else { None };
        let mut word = |place, there| -> Option<Option<Arc<str>>> {
            if there { text(rest).map(|text| Some(words.get(place, text))) } else { Some(None) }
        };
        let (source, command, app) = (word(0, true)??, word(1, true)??, word(2, true)??);
        let client = Client { ip: word(3, has(IP))?, platform: word(4, has(PLATFORM))? };
        let key = word(5, has(KEY))?;
        let decision =
            if has(DECISION) { Some(serde_json::from_slice(part(rest)?).ok()?) } else { None };
        let phase = if has(AFTER) { Phase::After } else { Phase::Before };
        Some(Self { id, source, command, app, phase, received, sent, client, key, decision })
    }
}

fn put(out: &mut Vec<u8>, part: &[u8]) {
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(part);
}

fn time(bytes: &mut &[u8]) -> Option<Timestamp> {
    Timestamp::from_microsecond(bytes.try_get_i64_le().ok()?).ok()
}

fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(bytes.try_get_u32_le().ok()?).ok()?;
    bytes.split_off(..length)
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(part(bytes)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Metadata {
        Metadata {
            id: Uuid::from_u128(7),
            source: "chat".into(),
            command: "Group.X".into(),
            app: "1400000000".into(),
            phase: Phase::After,
            received: Timestamp::from_microsecond(1_767_225_600_123_456).unwrap(),
            sent: Some(Timestamp::from_second(1_767_225_600).unwrap()),
            client: Client { ip: Some("::1".into()), platform: Some("iOS".into()) },
            key: Some("群组".into()),
            decision: Some(Decision {
                verdict: "deny".into(),
                flags: vec!["a: b".into()],
                ..Decision::default()
            }),
        }
    }

    fn written(facts: &Metadata) -> Vec<u8> {
        let mut bytes = Vec::new();
        facts.write_to(&mut bytes);
        bytes
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bare = Metadata {
            sent: None,
            client: Client::default(),
            key: None,
            decision: None,
            phase: Phase::Before,
            ..full()
        };
        let mut words = StringInterner::default();
        for facts in [full(), bare, Metadata { app: "".into(), ..full() }, full()] {
            assert_eq!(Metadata::read_from(&written(&facts), &mut words), Some(facts));
        }
    }

    #[test]
    fn what_is_cut_off_or_of_another_version_is_not_read() {
        let bytes = written(&full());
        for end in 0..bytes.len() {
            assert_eq!(
                Metadata::read_from(&bytes[..end], &mut StringInterner::default()),
                None,
                "{end} bytes"
            );
        }
        let newer = [&[VERSION + 1], &bytes[1..]].concat();
        assert_eq!(Metadata::read_from(&newer, &mut StringInterner::default()), None);
    }

    #[test]
    fn unknown_commands_get_their_phase_from_their_name() {
        let check = |command, expected| assert_eq!(Phase::guess(command), expected, "{command}");
        check("Group.CallbackBeforeNewThing", Phase::Before);
        check("Sns.CallbackPrevSomething", Phase::Before);
        check("Group.CallbackAfterNewThing", Phase::After);
        check("Before.Thing", Phase::After);
        check("", Phase::After);
    }
}
