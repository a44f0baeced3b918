//! What the sender hears: a fixed status and body for each outcome.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use switchhook_api::{
    Callback, Expressed, Map, NotPermitted, Outcome, Phase, Refusal, RefusalKind, Verdict,
};

use super::options::{DenyOptions, RepliesOptions};
use super::pointer::Pointer;
use crate::sources::common::shortened;

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

    /// A verdict as it can be said: as it is, or as a denial in the words that the options fix.
    pub(super) fn express(
        &self,
        callback: &Callback,
        verdict: Verdict,
    ) -> Result<Expressed, NotPermitted> {
        let no = |what: &str| NotPermitted(what.to_owned());
        let kind = verdict.kind().as_str();
        let fixed = || no(&format!("does not permit the verdict `{kind}`: replies are fixed"));
        match verdict {
            Verdict::Deny { .. } | Verdict::Drop if callback.facts.phase != Phase::Before => {
                let what = "comes after the event and cannot be denied; `before` lists the commands that can";
                Err(no(what))
            }
            Verdict::Deny { .. } | Verdict::Drop if self.deny.is_none() => {
                Err(no("cannot be denied: `replies.deny.permitted` is false"))
            }
            Verdict::Deny { code: Some(code), reason } => {
                let (denial, _) = self.denial(reason);
                let what = format!(
                    "does not permit the code {code}: the reply to a denial carries no code"
                );
                Ok(Expressed::adjusted(denial, no(&what).0))
            }
            Verdict::Deny { code: None, reason } => Ok(match self.denial(reason) {
                (denial, None) => Expressed::exact(denial),
                (denial, Some(lost)) => Expressed::adjusted(denial, no(lost).0),
            }),
            Verdict::Drop => Ok(Expressed::adjusted(self.denial(String::new()).0, fixed().0)),
            Verdict::Replace(_) | Verdict::Answer(_) => Err(fixed()),
            verdict => Ok(Expressed::exact(verdict)),
        }
    }

    /// A denial that fits, and what of its reason does not. No reason makes the reply the one that allows.
    fn denial(&self, reason: String) -> (Verdict, Option<&'static str>) {
        let (denial, cut) = shortened(Verdict::Deny { code: None, reason });
        match &denial {
            Verdict::Deny { reason, .. } if self.allows(reason) => {
                let other = if reason == "denied" { "refused" } else { "denied" };
                let denial = Verdict::Deny { code: None, reason: other.to_owned() };
                let lost =
                    "does not permit this reason: the reply would be the same as one that allows";
                (denial, Some(lost))
            }
            _ => (denial, cut),
        }
    }

    /// Whether a denial with this reason would be read as the opposite. The options are checked for what all denials say.
    fn allows(&self, reason: &str) -> bool {
        let deny = self.deny.as_ref().filter(|deny| deny.reason_at.is_some());
        let deny = deny.filter(|deny| deny.status == self.allow.0);
        deny.is_some_and(|deny| deny.reply(reason) == self.allow)
    }

    pub(super) fn reply(&self, outcome: &Outcome) -> Response<Bytes> {
        let denial = match outcome {
            Outcome::Decided(Verdict::Deny { reason, .. })
            | Outcome::TimedOut(Verdict::Deny { reason, .. }) => {
                self.deny.as_ref().map(|deny| deny.reply(reason))
            }
            Outcome::Decided(Verdict::Drop) | Outcome::TimedOut(Verdict::Drop) => {
                self.deny.as_ref().map(|deny| deny.reply(""))
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
