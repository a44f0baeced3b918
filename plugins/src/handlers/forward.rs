//! `forward`: passes on callbacks of any command unchanged.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use switchhook_api::{
    BoxError, BuildContext, Callback, Client, Decision, Failure, HandleContext, Handler, NewRecord,
    Phase, Plugin, async_trait, register,
};

/// Options of a `forward` handler.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// What is put around a callback's body: `"none"` or `"full"`; default `"none"`.
    #[serde(default)]
    envelope: Envelope,
}

/// What is put around a callback's body.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Envelope {
    /// Nothing: the record's body is the callback's, byte for byte.
    #[default]
    None,
    /// An object with id, command, app, phase, times, client and decision; the body stands under `body`, byte for byte, or as a
    /// text where it is no JSON.
    Full,
}

struct Forward(Envelope);

#[async_trait]
impl Plugin for Forward {
    type Role = dyn Handler;
    const NAME: &'static str = "forward";
    const DESCRIPTION: &'static str = "passes on callbacks of any command unchanged";
    const RECORDS_ONLY: bool = true;
    const EXAMPLE: &'static str = r#"envelope = "full""#;
    type Options = Options;

    async fn build(options: Options, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
        Ok(Arc::new(Self(options.envelope)))
    }
}

register!(Forward);

#[async_trait]
impl Handler for Forward {
    async fn handle(
        &self,
        callback: &Callback,
        _: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        let mut record = NewRecord::of(callback);
        record.summary = format!("{} of app {}", callback.facts.command, callback.facts.app);
        if let Envelope::Full = self.0 {
            record.body = Some(enveloped(callback).map_err(Failure::permanent)?.into());
        }
        Ok(Some(record))
    }
}

/// The whole envelope, in the order in which people read it.
#[derive(Serialize)]
struct Full<'a> {
    id: String,
    command: &'a str,
    app: &'a str,
    phase: Phase,
    received: jiff::Timestamp,
    sent: Option<jiff::Timestamp>,
    client: &'a Client,
    decision: Option<&'a Decision>,
    body: &'a RawValue,
}

fn enveloped(callback: &Callback) -> Result<Vec<u8>, serde_json::Error> {
    let facts = &callback.facts;
    let body = String::from_utf8_lossy(&callback.body);
    let text;
    let body = if let Ok(json) = serde_json::from_str(&body) {
        json
    } else {
        text = to_raw_value(&body)?;
        &*text
    };
    serde_json::to_vec(&Full {
        id: facts.id.to_string(),
        command: &facts.command,
        app: &facts.app,
        phase: facts.phase,
        received: facts.received,
        sent: facts.sent,
        client: &facts.client,
        decision: facts.decision.as_ref(),
        body,
    })
}

/// For tests of several handlers.
#[cfg(all(test, feature = "topic-info-changed"))]
pub(super) fn with_envelope(envelope: &str) -> Box<dyn Handler> {
    Box::new(Forward(if envelope == "full" { Envelope::Full } else { Envelope::None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchhook_engine::config::Section;
    use switchhook_testkit::handled;

    const BODY: &str = "{\"b\": 1.10,\n \"a\":\"\\u00e9\"}";

    fn callback(body: &'static str) -> Callback {
        let mut callback = Callback::new("A.B", Phase::After, "7", body.into());
        callback.facts.key = Some("7/group/g".into());
        callback
    }

    #[tokio::test]
    async fn without_an_envelope_the_body_is_the_callbacks_own() {
        let (record, _) = handled(&Forward(Envelope::None), &callback(BODY)).await;
        let record = record.expect("handled").expect("a record");
        assert_eq!(record.body, None);
        assert_eq!(record.summary, "A.B of app 7");
        assert_eq!(record.key.as_deref(), Some("7/group/g"));
    }

    #[tokio::test]
    async fn the_full_envelope_holds_the_body_byte_for_byte() {
        let (record, _) = handled(&Forward(Envelope::Full), &callback(BODY)).await;
        let body = record.expect("handled").expect("a record").body.expect("a body");
        let expected = format!(
            r#"{{"id":"00000000-0000-0000-0000-000000000000","command":"A.B","app":"7","phase":"after","received":"1970-01-01T00:00:00Z","sent":null,"client":{{}},"decision":null,"body":{BODY}}}"#
        );
        assert_eq!(std::str::from_utf8(&body), Ok(&*expected));
    }

    #[tokio::test]
    async fn no_body_is_a_reason_to_give_a_callback_up() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        for (body, expected) in [
            ("{", r#""{""#),
            ("", r#""""#),
            ("{} {}", r#""{} {}""#),
            (r#"{"a":"\ud83d","a":1e999}"#, r#"{"a":"\ud83d","a":1e999}"#),
            (&deep, &deep),
        ] {
            let mut callback = callback("{}");
            callback.body = body.to_owned().into();
            let (record, _) = handled(&Forward(Envelope::Full), &callback).await;
            let body = record.expect("handled").expect("a record").body.expect("a body");
            let end = format!("\"body\":{expected}}}");
            let text = std::str::from_utf8(&body).expect("text");
            assert!(text.ends_with(&end), "{text}");
        }
        let mut cut = callback("{}");
        cut.body = bytes::Bytes::from_static(b"{\"a\":\"\xc3\"}");
        let (record, _) = handled(&Forward(Envelope::Full), &cut).await;
        let body = record.expect("handled").expect("a record").body.expect("a body");
        assert!(String::from_utf8_lossy(&body).ends_with("\"body\":{\"a\":\"\u{fffd}\"}}"));
    }

    #[test]
    fn the_envelope_is_none_unless_asked_for() {
        let read = |toml: &str| Section::parse("o", toml).expect("TOML").read::<Options>();
        assert!(matches!(read("").expect("accepted").envelope, Envelope::None));
        assert!(matches!(read(Forward::EXAMPLE).expect("accepted").envelope, Envelope::Full));
        assert!(read("envelope = \"some\"").is_err());
    }
}
