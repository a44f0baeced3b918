//! `tencent-im`: the callbacks of Tencent Cloud Chat.
//!
//! Each call is a `POST` whose query says which app and which command, whose body is the event as JSON. With a token set in
//! the console the query also holds `RequestTime` and `Sign`, the SHA-256 of the token and that time. An app without tokens
//! here accepts unsigned calls: anybody who knows its id can then call, so keep such an address private.
//!
//! The sender waits two seconds. What is not answered with status 200 and JSON counts as no answer, and by default the
//! action then goes ahead: only a verdict refuses.

mod adjust;
mod body;
mod codes;
mod compose;
pub mod events;
mod express;
mod friends;
mod keys;
mod query;
mod reply;
mod rule;
mod sign;
#[cfg(test)]
mod tests;
mod wire;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use switchhook_api::config::{HumanDuration, Secret, SecretFile, TextOrInteger};
use switchhook_api::{
    BoxError, BuildContext, Callback, Client, CommandSpec, ComposeError, Expressed, Map,
    NotPermitted, Opened, Outcome, Phase, Plugin, RawRequest, Refusal, RefusalKind, Source,
    Verdict, async_trait, register,
};

use self::body::{Body, Fields, Scalar, malformed};
use self::query::Query;
use super::common::{self, named_well};

/// The sender waits this long for any reply.
const REPLY_TIMEOUT: Duration = Duration::from_secs(2);
const TOKEN_CHARS_MAX: usize = 128;
const TEXT_CHARS_MAX: usize = 64;

/// Options of a `tencent-im` source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The apps whose callbacks are accepted, each under a name of your choice; at least one.
    apps: BTreeMap<String, AppOptions>,
    /// How far `RequestTime` may be from this machine's clock, in either direction, as a duration; default `"1m"`.
    #[serde(default = "one_minute")]
    window: HumanDuration,
}

/// One app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AppOptions {
    /// The app's `SDKAppID`, as a number or text.
    sdk_app_id: TextOrInteger,
    /// The callback tokens of the console, 1 to 128 characters each; several while rotating; default none.
    #[serde(default)]
    tokens: Vec<Secret>,
    /// Files with one token each, relative to the configuration file or in `$CREDENTIALS_DIRECTORY/`; default none. Without
    /// any token, unsigned calls are accepted.
    #[serde(default)]
    token_files: Vec<SecretFile>,
}

fn one_minute() -> HumanDuration {
    HumanDuration(Duration::from_mins(1))
}

/// An app as calls are checked against it.
struct App {
    id: Arc<str>,
    tokens: Vec<Secret>,
}

struct TencentIm {
    apps: Vec<App>,
    /// Stands in for the tokens of apps that are not ours, so that their calls cost the same.
    decoys: Vec<Secret>,
    window: SignedDuration,
}

#[async_trait]
impl Plugin for TencentIm {
    type Role = dyn Source;
    const NAME: &'static str = "tencent-im";
    const DESCRIPTION: &'static str = "receives callbacks from Tencent Cloud Chat";
    const EXAMPLE: &'static str = r#"
window = "60s"

[apps.main]
sdk_app_id = 1400000000
tokens = ["a-token-from-the-console"]
"#;
    type Options = Options;

    fn check(options: &Options) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        if options.apps.is_empty() {
            wrong.push(("apps".into(), "no app is configured; add at least one".into()));
        }
        if options.window.0.is_zero() {
            wrong.push(("window".into(), "expected a duration above 0".into()));
        }
        let mut seen = HashSet::new();
        for (name, app) in &options.apps {
            let id = &app.sdk_app_id.0;
            let mut at =
                |key: String, what: String| wrong.push((format!("apps.{name}.{key}"), what));
            if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
                at(
                    "sdk_app_id".into(),
                    format!("`{id}` is not a valid app id; app ids consist of digits"),
                );
            }
            if !seen.insert(id) {
                at("sdk_app_id".into(), format!("the id {id} is already used by another app"));
            }
            for (index, token) in app.tokens.iter().enumerate() {
                if let Err(what) = fit(token) {
                    at(format!("tokens.{index}"), what);
                }
            }
        }
        wrong
    }

    fn check_files(options: &Options, base: &Path) -> Vec<(String, String)> {
        let wrong = |(name, app): (&String, &AppOptions)| {
            let of_app = |(index, file): (usize, &SecretFile)| {
                let what = file.parsed(base, fitting).err()?;
                Some((format!("apps.{name}.token_files.{index}"), what))
            };
            app.token_files.iter().enumerate().filter_map(of_app).collect::<Vec<_>>()
        };
        options.apps.iter().flat_map(wrong).collect()
    }

    async fn build(options: Options, cx: &BuildContext) -> Result<Arc<dyn Source>, BoxError> {
        let mut apps = Vec::new();
        for app in options.apps.into_values() {
            let mut tokens = app.tokens;
            for file in &app.token_files {
                tokens.push(file.parsed(&cx.base, fitting)?);
            }
            apps.push(App { id: app.sdk_app_id.0.into(), tokens });
        }
        Ok(Arc::new(Self::new(apps, options.window.0)))
    }
}

register!(TencentIm);

fn fitting(token: Secret) -> Result<Secret, String> {
    fit(&token).map(|()| token)
}

/// What the console accepts as a token.
fn fit(token: &Secret) -> Result<(), String> {
    match token.expose().chars().count() {
        _ if token.expose().contains(['\n', '\r']) => {
            Err("a token is one line; put several tokens into separate files".into())
        }
        1..=TOKEN_CHARS_MAX => Ok(()),
        n => Err(format!(
            "a token must have 1 to {TOKEN_CHARS_MAX} characters, but this one has {n}"
        )),
    }
}

