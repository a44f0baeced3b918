mod calls;
mod compose;
mod options;
mod proofs;
mod replies;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use jiff::Timestamp;
use switchhook_api::{Callback, Opened, Plugin, RawRequest, Refusal, RefusalKind, Source};
use switchhook_engine::config::Section;

use super::Json;

const BODY: &str = r#"{"event_id":"e1","room":{"id":7},"text":"hi"}"#;
const NOW: i64 = 1_700_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).expect("in range")
}

/// A source with these options, named `crm`.
fn source(toml: &str) -> Arc<dyn Source> {
    let options = Section::parse("o", toml).expect("TOML").read().expect("good options");
    assert_eq!(Json::check(&options), [], "{toml}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let cx = switchhook_testkit::build_context("crm", "/nonexistent");
    runtime.block_on(Json::build(options, &cx)).expect("built")
}

/// A call as it comes in.
#[derive(Clone)]
struct Call {
    method: Method,
    below: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
    received: Timestamp,
}

fn call(body: impl Into<Bytes>) -> Call {
    Call {
        method: Method::POST,
        below: String::new(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: body.into(),
        received: at(0),
    }
}

/// An event by the header `X-Event`.
fn event(command: &str) -> Call {
    call(BODY).header("x-event", command)
}

impl Call {
    fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name: HeaderName = name.parse().expect("a name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).expect("a value"));
        self
    }

    fn query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    fn below(mut self, below: &str) -> Self {
        below.clone_into(&mut self.below);
        self
    }

    fn open(&self, source: &Arc<dyn Source>) -> Result<Callback, Refusal> {
        let Self { method, below, query, headers, body, received } = self;
        let request = RawRequest::new(method, query, headers, body, *received).at(below);
        match source.open(&request)? {
            Opened::Before(callback) => Ok(callback),
            Opened::After(mut callbacks) => {
                assert_eq!(callbacks.len(), 1);
                Ok(callbacks.remove(0))
            }
            Opened::Handshake(_) => panic!("there is no handshake"),
        }
    }

    fn refused(&self, source: &Arc<dyn Source>, kind: RefusalKind, reason: &str) {
        let refusal = self.open(source).expect_err(reason);
        assert_eq!((refusal.kind, refusal.reason), (kind, reason), "{}", refusal.detail);
    }

    /// What arrives of a composed request.
    fn of(request: &Request<Bytes>) -> Self {
        Self {
            below: request.uri().path().trim_start_matches('/').to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            headers: request.headers().clone(),
            ..call(request.body().clone())
        }
    }
}
