mod bodies;
mod catalogue;
mod compose;
mod denials;
mod events;
mod identity;
mod options;
mod properties;
mod queries;
mod quirks;
mod values;
mod verdicts;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use switchhook_api::config::Secret;
use switchhook_api::{Callback, Opened, RawRequest, Refusal, RefusalKind, Source};

use super::{App, TencentIm};

const APP: &str = "1400000000";
const OPEN_APP: &str = "1500000000";
/// The token, time and signature of the platform's own example.
const TOKEN: &str = "xxxxyyyy";
const TIME: i64 = 1_669_872_112;
const SIGN: &str = "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061";
const COMMAND: &str = "Group.CallbackAfterTopicInfoChanged";
const BODY: &str = r#"{"CallbackCommand":"Group.CallbackAfterTopicInfoChanged","GroupId":"@TGS#2J4SZEAEL","Type":"Community","Operator_Account":"leckie","Name":"TestTopic","Introduction":"TestIntroduction","Notification":"NewNotification","FaceUrl":"http://this.is.face.url"}"#;

fn app(id: &str, tokens: &[&str]) -> App {
    App { id: id.into(), tokens: tokens.iter().map(|token| Secret::from(*token)).collect() }
}

fn source(tokens: &[&str]) -> TencentIm {
    TencentIm::new(vec![app(APP, tokens)], Duration::from_mins(1))
}

/// A source without tokens: what comes after identity is tested without signing.
fn open_source() -> TencentIm {
    source(&[])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(TIME * 1000 + millis).expect("a time")
}

fn open_at(
    source: &TencentIm,
    query: &str,
    body: impl AsRef<[u8]>,
    received: Timestamp,
) -> Result<Vec<Callback>, Refusal> {
    let body = Bytes::copy_from_slice(body.as_ref());
    let headers = HeaderMap::new();
    let request = RawRequest::new(&Method::POST, query, &headers, &body, received);
    source.open(&request).map(callbacks_of)
}

fn callbacks_of(opened: Opened) -> Vec<Callback> {
    match opened {
        Opened::Before(callback) => vec![callback],
        Opened::After(callbacks) => callbacks,
        Opened::Handshake(_) => panic!("this protocol has no handshake"),
    }
}

fn open(source: &TencentIm, query: &str, body: impl AsRef<[u8]>) -> Result<Vec<Callback>, Refusal> {
    open_at(source, query, body, at(0))
}

/// The one callback of a body that is sent without a signature.
fn one(command: &str, body: impl AsRef<[u8]>) -> Callback {
    let query = format!("SdkAppid={APP}&CallbackCommand={command}");
    let mut callbacks = open(&open_source(), &query, body).expect("opened");
    assert_eq!(callbacks.len(), 1);
    callbacks.remove(0)
}

fn signed_query() -> String {
    format!(
        "SdkAppid={APP}&CallbackCommand={COMMAND}&contenttype=json&ClientIP=1.2.3.4&OptPlatform=iOS&Sign={SIGN}&RequestTime={TIME}"
    )
}

fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>, kind: RefusalKind, reason: &str) {
    let refusal = result.expect_err(reason);
    assert_eq!((refusal.kind, refusal.reason), (kind, reason), "{}", refusal.detail);
}