impl TencentIm {
    fn new(apps: Vec<App>, window: Duration) -> Self {
        let most = apps.iter().map(|app| app.tokens.len()).max().unwrap_or(0);
        let decoys = vec![Secret::from("decoy"); most.max(1)];
        Self { apps, decoys, window: sign::window(window) }
    }

    /// Which app calls, and when it says it does.
    fn identify(
        &self,
        query: &Query<'_>,
        now: Timestamp,
    ) -> Result<(&App, Option<Timestamp>), Refusal> {
        let stranger = |reason| Refusal::new(RefusalKind::Unauthenticated, reason);
        let id = query.app.as_deref().ok_or_else(|| stranger("missing_app"))?;
        let known = self.apps.iter().find(|app| *app.id == *id);
        if let Some(app) = known.filter(|app| app.tokens.is_empty()) {
            return Ok((app, query.time.as_deref().and_then(sign::time)));
        }
        let tokens = known.map_or(&self.decoys, |app| &app.tokens);
        let signed = sign::verify(tokens, query, now, self.window);
        let app = known.ok_or_else(|| stranger("unknown_app").detail(cut(id)))?;
        signed.map(|sent| (app, Some(sent))).map_err(stranger)
    }
}

impl Source for TencentIm {
    fn open(&self, request: &RawRequest<'_>) -> Result<Opened, Refusal> {
        if *request.method != Method::POST {
            let refusal = Refusal::new(RefusalKind::Method, "method");
            return Err(refusal.detail(cut(request.method.as_str())));
        }
        let query = Query::parse(request.query)?;
        let (app, sent) = self.identify(&query, request.received)?;
        let command = query.command.as_deref().unwrap_or_default();
        check_name(command)?;
        let mut client = Client::default();
        client.ip = short(query.client_ip.as_ref());
        client.platform = short(query.platform.as_ref());
        let call = Call { app: &app.id, sent, client };
        common::read(request.body, |body| call.opened(command, body))
    }

    fn express(&self, callback: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
        express::express(callback, verdict)
    }

    fn reply(&self, callbacks: &[Callback], outcome: &Outcome) -> Response<Bytes> {
        reply::reply(callbacks, outcome)
    }

    fn refuse(&self, refusal: &Refusal) -> Response<Bytes> {
        reply::refuse(refusal.kind)
    }

    fn catalogue(&self) -> &[CommandSpec] {
        &events::SPECS
    }

    fn compose(
        &self,
        command: &str,
        fields: &Map,
        now: Timestamp,
    ) -> Result<Request<Bytes>, ComposeError> {
        compose::compose(&self.apps, command, fields, now)
    }

    fn reply_timeout(&self, _: Phase) -> Duration {
        REPLY_TIMEOUT
    }

    fn authenticates(&self) -> bool {
        self.apps.iter().all(|app| !app.tokens.is_empty())
    }
}

/// A call that has been found genuine.
struct Call<'a> {
    app: &'a Arc<str>,
    sent: Option<Timestamp>,
    client: Client,
}

impl Call<'_> {
    fn opened(&self, command: &str, body: Body<'_>) -> Result<Opened, Refusal> {
        let fields = body::read(body.text)?;
        match fields.command {
            // Absent from the one command that names itself in the query alone, and from batches.
            Scalar::Absent => {}
            Scalar::Text(ref own) if own.is_empty() || own == command => {}
            _ => return Err(malformed("command_mismatch")),
        }
        match fields.events {
            Some(events) if command.starts_with("Push.") => {
                let events = body::batch(events)?;
                let events = events.into_iter().map(|event| self.event(command, event.get(), body));
                Opened::of(events.collect::<Result<_, _>>()?)
            }
            _ => {
                let (bytes, exact) = (body.bytes.clone(), body.exact);
                Ok(Opened::one(self.callback(command, &fields, bytes, exact)))
            }
        }
    }

    /// One entry of a batch: what it says of itself counts.
    fn event(&self, command: &str, event: &str, body: Body<'_>) -> Result<Callback, Refusal> {
        let fields = body::read(event)?;
        let own = match &fields.command {
            Scalar::Absent => command,
            Scalar::Text(own) if own.is_empty() => command,
            Scalar::Text(own) if own.starts_with("Push.") => own,
            _ => return Err(malformed("command_mismatch")),
        };
        check_name(own)?;
        Ok(self.callback(own, &fields, body.part(event), body.exact))
    }

    fn callback(&self, command: &str, fields: &Fields<'_>, body: Bytes, exact: bool) -> Callback {
        let known = events::find(command);
        let name = known.map_or_else(|| Arc::from(command), |known| known.name.clone());
        let phase = known.map_or_else(|| Phase::guess(command), |known| known.spec.phase);
        let mut callback = Callback::new(name, phase, self.app.clone(), body);
        callback.answered = known.is_some_and(|known| known.spec.answered);
        let natural = known.filter(|_| exact).map(|known| known.natural);
        callback.natural_key = natural.and_then(|key| key.key(self.app, command, fields));
        callback.facts.key = keys::ordering(self.app, known.map(|known| known.order_by), fields);
        callback.facts.sent = self.sent;
        callback.facts.client = self.client.clone();
        callback
    }
}

fn check_name(command: &str) -> Result<(), Refusal> {
    if command.is_empty() {
        return Err(malformed("missing_command"));
    }
    if named_well(command) { Ok(()) } else { Err(malformed("bad_command")) }
}

fn short(text: Option<&Cow<'_, str>>) -> Option<Arc<str>> {
    text.filter(|text| !text.is_empty()).map(|text| cut(text).into())
}

/// As much of a text from outside as anybody needs to see.
fn cut(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS_MAX).map_or(text, |(end, _)| &text[..end])
}
