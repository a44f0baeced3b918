//! The request that Tencent would send, for trying things out.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};
use switchhook_api::{ComposeError, Map};

use super::{App, events, sign};
use crate::sources::common::named_well;

/// The field that chooses the app and does not go into the body.
const APP: &str = "SdkAppid";

/// Composes a signed request for a command: its sample, with `fields` on top. Its address is a path and a query; the host is the caller's.
pub(super) fn compose(
    apps: &[App],
    command: &str,
    fields: &Map,
    now: Timestamp,
) -> Result<Request<Bytes>, ComposeError> {
    if !named_well(command) {
        return Err(ComposeError(format!(
            "`{command}` is not a valid command: use 1 to 128 letters, digits, `.`, `_` and `-`"
        )));
    }
    let mut fields = fields.clone();
    let app = chosen(apps, fields.remove(APP))?;
    Request::builder()
        .method(Method::POST)
        .uri(target(app, command, now))
        .header(CONTENT_TYPE, "application/json")
        .body(body(command, fields)?)
        .map_err(|error| ComposeError(error.to_string()))
}

fn chosen(apps: &[App], wanted: Option<Value>) -> Result<&App, ComposeError> {
    let wanted = match wanted {
        None => return apps.first().ok_or_else(|| ComposeError("no app is configured".into())),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    apps.iter().find(|app| *app.id == *wanted).ok_or_else(|| {
        let known: Vec<&str> = apps.iter().map(|app| &*app.id).collect();
        ComposeError(format!("no app has the id `{wanted}`; configured: {}", known.join(", ")))
    })
}

fn target(app: &App, command: &str, now: Timestamp) -> String {
    let id = &app.id;
    let target = format!(
        "/?SdkAppid={id}&CallbackCommand={command}&contenttype=json&ClientIP=127.0.0.1&OptPlatform=RESTAPI"
    );
    let Some(token) = app.tokens.first() else { return target };
    let time = now.as_second().to_string();
    let sign = sign::sign(token, &time);
    format!("{target}&Sign={sign}&RequestTime={time}")
}

fn body(command: &str, fields: Map) -> Result<Bytes, ComposeError> {
    let fail = |error: serde_json::Error| ComposeError(error.to_string());
    if command.starts_with("Push.") && fields.contains_key("Events") {
        return serde_json::to_vec(&fields).map(Bytes::from).map_err(fail);
    }
    let sample = events::find(command).and_then(|known| known.spec.sample.as_deref());
    let mut body: Map = match sample {
        Some(sample) => serde_json::from_str(sample).map_err(fail)?,
        None => Map::from_iter([("CallbackCommand".to_owned(), json!(command))]),
    };
    body.extend(fields);
    if command.starts_with("Push.") {
        // Pushes come in batches, and only the entries say what they are.
        body = Map::from_iter([("Events".to_owned(), json!([body]))]);
    }
    serde_json::to_vec(&body).map(Bytes::from).map_err(fail)
}
