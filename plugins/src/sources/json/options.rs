//! The options, and what in them does not go together.

use std::time::Duration;

use http::{HeaderName, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use switchhook_core::config::{Period, Secret, SecretFile, Text};
use switchhook_core::{Map, Pattern};

use super::pointer::Pointer;

/// Options of a `json` source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// Where the command stands, in one of four places: `{ header = "X-Event" }`, `{ query = "event" }`, `{ body = "/event/type" }`
    /// or `{ path = true }`. A command is 1 to 128 of letters, digits, `.`, `_`, `-`, `:` and `/`.
    pub(super) command: CommandOptions,
    /// Proves the sender by an HMAC-SHA-256 in a header; default none. With neither `hmac` nor `token` anybody can call.
    /// Signed is the body: whoever saw a call can say the same body under another command, unless the command stands in the
    /// body too, and without `timestamp` for ever.
    pub(super) hmac: Option<HmacOptions>,
    /// Proves the sender by a token in a header; default none.
    pub(super) token: Option<TokenOptions>,
    /// The name of the app that calls, 1 to 64 characters; default the name of this source.
    pub(super) app: Option<Text>,
    /// Where the body has what orders callbacks, such as the room: `"/room/id"`; text or a whole number; default nowhere.
    pub(super) key: Option<Pointer>,
    /// Where the body has what only the same event of the same command has, such as its id: `"/event_id"`; it tells duplicates;
    /// default nowhere.
    pub(super) natural_key: Option<Pointer>,
    /// Where the body has the time of the event: `"/sent_at"`; seconds or milliseconds since 1970, or text such as
    /// `2026-05-01T12:00:00Z`; default the time stamp of `hmac`, if there is one.
    pub(super) time: Option<Pointer>,
    /// The commands whose senders wait for a decision, as patterns: a command, `Family.*`, `family:*`, `family/*` or `*`; all others come after the
    /// event. Default none.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) before: Vec<Pattern>,
    /// How long the sender waits for a reply, as a duration, where `reply_timeout` does not say otherwise; default `"2s"`.
    #[serde(default = "two_seconds")]
    pub(super) patience: Period,
    /// How long the sender waits for a reply, by phase. Three quarters of it is the time to decide, unless `decide_within` of the
    /// source or the server is set.
    #[serde(default)]
    pub(super) reply_timeout: ReplyTimeoutOptions,
    /// What the sender hears, each a status and a JSON object.
    #[serde(default)]
    pub(super) replies: RepliesOptions,
}

/// How long the sender waits for a reply.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ReplyTimeoutOptions {
    /// To a callback that waits for a decision, as a duration; default `patience`.
    pub(super) before: Option<Period>,
    /// To a callback that comes after the event, as a duration; default `patience`.
    pub(super) after: Option<Period>,
}

/// Where the command stands.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CommandOptions {
    /// `true`: it is the rest of the path below the source's own; doubled slashes there count as one, and one at the end does not count.
    pub(super) path: bool,
    /// The query parameter that holds it.
    pub(super) query: Option<Parameter>,
    /// The header that holds it.
    pub(super) header: Option<Header>,
    /// The place in the body that holds it.
    pub(super) body: Option<Pointer>,
}

/// How a call is signed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HmacOptions {
    /// The header that holds the signature.
    pub(super) header: Header,
    /// How its 32 bytes are written; default `"hex"`.
    #[serde(default)]
    pub(super) encoding: Encoding,
    /// What stands before it, in any case, such as `"sha256="`; default nothing.
    #[serde(default)]
    pub(super) prefix: String,
    /// The secrets, whose text is the key; several while rotating; default none.
    #[serde(default)]
    pub(super) secrets: Vec<Secret>,
    /// Files with one secret each, relative to the configuration file or in `$CREDENTIALS_DIRECTORY/`; default none.
    #[serde(default)]
    pub(super) secret_files: Vec<SecretFile>,
    /// The header that holds the time of the call in seconds since 1970; signed is then `{timestamp}.{body}`. Default none:
    /// signed is the body.
    pub(super) timestamp: Option<Header>,
    /// How far that time may be from this machine's clock, in either direction, as a duration; default `"5m"`.
    window: Option<Period>,
}

impl HmacOptions {
    pub(super) fn window(&self) -> Period {
        self.window.unwrap_or(Period(Duration::from_mins(5)))
    }

