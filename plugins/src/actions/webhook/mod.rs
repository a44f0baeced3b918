//! `webhook`: relays each record by HTTP POST, signed by Standard Webhooks. The body is the record's, byte for byte;
//! what else is known of it travels as `switchhook-*` headers.

mod connections;
mod guard;
mod options;
mod response;
mod retry_after;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::dns::Resolve;
use reqwest::{Method, Request};
use switchhook_api::standard_webhooks::{self, ID, SIGNATURE, TIMESTAMP};
use switchhook_api::{Action, BoxError, BuildContext, Clock, Failure, Plugin, Record, escape};
use url::Url;

use self::connections::Connections;
use self::options::{Options, Permanent};

/// How many headers are added to the static ones.
const HEADERS_OWN: usize = 14;
/// A fact is cut to so many bytes in its header, before it is escaped.
const HEADER_TEXT_MAX: usize = 256;

/// Posts records to one URL.
struct Webhook {
    connections: Arc<Connections>,
    url: Url,
    headers: HeaderMap,
    /// Each signs each relay.
    secrets: Vec<standard_webhooks::Secret>,
    permanent: Permanent,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Action for Webhook {
    async fn deliver(&self, record: &Record) -> Result<(), Failure> {
        let response = self.connections.send(|| self.request(record)).await.map_err(failure)?;
        response::judge(response, &self.permanent, self.clock.wall()).await
    }
}

impl Webhook {
    fn new(
        options: Options,
        cx: &BuildContext,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, BoxError> {
        let url = options.url.0.clone();
        let builder = move || connections::builder(resolver.clone(), &url);
        let connections =
            Connections::new(builder, options.connection_max_age.0, cx.clock.clone())?;
        Self::over(connections, options, cx)
    }

    /// One that sends over these connections.
    fn over(
        connections: Arc<Connections>,
        options: Options,
        cx: &BuildContext,
    ) -> Result<Self, BoxError> {
        let secrets = options.signing(&cx.base)?;
        let mut headers = options.headers.0;
        let agent = concat!("switchhook/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (url, permanent, clock) = (options.url.0, options.permanent, cx.clock.clone());
        Ok(Self { connections, url, headers, secrets, permanent, clock })
    }

    fn request(&self, record: &Record) -> Request {
        let mut request = Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = self.headers(record);
        *request.body_mut() = Some(record.body.clone().into());
        request
    }

    fn headers(&self, record: &Record) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + HEADERS_OWN);
        headers.extend(self.headers.clone());
        let (id, now) = (record.id(), self.clock.wall());
        put(&mut headers, ID, &id);
        put(&mut headers, TIMESTAMP, &now.as_second().to_string());
        if !self.secrets.is_empty() {
            let signatures =
                standard_webhooks::sign_with_all(&self.secrets, &id, now, &record.body);
            put(&mut headers, SIGNATURE, &signatures);
        }
        put_facts(&mut headers, record);
        headers
    }
}

fn put_facts(headers: &mut HeaderMap, record: &Record) {
    let facts = &record.facts;
    let mut fact = |name, text: &str| put(headers, name, beginning(text));
    fact("switchhook-callback", &facts.id.to_string());
    fact("switchhook-command", &facts.command);
    fact("switchhook-app", &facts.app);
    fact("switchhook-phase", facts.phase.as_str());
    fact("switchhook-source", &facts.source);
    fact("switchhook-handler", &record.handler);
    fact("switchhook-received", &facts.received.to_string());
    if let Some(sent) = facts.sent {
        fact("switchhook-sent", &sent.to_string());
    }
    if let Some(ip) = &facts.client.ip {
        fact("switchhook-client-ip", ip);
    }
    if let Some(platform) = &facts.client.platform {
        fact("switchhook-client-platform", platform);
    }
    if let Some(decision) = &facts.decision {
        fact("switchhook-decision", &decision.verdict);
    }
    if record.replay.is_some() {
        fact("switchhook-replayed", "true");
    }
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(HEADER_TEXT_MAX)]
}

fn put(headers: &mut HeaderMap, name: &'static str, text: &str) {
    // Always a good value behind the escape; were it not, the header would be missing, never the record.
    if let Ok(value) = HeaderValue::from_str(&escape::for_header(text)) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// An attempt without an answer. The URL stays out of the text: for many targets it is a secret.
fn failure(error: reqwest::Error) -> Failure {
    // What a name leads to is a resolver's word of now: the next attempt asks again.
    if let Some(refused) = not_public(&error) {
        return Failure::transient(refused);
    }
    let permanent = error.is_builder();
    let error = error.without_url();
    if permanent { Failure::permanent(error) } else { Failure::transient(error) }
}

fn not_public(error: &reqwest::Error) -> Option<guard::NotPublic> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref() {
            return Some(*refused);
        }
        cause = inner.source();
    }
    None
}

#[async_trait]
impl Plugin for Webhook {
    type Role = dyn Action;
    const NAME: &'static str = "webhook";
    const DESCRIPTION: &'static str =
        "posts each record to a URL, signed according to Standard Webhooks";
    const EXAMPLE: &'static str = r#"
url = "https://crm.example.com/hooks/topics"
secret_file = "crm.secret"
headers = { authorization = "Bearer change-me" }
"#;
    type Options = Options;

    fn check(options: &Options) -> Vec<(String, String)> {
        options.mistakes()
    }

    fn check_files(options: &Options, base: &Path) -> Vec<(String, String)> {
        options.wrong_files(base)
    }

    async fn build(options: Options, cx: &BuildContext) -> Result<Arc<dyn Action>, BoxError> {
        options.check_literal()?;
        let resolver = Arc::new(guard::Resolver { allow_private: options.allow_private });
        Ok(Arc::new(Self::new(options, cx, resolver)?))
    }
}

switchhook_api::register!(Webhook);
