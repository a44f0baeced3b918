//! Everything about a callback but its body, and how it is stored beside the body.

use std::fmt;
use std::sync::Arc;

use bytes::Buf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whether the sender waits for our word or has already acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The sender waits; the reply decides what happens.
    Before,
    /// It has happened; the reply only says that we have it.
    After,
}

impl Phase {
    /// The phase of a command that no catalogue knows: `before` if its last part says `Before` or `Prev`.
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

/// The end user's client, as far as the sender says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its address, as text: the sender's word, not a peer of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<Arc<str>>,
    /// Its platform, such as `Android` or `RESTAPI`; unknown values are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Arc<str>>,
}

/// How a before-callback was answered, as kept with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// `allow`, `deny`, `drop`, `replace`, `answer` or `timeout`.
    pub verdict: String,
    /// The handler instance whose word it was; none when nobody decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The reason of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What handlers noted on the way, as `handler: text`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Time taken, in microseconds.
    pub micros: u64,
}

/// Everything about a callback but its body. It travels with records and is what the journal keeps beside the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Facts {
    /// Our id: a UUID of version 7, made when the callback was received.
    pub id: Uuid,
    /// The source instance that took it in.
    pub source: Arc<str>,
    /// The command, in the sender's spelling.
    pub command: Arc<str>,
    /// The sender's application id.
    pub app: Arc<str>,
    /// Whether the sender waits.
    pub phase: Phase,
    /// When its head had been read here, to the microsecond.
    pub received: Timestamp,
    /// When the sender says that it called, to the microsecond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    /// The end user's client.
    #[serde(default)]
    pub client: Client,
    /// What its order hangs on: a conversation, group or account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// How it was decided, where there was something to decide.
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

/// Words that most callbacks share, such as their command: read once, handed out again.
#[derive(Debug, Default)]
pub struct Words([Option<Arc<str>>; 6]);

impl Words {
    fn get(&mut self, place: usize, text: &str) -> Arc<str> {
        match &self.0[place] {
            Some(word) if **word == *text => word.clone(),
            _ => self.0[place].insert(text.into()).clone(),
        }
    }
}

impl Facts {
    /// Appends the stored form: a fifth of the time and half the size of JSON, of which a callback would pay for three.
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

    /// Reads the stored form; none if it is damaged or of a version that is not known here.
    pub fn read_from(bytes: &[u8], words: &mut Words) -> Option<Self> {
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

    fn full() -> Facts {
        Facts {
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

    fn written(facts: &Facts) -> Vec<u8> {
        let mut bytes = Vec::new();
        facts.write_to(&mut bytes);
        bytes
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bare = Facts {
            sent: None,
            client: Client::default(),
            key: None,
            decision: None,
            phase: Phase::Before,
            ..full()
        };
        let mut words = Words::default();
        for facts in [full(), bare, Facts { app: "".into(), ..full() }, full()] {
            assert_eq!(Facts::read_from(&written(&facts), &mut words), Some(facts));
        }
    }

    #[test]
    fn what_is_cut_off_or_of_another_version_is_not_read() {
        let bytes = written(&full());
        for end in 0..bytes.len() {
            assert_eq!(Facts::read_from(&bytes[..end], &mut Words::default()), None, "{end} bytes");
        }
        let newer = [&[VERSION + 1], &bytes[1..]].concat();
        assert_eq!(Facts::read_from(&newer, &mut Words::default()), None);
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