    pub(super) fn window_without_time(&self) -> bool {
        self.window.is_some() && self.timestamp.is_none()
    }
}

/// How the bytes of a signature are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encoding {
    /// 64 hex digits, in either case.
    #[default]
    Hex,
    /// Base64, with padding or without, in the standard alphabet or the one for URLs.
    Base64,
}

/// Which token a call shows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenOptions {
    /// The header that holds it.
    pub(super) header: Header,
    /// What stands before it, in any case, such as `"Bearer "`; default nothing.
    #[serde(default)]
    pub(super) prefix: String,
    /// The tokens, of visible ASCII characters; several while rotating; default none.
    #[serde(default)]
    pub(super) tokens: Vec<Secret>,
    /// Files with one token each, relative to the configuration file or in `$CREDENTIALS_DIRECTORY/`; default none.
    #[serde(default)]
    pub(super) token_files: Vec<SecretFile>,
}

/// The replies.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RepliesOptions {
    /// To what is kept or allowed; default status 200, at most 299, and `{ ok = true }`.
    pub(super) allow: ReplyOptions,
    /// To what is denied.
    pub(super) deny: DenyOptions,
    /// To what cannot be kept just now; default status 503 and `{ ok = false }`.
    pub(super) unavailable: ReplyOptions,
    /// To calls that are not taken in; default `{ ok = false }` with the usual status of what is wrong with them: 400, 401,
    /// 405, 408, 413 or 415.
    pub(super) refused: ReplyOptions,
}

/// One reply.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ReplyOptions {
    /// The HTTP status, 200 to 599.
    status: Option<Status>,
    /// The body, an object.
    body: Option<Map>,
}

impl ReplyOptions {
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.status.map(|status| status.0)
    }

    pub(super) fn body_or(&self, ok: bool) -> Map {
        self.body.clone().unwrap_or_else(|| only_ok(ok))
    }
}

/// The reply to a denied callback.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DenyOptions {
    /// `false`: the sender does not understand a denial, so a handler that denies has failed. Default `true`.
    pub(super) permitted: bool,
    /// The HTTP status, 200 to 599; default 403, so that a sender who looks at nothing else does not take it for a yes.
    status: Option<Status>,
    /// The body, an object; default `{ ok = false }`.
    body: Option<Map>,
    /// Where in the body the reason is said, such as `"/message"`; default nowhere.
    pub(super) reason_at: Option<Pointer>,
}

impl Default for DenyOptions {
    fn default() -> Self {
        Self { permitted: true, status: None, body: None, reason_at: None }
    }
}

impl DenyOptions {
    pub(super) fn status(&self) -> StatusCode {
        self.status.map_or(StatusCode::FORBIDDEN, |status| status.0)
    }

    pub(super) fn body(&self) -> Map {
        self.body.clone().unwrap_or_else(|| only_ok(false))
    }
}

fn only_ok(ok: bool) -> Map {
    Map::from_iter([("ok".to_owned(), json!(ok))])
}

fn two_seconds() -> Period {
    Period(Duration::from_secs(2))
}

/// A header that a sender may set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(super) struct Header(pub(super) HeaderName);

/// What HTTP needs for itself.
const TAKEN: [&str; 7] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "transfer-encoding",
];

impl TryFrom<String> for Header {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name: HeaderName = text
            .parse()
            .map_err(|_| format!("`{text}` is no header; write a name such as `X-Event`"))?;
        match TAKEN.contains(&name.as_str()) {
            true => Err(format!("the header `{text}` is HTTP's own")),
            false => Ok(Self(name)),
        }
    }
}

/// The name of a query parameter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(super) struct Parameter(pub(super) String);

impl TryFrom<String> for Parameter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
        match (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            true => Ok(Self(text)),
            false => {
                Err(format!("`{text}` is no query parameter: 1 to 64 of letters, digits and -_.~"))
            }
        }
    }
}

/// The status of a reply.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "u16")]
#[schemars(with = "u16")]
pub(super) struct Status(StatusCode);

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        match StatusCode::from_u16(number) {
            Ok(status) if (200..=599).contains(&number) && ![204, 205, 304].contains(&number) => {
                Ok(Self(status))
            }
            _ => Err(format!("found {number}, expected a status with a body, 200 to 599")),
        }
    }
}
