//! `json`: the callbacks of any system that posts JSON, by configuration alone.
//!
//! Each call is a `POST` whose body is one JSON object: the event, kept byte for byte. The options say where its command stands,
//! how the sender proves itself, what in the body tells order and duplicates, and what is answered. Nothing is known of the
//! commands: those that `before` names wait for a decision, all others come after the event and are answered once kept.

mod check;
mod options;
mod place;
mod pointer;
mod proof;
mod replies;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response};
use jiff::Timestamp;
use serde_json::json;
use switchhook_api::config::{Secret, SecretFile};
use switchhook_api::{
    BoxError, BuildContext, Callback, CommandSpec, ComposeError, Expressed, Map, NotPermitted,
    Opened, Outcome, Pattern, Phase, Plugin, RawRequest, Refusal, RefusalKind, Source, Verdict,
    async_trait, register,
};

use self::check::{fit_secret, fit_token};
use self::options::Options;
use self::place::Place;
use self::pointer::Pointer;
use self::proof::{Proof, Signature, Tokens};
use self::replies::Replies;
use super::common::{Body, FREE_NAMES, Scalar, bounded, named_freely, read};

struct Json {
    app: Arc<str>,
    place: Place,
    proof: Proof,
    key: Option<Pointer>,
    natural_key: Option<Pointer>,
    time: Option<Pointer>,
    before: Vec<Pattern>,
    /// For a before-callback and for an after-callback.
    reply_timeouts: [Duration; 2],
    replies: Replies,
}

#[async_trait]
impl Plugin for Json {
    type Role = dyn Source;
    const NAME: &'static str = "json";
    const DESCRIPTION: &'static str = "receives callbacks from any system that posts JSON";
    const EXAMPLE: &'static str = r#"
command = { header = "X-Event" }
app = "shop-chat"
key = "/room/id"
natural_key = "/event_id"
time = "/sent_at"
before = ["message.before_send", "room.*"]
reply_timeout = { before = "3s", after = "5s" }

[hmac]
header = "X-Signature"
prefix = "sha256="
timestamp = "X-Timestamp"
window = "5m"
secrets = ["a-secret-that-both-sides-know"]

[replies]
allow = { status = 200, body = { ok = true } }
deny = { status = 403, body = { ok = false }, reason_at = "/message" }
"#;
    type Options = Options;

    fn check(options: &Options) -> Vec<(String, String)> {
        check::mistakes(options)
    }

    fn check_files(options: &Options, base: &Path) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        if let Some(hmac) = &options.hmac {
            wrong.extend(wrong_files("hmac.secret_files", &hmac.secret_files, fit_secret, base));
        }
        if let Some(token) = &options.token {
            wrong.extend(wrong_files("token.token_files", &token.token_files, fit_token, base));
        }
        wrong
    }

    async fn build(options: Options, cx: &BuildContext) -> Result<Arc<dyn Source>, BoxError> {
        let place = Place::of(&options.command)
            .ok_or("`command` does not say where a call holds its command")?;
        Ok(Arc::new(Self {
            app: options.app.map_or_else(|| cx.name.clone(), |app| app.0.into()),
            place,
            proof: match (options.hmac, options.token) {
                (None, None) => Proof::None,
                (Some(hmac), _) => {
                    let secrets = all(&hmac.secrets, &hmac.secret_files, fit_secret, cx)?;
                    Proof::Hmac(Signature::new(hmac, &secrets))
                }
                (None, Some(token)) => {
                    let tokens = all(&token.tokens, &token.token_files, fit_token, cx)?;
                    Proof::Token(Tokens::new(token, tokens))
                }
            },
            key: options.key,
            natural_key: options.natural_key,
            time: options.time,
            before: options.before,
            reply_timeouts: [options.reply_timeout.before, options.reply_timeout.after]
                .map(|wait| wait.unwrap_or(options.patience).0),
            replies: Replies::new(options.replies),
        }))
    }
}

register!(Json);

/// The secrets of the options and those of the files.
fn all(
    given: &[Secret],
    files: &[SecretFile],
    fit: Fit,
    cx: &BuildContext,
) -> Result<Vec<Secret>, BoxError> {
    let mut secrets = given.to_vec();
    for file in files {
        secrets.push(file.parsed(&cx.base, |secret| fit(&secret).map(|()| secret))?);
    }
    Ok(secrets)
}

/// What a secret or token must be.
type Fit = fn(&Secret) -> Result<(), String>;

