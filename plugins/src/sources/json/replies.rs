//! What the sender hears: a fixed status and body for each outcome.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use switchhook_core::{Callback, Map, NotPermitted, Outcome, Phase, Refusal, RefusalKind, Verdict};

use super::options::{DenyOptions, RepliesOptions};
use super::pointer::Pointer;

/// The replies of one source.
pub(super) struct Replies {
    allow: (StatusCode, Bytes),
    deny: Option<Deny>,
    unavailable: (StatusCode, Bytes),
    /// Without a status of its own each kind of refusal has its usual one.
    refused: (Option<StatusCode>, Bytes),
}

struct Deny {
    status: StatusCode,
    body: Map,
    reason_at: Option<Pointer>,
}

impl Replies {
    pub(super) fn new(options: RepliesOptions) -> Self {
        let RepliesOptions { allow, unavailable, refused, .. } = &options;
        let unavailable_status = unavailable.status().unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        Self {
            allow: (allow.status().unwrap_or(StatusCode::OK), spelt(&allow.body_or(true))),
            unavailable: (unavailable_status, spelt(&unavailable.body_or(false))),
            refused: (refused.status(), spelt(&refused.body_or(false))),
            deny: options.deny.permitted.then(|| Deny::new(options.deny)),
        }
    }

    /// Whether a verdict can be said.
    pub(super) fn permits(
        &self,
        callback: &Callback,
        verdict: &Verdict,
    ) -> Result<(), NotPermitted> {
        let command = callback.command();
        let no = |what: &str| Err(NotPermitted(format!("{command} {what}")));
        match verdict {
            Verdict::Deny { .. } if callback.facts.phase != Phase::Before => no(
                "comes after the event and cannot be denied; `before` lists the commands that can",
            ),
            Verdict::Deny { .. } if self.deny.is_none() => {
                no("cannot be denied: `replies.deny.permitted` is false")
            }
            Verdict::Deny { code: Some(code), .. } => {
                no(&format!("does not permit the code {code}: the reply to a denial has none"))
            }
            Verdict::Drop | Verdict::Replace(_) | Verdict::Answer(_) => {
                let kind = verdict.kind().as_str();
                no(&format!("does not permit the verdict `{kind}`: replies are fixed"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn reply(&self, outcome: &Outcome) -> Response<Bytes> {
        let denial = match outcome {
            Outcome::Decided(Verdict::Deny { reason, .. })
            | Outcome::TimedOut(Verdict::Deny { reason, .. }) => {
                self.deny.as_ref().map(|deny| deny.reply(reason))
            }
            Outcome::Unavailable => Some(self.unavailable.clone()),
            _ => None,
        };
        with_json(denial.unwrap_or_else(|| self.allow.clone()))
    }

    /// The same for all of a kind.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Response<Bytes> {
        let (status, body) = &self.refused;
        let status = status.unwrap_or_else(|| refusal.kind.status());
        let mut response = with_json((status, body.clone()));
        if refusal.kind == RefusalKind::Method {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

impl Deny {
    fn new(options: DenyOptions) -> Self {
        let (status, body) = (options.status(), options.body());
        Self { status, body, reason_at: options.reason_at }
    }

    fn reply(&self, reason: &str) -> (StatusCode, Bytes) {
        let mut body = self.body.clone();
        if let Some(place) = &self.reason_at {
            // Reading the options has shown that there is room for it.
            _ = place.put(&mut body, json!(reason));
        }
        (self.status, spelt(&body))
    }
}

fn spelt(body: &Map) -> Bytes {
    #[expect(clippy::expect_used, reason = "JSON values have no way to fail")]
    let text = serde_json::to_vec(body).expect("it serialises");
    text.into()
}

fn with_json((status, body): (StatusCode, Bytes)) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
