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
    /// Verifies that a request is genuine, and decodes the callbacks in it.
    ///
    /// # Errors
    /// What is wrong with the request; [`Source::refuse`] encodes the reply.
    fn open(&self, request: &RawRequest<'_>) -> Result<Opened, Refusal>;
    /// A verdict as the protocol can express it in the reply to a callback: exact, or adjusted.
    ///
    /// A denial stays a denial. What cannot be expressed (a code, a long text, fields) is left out or shortened; if the protocol
    /// knows only another kind of denial, that one is returned. So [`Verdict::Deny`] and [`Verdict::Drop`] are an error only if
    /// the protocol knows no denial of this callback. The same holds for fields of a [`Verdict::Answer`] that deny something.
    ///
    /// Also called when a configuration is read, for verdicts that options fix. The callback then has no body and no app, and
    /// whatever depends on them counts as permitted.
    ///
    /// # Errors
    /// What is not permitted. It counts as a failure of the handler that gave the verdict.
    fn express(&self, callback: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted>;
    /// Encodes the reply to callbacks that [`Source::open`] returned. A verdict in the outcome came from [`Source::express`].
    fn reply(&self, callbacks: &[Callback], outcome: &Outcome) -> Response<Bytes>;
    /// Encodes the reply to a refused request. It reveals nothing beyond the kind of the refusal.
    fn refuse(&self, refusal: &Refusal) -> Response<Bytes>;
    /// The known commands of this protocol.
    fn catalogue(&self) -> &[CommandSpec];
    /// The phase of a command; none if the command is unknown.
    fn phase(&self, command: &str) -> Option<Phase> {
        self.catalogue().iter().find(|spec| spec.name == command).map(|spec| spec.phase)
    }
    /// The request that the sender would make for a command: signed, with the sample as its body and `fields` on top of it. Its
    /// path is relative to the source's own path.
    ///
    /// # Errors
    /// The command or its fields cannot be composed.
    fn compose(
        &self,
        command: &str,
        fields: &Map,
        now: Timestamp,
    ) -> Result<Request<Bytes>, ComposeError>;
    /// Signs a composed request again after its body was replaced. Does nothing if the signature does not cover the body.
    fn sign(&self, request: &mut Request<Bytes>, now: Timestamp) {
        let _ = (request, now);
    }
    /// Whether it authenticates its callers. If not, the server does not start on a public address.
    fn authenticates(&self) -> bool;
    /// Whether it also owns the paths below its own; [`RawRequest::below`] then holds the rest of the path.
    fn owns_subpaths(&self) -> bool {
        false
    }
    /// How long the sender waits for the reply to a callback of this phase. By default, `decide_within` is three quarters of it.
    fn reply_timeout(&self, phase: Phase) -> Duration {
        let _ = phase;
        Duration::from_secs(2)
    }
}

/// A request as it was received; its body has been read within the limits.
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
    /// Makes a request.
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

/// The contents of a genuine request.
#[derive(Debug)]
pub enum Opened {
    /// A handshake of the protocol: this response is sent, and nothing is stored.
    Handshake(Response<Bytes>),
    /// One callback that needs a decision. A request has one reply, so there cannot be several.
    Before(Callback),
    /// After-callbacks, in order; all of them are persisted, or none. One whose reply has an effect is alone.
    After(Vec<Callback>),
}

impl Opened {
    /// A request with one callback.
    pub fn one(callback: Callback) -> Self {
        match callback.facts.phase {
            Phase::Before => Self::Before(callback),
            Phase::After => Self::After(vec![callback]),
        }
    }

    /// A request with any number of callbacks.
    ///
    /// # Errors
    /// Several callbacks of which at least one needs a decision: its verdict would be the reply to all.
    pub fn of(mut callbacks: Vec<Callback>) -> Result<Self, Refusal> {
        if callbacks.len() > 1 && callbacks.iter().any(Callback::is_decided) {
            let detail = format!("{} callbacks in one request", callbacks.len());
            return Err(Refusal::new(RefusalKind::Malformed, "several_before").detail(detail));
        }
        let before = callbacks.pop_if(|callback| callback.facts.phase == Phase::Before);
        Ok(before.map_or(Self::After(callbacks), Self::Before))
    }

    /// The same, sorted by phase, because a source of a third party may be wrong.
    ///
    /// # Errors
    /// As of [`Opened::of`].
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
#[non_exhaustive]
pub enum Outcome {
    /// Decided: the verdict is the reply.
    Decided(Verdict),
    /// Persisted.
    Accepted,
    /// The deadline came before a decision; the verdict stands in, as `on_failure` says.
    TimedOut(Verdict),
    /// They could not be persisted in time.
    Unavailable,
}

/// A verdict as a protocol can express it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Expressed {
    /// The verdict that is sent.
    pub verdict: Verdict,
    /// What of the original verdict could not be expressed, and what is sent instead, as text for people. None: it is exact.
    pub lost: Option<String>,
}

impl Expressed {
    /// Expressed exactly.
    pub fn exact(verdict: Verdict) -> Self {
        Self { verdict, lost: None }
    }

    /// Expressed as far as the protocol can.
    pub fn adjusted(verdict: Verdict, lost: impl Into<String>) -> Self {
        Self { verdict, lost: Some(lost.into()) }
    }
}

/// The kinds of refusal, each with its own reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// Not authenticated: 401.
    Unauthenticated,
    /// A method that the protocol does not use: 405.
    Method,
    /// Larger than the limit: 413.
    TooLarge,
    /// Not as the protocol requires: 400.
    Malformed,
    /// An encoding that the protocol does not use: 415.
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

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The kind, which decides the reply.
    pub kind: RefusalKind,
    /// The exact reason, as a label for metrics and logs, in lower case with underscores. The caller never sees it.
    pub reason: &'static str,
    /// Details for the log; may hold text from outside.
    pub detail: String,
}

impl Refusal {
    /// A refusal with its exact reason.
    pub fn new(kind: RefusalKind, reason: &'static str) -> Self {
        Self { kind, reason, detail: String::new() }
    }

    /// Adds details for the log.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Why the protocol cannot express a verdict, and what it can express. Logs and configuration errors show it after the command,
/// which it does not repeat.
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
