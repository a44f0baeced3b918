use http::Request;
use serde_json::{Value, json};
use switchhook_api::{ComposeError, Map};

use super::*;

fn two_apps() -> TencentIm {
    let apps = vec![app(APP, &[TOKEN, "old"]), app(OPEN_APP, &[])];
    TencentIm::new(apps, Duration::from_mins(1))
}

fn composed(command: &str, fields: &Value) -> Result<Request<Bytes>, ComposeError> {
    let fields: &Map = fields.as_object().expect("an object");
    two_apps().compose(command, fields, at(0))
}

fn sent(request: &Request<Bytes>) -> Vec<Callback> {
    let query = request.uri().query().expect("a query");
    assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/"));
    open(&two_apps(), query, request.body()).expect("opened")
}

fn body(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).expect("JSON")
}

#[test]
fn a_composed_request_is_what_the_platform_sends() {
    let request = composed(COMMAND, &json!({"Name": "mine"})).expect("composed");
    let query = format!(
        "/?SdkAppid={APP}&CallbackCommand={COMMAND}&contenttype=json&ClientIP=127.0.0.1&OptPlatform=RESTAPI&Sign={SIGN}&RequestTime={TIME}"
    );
    assert_eq!(request.uri().to_string(), query);
    assert_eq!(request.headers()["content-type"], "application/json");
    let body = body(&request);
    assert_eq!((&body["Name"], &body["CallbackCommand"]), (&json!("mine"), &json!(COMMAND)));
    assert!(body["GroupId"].is_string(), "the rest is the sample's");
}

#[test]
fn every_command_that_is_composed_is_taken_in() {
    for spec in two_apps().catalogue() {
        let request = composed(&spec.name, &json!({})).expect(&spec.name);
        let callbacks = sent(&request);
        assert_eq!(callbacks.len(), 1);
        assert_eq!(callbacks[0].command(), spec.name);
        assert_eq!(callbacks[0].facts.sent, Some(at(0)));
    }
}

#[test]
fn a_field_chooses_the_app() {
    for id in [json!(OPEN_APP), json!(1_500_000_000)] {
        let request = composed(COMMAND, &json!({"SdkAppid": id})).expect("composed");
        assert!(!request.uri().to_string().contains("Sign"));
        assert_eq!(body(&request).get("SdkAppid"), None);
        assert_eq!(&*sent(&request)[0].facts.app, OPEN_APP);
    }
    let error = composed(COMMAND, &json!({"SdkAppid": "7"})).expect_err("no such app").0;
    assert_eq!(error, "no app has the id `7`; configured: 1400000000, 1500000000");
}

#[test]
fn a_push_goes_into_a_batch() {
    let single = composed("Push.OfflinePush", &json!({"To_Account": "a"})).expect("composed");
    let single = body(&single);
    let [entry] = single["Events"].as_array().expect("a batch").as_slice() else {
        panic!("{single}")
    };
    assert_eq!(
        (&entry["CallbackCommand"], &entry["To_Account"]),
        (&json!("Push.OfflinePush"), &json!("a"))
    );
    assert_eq!(single.as_object().expect("an object").len(), 1);
    let events = json!({"Events": [{"To_Account": "a"}, {"To_Account": "b"}]});
    let whole = composed("Push.OfflinePush", &events).expect("composed");
    assert_eq!(body(&whole), events);
    assert_eq!(sent(&whole).len(), 2);
}

#[test]
fn unknown_commands_can_be_tried_and_odd_ones_cannot() {
    let request = composed("New.Thing", &json!({"a": 1})).expect("composed");
    assert_eq!(body(&request), json!({"CallbackCommand": "New.Thing", "a": 1}));
    for odd in ["", "a b", "a&b", "ä", &"a".repeat(129)] {
        assert!(composed(odd, &json!({})).is_err(), "{odd}");
    }
}
