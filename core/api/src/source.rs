//! The role of a source: one IM system's protocol. Pure: no I/O, no clock, no randomness.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use jiff::Timestamp;

use crate::callback::Callback;
use crate::catalogue::CommandSpec;
use crate::facts::Phase;
use crate::verdict::{Map, Verdict};

/// One IM system's protocol, mounted at a path.
pub trait Source: Send + Sync + 'static {
    /// Proves that a request is genuine and finds the callbacks in it.
    ///
    /// # Errors
    /// What is wrong with the request; [`Source::refuse`] spells the answer.
    fn open(&self, request: &RawRequest<'_>) -> Result<Opened, Refusal>;
    /// A verdict as the protocol can say it in answer to a callback: as it is, or adjusted.
    ///
    /// A denial stays a denial: what cannot be said of it (a code, a long text, fields) is left out or shortened, and where the
    /// protocol knows another denial only, that is given. So [`Verdict::Deny`] and [`Verdict::Drop`] are an error only where the
    /// protocol knows no denial of this callback. The same holds for fields of a [`Verdict::Answer`] that deny something.
    ///
    /// Also asked when a configuration is read, for verdicts that options fix: the callback then has no body and no app, and what
    /// depends on them counts as permitted.
    ///
    /// # Errors
    /// What is not permitted: counted as a failure of the handler that gave the verdict.
    fn express(&self, callback: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted>;
    /// Spells the answer to callbacks that [`Source::open`] gave; a verdict in it came from [`Source::express`].
    fn reply(&self, callbacks: &[Callback], outcome: &Outcome) -> Response<Bytes>;
    /// Spells a refusal. It tells a stranger nothing beyond its kind.
    fn refuse(&self, refusal: &Refusal) -> Response<Bytes>;
    /// The commands that this protocol is known to have.
    fn catalogue(&self) -> &[CommandSpec];
    /// The phase of a command that the sender may call with; none where it is not known to have such a command.
    fn phase(&self, command: &str) -> Option<Phase> {
        self.catalogue().iter().find(|spec| spec.name == command).map(|spec| spec.phase)
    }
    /// The request that the sender would make for a command: signed, a sample filled in, `fields` on top of it. Its path starts
    /// at the source's own.
    ///
    /// # Errors
    /// When the command or its fields cannot be composed.
    fn compose(
        &self,
        command: &str,
        fields: &Map,
        now: Timestamp,
    ) -> Result<Request<Bytes>, ComposeError>;
    /// Signs a composed request anew whose body has been replaced; nothing to do where a signature does not cover the body.
    fn sign(&self, request: &mut Request<Bytes>, now: Timestamp) {
        let _ = (request, now);
    }
    /// Whether a stranger is kept out. If not, a public address refuses to start.
    fn authenticates(&self) -> bool;
    /// Whether the paths below its own are its own too; [`RawRequest::below`] then says which one was called.
    fn below(&self) -> bool {
        false
    }
    /// How long the sender waits for the reply to a callback of this phase. Without a `decide_within` of its own, a source has
    /// three quarters of it to decide.
    fn reply_timeout(&self, phase: Phase) -> Duration {
        let _ = phase;
        Duration::from_secs(2)
    }
}

/// A request as it came, its body read within the limits.
#[derive(Debug)]
#[non_exhaustive]
pub struct RawRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path below the source's own, undecoded, without the slash between them; empty when it is the source's own path.
    pub below: &'a str,
    /// The query string, undecoded, without its question mark.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a Bytes,
    /// When its head had been read.
    pub received: Timestamp,
}

impl<'a> RawRequest<'a> {
    /// Puts a request together.
    pub fn new(
        method: &'a Method,
        query: &'a str,
        headers: &'a HeaderMap,
        body: &'a Bytes,
        received: Timestamp,
    ) -> Self {
        Self { method, below: "", query, headers, body, received }
    }

    /// Adds the path below the source's own.
    #[must_use]
    pub fn at(mut self, below: &'a str) -> Self {
        self.below = below;
        self
    }
}

/// What a genuine request holds.
#[derive(Debug)]
pub enum Opened {
    /// The protocol's own greeting: answered as it stands, nothing is kept.
    Handshake(Response<Bytes>),
    /// One callback that waits for a decision. A request has one reply, so there cannot be several.
    Before(Callback),
    /// Callbacks that come after their events, in order; persisted all or none. One whose reply matters is alone.
    After(Vec<Callback>),
}

impl Opened {
    /// What a request with one callback holds.
    pub fn one(callback: Callback) -> Self {
        match callback.facts.phase {
            Phase::Before => Self::Before(callback),
            Phase::After => Self::After(vec![callback]),
        }
    }

