//! Replies: how a verdict is spelt.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use switchhook_api::{Callback, Map, Outcome, RefusalKind, Verdict};

use super::rule::{DROPPED, REFUSED, Rule};
use super::{events, friends};

const OK: &[u8] = br#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#;

/// A reply in the order of keys that the sender's pages show.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply<'a> {
    action_status: &'static str,
    error_info: &'a str,
    error_code: i64,
    #[serde(flatten)]
    fields: Option<&'a Map>,
}

impl Reply<'_> {
    fn spelt(&self) -> Response<Bytes> {
        #[expect(
            clippy::expect_used,
            reason = "texts, numbers and JSON values have no way to fail"
        )]
        let text = serde_json::to_vec(self).expect("it serialises");
        with_json(StatusCode::OK, text.into())
    }
}

/// Spells the answer to the callbacks of one request.
pub(super) fn reply(callbacks: &[Callback], outcome: &Outcome) -> Response<Bytes> {
    match (outcome, callbacks) {
        (Outcome::Decided(verdict) | Outcome::TimedOut(verdict), [callback]) => {
            decided(callback, verdict)
        }
        (Outcome::Unavailable, _) => {
            const TEXT: &[u8] =
                br#"{"ActionStatus":"FAIL","ErrorInfo":"cannot be persisted at the moment","ErrorCode":1}"#;
            with_json(StatusCode::SERVICE_UNAVAILABLE, Bytes::from_static(TEXT))
        }
        // A batch holds after-callbacks only: there is nothing to decide.
        _ => with_json(StatusCode::OK, Bytes::from_static(OK)),
    }
}

/// Which `ActionStatus` goes with a refusing code is not documented. It is `OK` here: a backend that fails lets the action
/// through, and a refusal must not be taken for such a failure.
fn decided(callback: &Callback, verdict: &Verdict) -> Response<Bytes> {
    if is_per_friend(callback.command()) {
        return per_friend(callback, verdict);
    }
    let say = |error_code, error_info, fields| {
        Reply { action_status: "OK", error_info, error_code, fields }.spelt()
    };
    match verdict {
        Verdict::Deny { code, reason } => say(code.unwrap_or(REFUSED), reason, None),
        Verdict::Drop => say(DROPPED, "", None),
        Verdict::Replace(fields) | Verdict::Answer(fields) => say(0, "", Some(fields)),
        Verdict::Abstain | Verdict::Flag(_) | Verdict::Allow => {
            with_json(StatusCode::OK, Bytes::from_static(OK))
        }
        _ => say(REFUSED, "", None), // none that is known: a refusal must not become a yes
    }
}

/// A code at the top would be read as our failure and the request would go on: each friend gets a verdict instead.
fn per_friend(callback: &Callback, verdict: &Verdict) -> Response<Bytes> {
    let fields = Map::from_iter([("ResultItem".to_owned(), friends::items(callback, verdict))]);
    let fields = Some(&fields);
    Reply { action_status: "OK", error_info: "", error_code: 0, fields }.spelt()
}

fn is_per_friend(command: &str) -> bool {
    events::find(command).is_some_and(|known| matches!(known.rule, Rule::PerFriend))
}

/// Spells a refusal: the same for all of a kind.
pub(super) fn refuse(kind: RefusalKind) -> Response<Bytes> {
    macro_rules! fail {
        ($text:literal) => {
            concat!(r#"{"ActionStatus":"FAIL","ErrorInfo":""#, $text, r#"","ErrorCode":1}"#)
        };
    }
    let text = match kind {
        RefusalKind::Unauthenticated => fail!("not authorized"),
        RefusalKind::Method => fail!("only POST is allowed"),
        RefusalKind::TooLarge => fail!("too large"),
        RefusalKind::Malformed => fail!("not a valid callback"),
        RefusalKind::Encoding => fail!("encoded bodies are not accepted"),
        RefusalKind::Slow => fail!("the body did not arrive in time"),
        _ => fail!("refused"),
    };
    let mut response = with_json(kind.status(), Bytes::from_static(text.as_bytes()));
    if kind == RefusalKind::Method {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

fn with_json(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
