//! The options, and what in them does not go together.

use std::time::Duration;

use http::{HeaderName, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use switchhook_api::config::{HumanDuration, Secret, SecretFile, TextOrInteger};
use switchhook_api::{Map, Pattern};

use super::pointer::Pointer;

/// Options of a `json` source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// Where a call holds its command, in one of four places: `{ header = "X-Event" }`, `{ query = "event" }`, `{ body = "/event/type" }`
    /// or `{ path = true }`. A command has 1 to 128 letters, digits, `.`, `_`, `-`, `:` and `/`.
    pub(super) command: CommandOptions,
    /// Authenticates the sender by an HMAC-SHA-256 in a header; default none. Without `hmac` and `token`, anyone can call.
    /// Only the body is signed: anyone who saw a call can send its body again under another command, unless the body holds the
    /// command too; without `timestamp`, at any later time.
    pub(super) hmac: Option<HmacOptions>,
    /// Authenticates the sender by a token in a header; default none.
    pub(super) token: Option<TokenOptions>,
    /// The name of the app that calls, 1 to 64 characters; default the name of this source.
    pub(super) app: Option<TextOrInteger>,
    /// Where the body holds the key that orders callbacks, such as the room: `"/room/id"`; text or a whole number; default none.
    pub(super) key: Option<Pointer>,
    /// Where the body holds what identifies an event among those of its command, such as its id: `"/event_id"`; it identifies
    /// duplicates; default none.
    pub(super) natural_key: Option<Pointer>,
    /// Where the body holds the time of the event: `"/sent_at"`; seconds or milliseconds since 1970, or text such as
    /// `2026-05-01T12:00:00Z`; default the timestamp of `hmac`, if there is one.
    pub(super) time: Option<Pointer>,
    /// The commands whose senders wait for a decision, as patterns: a command, `Family.*`, `family:*`, `family/*` or `*`; all others come after the
    /// event. Default none.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) before: Vec<Pattern>,
    /// How long the sender waits for a reply, as a duration, unless `reply_timeout` is set; default `"2s"`.
    #[serde(default = "two_seconds")]
    pub(super) patience: HumanDuration,
    /// How long the sender waits for a reply, by phase. Three quarters of it is the time to decide, unless `decide_within` of the
    /// source or the server is set.
    #[serde(default)]
    pub(super) reply_timeout: ReplyTimeoutOptions,
    /// The replies to the sender, each with a status and a JSON object.
    #[serde(default)]
    pub(super) replies: RepliesOptions,
}

/// How long the sender waits for a reply.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ReplyTimeoutOptions {
    /// To a callback that waits for a decision, as a duration; default `patience`.
    pub(super) before: Option<HumanDuration>,
    /// To a callback that comes after the event, as a duration; default `patience`.
    pub(super) after: Option<HumanDuration>,
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
    /// The prefix before it, in upper or lower case, such as `"sha256="`; default none.
    #[serde(default)]
    pub(super) prefix: String,
    /// The secrets, whose text is the key; several while rotating; default none.
    #[serde(default)]
    pub(super) secrets: Vec<Secret>,
    /// Files with one secret each, relative to the configuration file or in `$CREDENTIALS_DIRECTORY/`; default none.
    #[serde(default)]
    pub(super) secret_files: Vec<SecretFile>,
    /// The header that holds the time of the call in seconds since 1970; then `{timestamp}.{body}` is signed. Default none:
    /// the body is signed.
    pub(super) timestamp: Option<Header>,
    /// How far that time may be from this machine's clock, in either direction, as a duration; default `"5m"`.
    window: Option<HumanDuration>,
}

impl HmacOptions {
    pub(super) fn window(&self) -> HumanDuration {
        self.window.unwrap_or(HumanDuration(Duration::from_mins(5)))
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
    /// The prefix before it, in upper or lower case, such as `"Bearer "`; default none.
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
    /// To callbacks that are persisted or allowed; default status 200, at most 299, and `{ ok = true }`.
    pub(super) allow: ReplyOptions,
    /// To callbacks that are denied.
    pub(super) deny: DenyOptions,
    /// To callbacks that cannot be persisted at the moment; default status 503 and `{ ok = false }`.
    pub(super) unavailable: ReplyOptions,
    /// To calls that are refused; default `{ ok = false }` with the usual status for the reason: 400, 401, 405, 408, 413 or
    /// 415.
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
    /// `false`: the sender does not understand a denial, so a denial counts as a failure of its handler. Default `true`.
    pub(super) permitted: bool,
    /// The HTTP status, 200 to 599; default 403, which a sender that looks at nothing else does not take for permission.
    status: Option<Status>,
    /// The body, an object; default `{ ok = false }`.
    body: Option<Map>,
    /// Where in the body the reason is put, such as `"/message"`; default none.
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

fn two_seconds() -> HumanDuration {
    HumanDuration(Duration::from_secs(2))
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
        let name: HeaderName = text.parse().map_err(|_| {
            format!("`{text}` is not a valid header name; write one like `X-Event`")
        })?;
        match TAKEN.contains(&name.as_str()) {
            true => Err(format!("the header `{text}` is reserved by HTTP; choose another one")),
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
            false => Err(format!(
                "`{text}` is not a valid query parameter; use 1 to 64 letters, digits and -_.~"
            )),
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