    /// What a request with any number of callbacks holds.
    ///
    /// # Errors
    /// Several callbacks of which at least one is decided: the verdict on one would be the reply to all.
    pub fn of(mut callbacks: Vec<Callback>) -> Result<Self, Refusal> {
        if callbacks.len() > 1 && callbacks.iter().any(Callback::is_decided) {
            let detail = format!("{} callbacks in one request", callbacks.len());
            return Err(Refusal::new(RefusalKind::Malformed, "several_before").detail(detail));
        }
        let before = callbacks.pop_if(|callback| callback.facts.phase == Phase::Before);
        Ok(before.map_or(Self::After(callbacks), Self::Before))
    }

    /// The same, each callback where its phase belongs: what a source says of its own is not relied on.
    pub fn sorted(self) -> Result<Self, Refusal> {
        match self {
            Self::Before(callback) => Ok(Self::one(callback)),
            Self::After(callbacks) => Self::of(callbacks),
            Self::Handshake(response) => Ok(Self::Handshake(response)),
        }
    }
}

/// What became of the callbacks of one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Decided: the verdict is the answer.
    Decided(Verdict),
    /// Kept.
    Accepted,
    /// Nobody decided in time; what `on_failure` asks for has been applied.
    TimedOut(Verdict),
    /// They could not be kept in time.
    Unavailable,
}

/// A verdict as a protocol can say it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Expressed {
    /// What is said.
    pub verdict: Verdict,
    /// What could not be said of the verdict that was given, and what could, for people; none: it is said as it was given.
    pub lost: Option<String>,
}

impl Expressed {
    /// Said as it was given.
    pub fn exact(verdict: Verdict) -> Self {
        Self { verdict, lost: None }
    }

    /// Said as far as the protocol can.
    pub fn adjusted(verdict: Verdict, lost: impl Into<String>) -> Self {
        Self { verdict, lost: Some(lost.into()) }
    }
}

/// The kinds of refusal, each with its own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// Not proven to come from the sender: 401.
    Unauthenticated,
    /// Another method than the protocol's: 405.
    Method,
    /// Larger than the limit: 413.
    TooLarge,
    /// Not what the protocol says: 400.
    Malformed,
    /// An encoding that the protocol does not have: 415.
    Encoding,
    /// The body did not arrive in time: 408.
    Slow,
}

impl RefusalKind {
    /// The HTTP status that goes with it.
    pub fn status(self) -> http::StatusCode {
        match self {
            Self::Unauthenticated => http::StatusCode::UNAUTHORIZED,
            Self::Method => http::StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => http::StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed => http::StatusCode::BAD_REQUEST,
            Self::Encoding => http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Slow => http::StatusCode::REQUEST_TIMEOUT,
        }
    }
}

/// Why a request is not taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the sender is told.
    pub kind: RefusalKind,
    /// The exact reason, as a label for metrics and logs: lower case with underscores, never told to the caller.
    pub reason: &'static str,
    /// More for the log; may hold text from outside.
    pub detail: String,
}

impl Refusal {
    /// A refusal with its exact reason.
    pub fn new(kind: RefusalKind, reason: &'static str) -> Self {
        Self { kind, reason, detail: String::new() }
    }

    /// Adds what the log should say.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Why a verdict cannot be said in the protocol, and what could. Logs and configuration errors show it after the command, which
/// it does not repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPermitted(pub String);

impl fmt::Display for NotPermitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotPermitted {}

/// Why a request could not be composed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeError(pub String);

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ComposeError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a request holds whose callbacks are `b`efore, `a`fter or after and answered (`r`).
    fn opened(callbacks: &str) -> String {
        let callback = |kind: char| {
            let phase = if kind == 'b' { Phase::Before } else { Phase::After };
            let mut callback = Callback::new(kind.to_string(), phase, "1", Bytes::new());
            callback.answered = kind == 'r';
            callback
        };
        match Opened::of(callbacks.chars().map(callback).collect()) {
            Ok(Opened::Handshake(_)) => "handshake".to_owned(),
            Ok(Opened::Before(callback)) => format!("before {}", callback.command()),
            Ok(Opened::After(callbacks)) => {
                let commands: String = callbacks.iter().map(Callback::command).collect();
                format!("after {commands}")
            }
            Err(refusal) => format!("{:?} {}", refusal.kind, refusal.reason),
        }
    }

    #[test]
    fn what_is_decided_comes_alone() {
        for (callbacks, held) in [
            ("", "after "),
            ("a", "after a"),
            ("aaa", "after aaa"),
            ("b", "before b"),
            ("r", "after r"),
        ] {
            assert_eq!(opened(callbacks), held, "{callbacks}");
        }
        for callbacks in
            ["bb", "bbb", "ab", "ba", "aab", "aba", "rr", "ra", "ar", "br", "rb", "abr"]
        {
            assert_eq!(opened(callbacks), "Malformed several_before", "{callbacks}");
        }
    }
}