/// What is wrong with secret files, each with its key.
fn wrong_files(key: &str, files: &[SecretFile], fit: Fit, base: &Path) -> Vec<(String, String)> {
    let wrong = |(index, file): (usize, &SecretFile)| {
        let what = file.parsed(base, |secret| fit(&secret)).err()?;
        Some((format!("{key}.{index}"), what))
    };
    files.iter().enumerate().filter_map(wrong).collect()
}

impl Json {
    fn phase_of(&self, command: &str) -> Phase {
        if Pattern::any(&self.before, command) { Phase::Before } else { Phase::After }
    }

    fn callback(
        &self,
        command: &str,
        body: Body<'_>,
        signed: Option<Timestamp>,
    ) -> Result<Callback, Refusal> {
        let find = |place: &Option<Pointer>| {
            place.as_ref().map_or(Ok(Scalar::Absent), |place| place.find(body.text))
        };
        let app = &self.app;
        let mut callback =
            Callback::new(command, self.phase_of(command), app.clone(), body.bytes.clone());
        let key = |id: &str| bounded(app, format!("{app}/{id}"));
        callback.facts.key = find(&self.key)?.text().map(key);
        // A slash in a command must not pose as the one before the id.
        let family = command.replace('/', "%2F");
        let natural = |id: &str| bounded(app, format!("{app}/{family}/{id}"));
        let id = find(&self.natural_key)?;
        callback.natural_key = id.text().filter(|_| body.exact).map(natural);
        callback.facts.sent = find(&self.time)?.text().and_then(time).or(signed);
        Ok(callback)
    }
}

/// Seconds since 1970, or milliseconds where seconds would lie beyond the year 9999, or RFC 3339.
fn time(text: &str) -> Option<Timestamp> {
    let Ok(number) = text.parse::<i64>() else { return text.parse().ok() };
    Timestamp::from_second(number).or_else(|_| Timestamp::from_millisecond(number)).ok()
}

impl Source for Json {
    fn open(&self, request: &RawRequest<'_>) -> Result<Opened, Refusal> {
        if *request.method != Method::POST {
            return Err(Refusal::new(RefusalKind::Method, "method"));
        }
        let signed = self.proof.check(request)?;
        let callback = read(request.body, |body| {
            pointer::check_object(body.text)?;
            let command = self.place.command(request, body.text)?;
            self.callback(&command, body, signed)
        })?;
        Ok(Opened::one(callback))
    }

    fn express(&self, callback: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
        self.replies.express(callback, verdict)
    }

    fn reply(&self, _: &[Callback], outcome: &Outcome) -> Response<Bytes> {
        self.replies.reply(outcome)
    }

    fn refuse(&self, refusal: &Refusal) -> Response<Bytes> {
        self.replies.refuse(refusal)
    }

    /// Empty: which commands there are is the sender's affair.
    fn catalogue(&self) -> &[CommandSpec] {
        &[]
    }

    fn phase(&self, command: &str) -> Option<Phase> {
        named_freely(command).then(|| self.phase_of(command))
    }

    fn compose(
        &self,
        command: &str,
        fields: &Map,
        now: Timestamp,
    ) -> Result<Request<Bytes>, ComposeError> {
        if !named_freely(command) {
            return Err(ComposeError(format!("`{command}` is not a valid command: {FREE_NAMES}")));
        }
        let fail = |error: &dyn std::fmt::Display| ComposeError(error.to_string());
        let mut body = fields.clone();
        if let Place::Body(pointer) = &self.place {
            pointer.put(&mut body, json!(command)).map_err(|what| fail(&what))?;
        }
        let body = serde_json::to_vec(&body).map_err(|error| fail(&error))?;
        let request = Request::post(self.place.target(command))
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body));
        let mut request = request.map_err(|error| fail(&error))?;
        if let Place::Header(name) = &self.place {
            let value = HeaderValue::from_str(command).map_err(|error| fail(&error))?;
            request.headers_mut().insert(name.clone(), value);
        }
        self.sign(&mut request, now);
        Ok(request)
    }

    fn sign(&self, request: &mut Request<Bytes>, now: Timestamp) {
        let body = request.body().clone();
        self.proof.sign(request.headers_mut(), &body, now);
    }

    fn authenticates(&self) -> bool {
        !matches!(self.proof, Proof::None)
    }

    fn owns_subpaths(&self) -> bool {
        matches!(self.place, Place::Path)
    }

    fn reply_timeout(&self, phase: Phase) -> Duration {
        let [before, after] = self.reply_timeouts;
        if phase == Phase::Before { before } else { after }
    }
}
