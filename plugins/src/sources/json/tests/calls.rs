//! What a genuine call holds.

use switchhook_api::Phase;

use super::*;

const HEADER: &str = "command = { header = \"X-Event\" }\n";

fn malformed(source: &Arc<dyn Source>, call: &Call, reason: &str) {
    call.refused(source, RefusalKind::Malformed, reason);
}

#[test]
fn the_command_is_found_in_a_header() {
    let source = source(HEADER);
    assert_eq!(event("room.made").open(&source).expect("opened").command(), "room.made");
    malformed(&source, &call(BODY), "missing_command");
    malformed(&source, &event(""), "missing_command");
    malformed(&source, &event("a b"), "bad_command");
    malformed(&source, &event("é"), "bad_command");
    malformed(&source, &event("a").header("x-event", "a"), "repeated_header");
    for named in ["chat:message:sent", "room/made", "a:b/c:d", "urn:x:y", "a..b/c", ":"] {
        assert_eq!(event(named).open(&source).expect(named).command(), named);
    }
    for odd in ["/", "/a", "a/", "a//b", "a/../b", "../a", "a/.", "a\\b", "a*", "a@b", "a b/c"] {
        malformed(&source, &event(odd), "bad_command");
    }
}

#[test]
fn the_command_is_found_in_the_query() {
    let source = source("command = { query = \"event\" }");
    let open = |query: &str| call(BODY).query(query).open(&source).map(|c| c.command().to_owned());
    assert_eq!(open("x=1&event=room.made&y"), Ok("room.made".to_owned()));
    assert_eq!(open("%65vent=room%2Emade"), Ok("room.made".to_owned()));
    assert_eq!(open("event=chat:a/b"), Ok("chat:a/b".to_owned()));
    assert_eq!(open("event=chat%3Aa%2fb"), Ok("chat:a/b".to_owned()));
    let refused = |query: &str, reason| malformed(&source, &call(BODY).query(query), reason);
    refused("", "missing_command");
    refused("EVENT=a", "missing_command");
    refused("event=", "missing_command");
    refused("event=a&%65vent=a", "repeated_parameter");
    refused("event=a+b", "bad_command");
    refused("event=a%00", "bad_command");
    refused("event=%zz", "bad_escape");
    refused("event=%ff", "query_not_utf8");
}

#[test]
fn the_command_is_found_in_the_path() {
    let path = source("command = { path = true }");
    assert!(path.owns_subpaths() && !source(HEADER).owns_subpaths());
    let open = |below: &str| call(BODY).below(below).open(&path).map(|c| c.command().to_owned());
    assert_eq!(open("room.made"), Ok("room.made".to_owned()));
    assert_eq!(open("room%2emade"), Ok("room.made".to_owned()));
    assert_eq!(open("room/made"), Ok("room/made".to_owned()));
    assert_eq!(open("room%2Fmade:now"), Ok("room/made:now".to_owned()));
    malformed(&path, &call(BODY), "missing_command");
    for below in
        ["a/", "/a", "a%2F%2fb", "a/%2e%2E/b", "a%", "%ff", "a;b", "a%0ab", &"x".repeat(129)]
    {
        malformed(&path, &call(BODY).below(below), "bad_command");
    }
}

#[test]
fn the_command_is_found_in_the_body() {
    let check = |place: &str, body: &'static str, expected: Result<&str, &str>| {
        let source = source(&format!("command = {{ body = \"{place}\" }}"));
        let found = call(body).open(&source);
        let found = found.as_ref().map(Callback::command).map_err(|refusal| refusal.reason);
        assert_eq!(found, expected, "{place} {body}");
    };
    check("/event", r#" {"event":"a.b"}"#, Ok("a.b"));
    check("/event", r#"{"event":17}"#, Ok("17"));
    check("/event", r#"{"event":"chat:room\/made"}"#, Ok("chat:room/made"));
    check("/event", "\u{feff}{\"event\":\"a\"}", Ok("a"));
    check("/event", r#"{"x":{"\ud83d":"\ude00"},"event":"a"}"#, Ok("a"));
    check("/event", r#"{"event":"a\ud83d"}"#, Err("bad_command"));
    check("/event", r#"{"\u0065vent":"a"}"#, Ok("a"));
    check("/a~1b/c~0d", r#"{"x":[{"c":1}],"a/b":{"c~d":"x-y"}}"#, Ok("x-y"));
    check("/list/1/t", r#"{"list":[{"t":"a"},{"t":"b"}]}"#, Ok("b"));
    check("/list/0/t", r#"{"list":[{"t":"a"},{"t":"b"}]}"#, Ok("a"));
    check("/list/01/t", r#"{"list":[{"t":"a"},{"t":"b"}]}"#, Err("missing_command"));
    check("/list/2", r#"{"list":["a","b"]}"#, Err("missing_command"));
    check("/1", r#"{"1":"key"}"#, Ok("key"));
    check("/event/x", r#"{"event":"a"}"#, Err("missing_command"));
    check("/event", r#"{"Event":"a"}"#, Err("missing_command"));
    check("/event", r#"{"event":null}"#, Err("missing_command"));
    check("/event", r#"{"event":""}"#, Err("missing_command"));
    check("/event", r#"{"event":true}"#, Err("bad_command"));
    check("/event", r#"{"event":1.5}"#, Err("bad_command"));
    check("/event", r#"{"event":{"a":1}}"#, Err("bad_command"));
    check("/event", r#"{"event":"a\n"}"#, Err("bad_command"));
    check("/event", r#"{"event":"a","event":"b"}"#, Err("duplicate_key"));
    check("/e/t", r#"{"e":{"t":"a","\u0074":"b"}}"#, Err("duplicate_key"));
}

#[test]
fn the_body_is_one_object_kept_as_it_came() {
    let source = source(HEADER);
    let with = |body: &str| Call { body: body.to_owned().into(), ..event("a") };
    let odd = " {\"n\":1.0e2, \"x\":\"\\u00e9\",\"n\":12345678901234567890123}\n";
    assert_eq!(with(odd).open(&source).expect("opened").body, odd);
    let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(with(&deep(63)).open(&source).is_ok());
    malformed(&source, &with(&deep(64)), "body_too_deep");
    assert_eq!(with("\u{feff}{}").open(&source).expect("opened").body, "{}");
    let cut = r#"{"a":"\ud83d","\udc00":1}"#;
    assert_eq!(with(cut).open(&source).expect("opened").body, cut);
    for body in ["", "[]", "1", "null", "\u{feff}", "\u{feff}[]"] {
        malformed(&source, &with(body), "body_not_an_object");
    }
    for body in ["{", "{}{}", "{\"a\":1,}", "{'a':1}", "{\"a\":NaN}", "{} x"] {
        malformed(&source, &with(body), "body_not_json");
    }
    let bytes = Call { body: Bytes::from_static(b"{\"a\":\"\xff\"}"), ..event("a") };
    malformed(&source, &bytes, "body_not_utf8");
}

#[test]
fn only_a_post_is_a_call() {
    let get = Call { method: Method::GET, ..event("a") };
    get.refused(&source(HEADER), RefusalKind::Method, "method");
}

#[test]
fn the_named_commands_come_before_the_event_and_all_others_after() {
    let source = source(&format!("{HEADER}before = [\"message.send\", \"gate.*\"]"));
    let phase = |command: &str| event(command).open(&source).expect("opened").facts.phase;
    assert_eq!(["message.send", "gate.x", "gate.x.y"].map(phase), [Phase::Before; 3]);
    assert_eq!(["message.sent", "gate", "gated.x", "CallbackBefore"].map(phase), [Phase::After; 4]);
    assert_eq!(source.phase("gate.x"), Some(Phase::Before));
    assert_eq!(source.phase("CallbackBefore"), Some(Phase::After));
    assert_eq!(source.phase("a b"), None);
}

#[test]
fn order_and_duplicates_hang_on_keys_that_begin_with_the_app() {
    let keys = "key = \"/room/id\"\nnatural_key = \"/event_id\"\n";
    let own = event("a.b").open(&source(&format!("{HEADER}{keys}app = \"shop\""))).expect("opened");
    assert_eq!(&*own.facts.app, "shop");
    assert_eq!(own.facts.key.as_deref(), Some("shop/7"));
    assert_eq!(own.natural_key.as_deref(), Some("shop/a.b/e1"));
    let source = source(&format!("{HEADER}{keys}"));
    let unnamed = event("c").open(&source).expect("opened");
    assert_eq!(&*unnamed.facts.app, "crm", "the name of the source");
    assert_eq!(unnamed.natural_key.as_deref(), Some("crm/c/e1"));
    let none = Call { body: "{\"room\":{\"id\":[]},\"event_id\":\"\"}".into(), ..event("c") };
    let none = none.open(&source).expect("opened");
    assert_eq!((none.facts.key, none.natural_key), (None, None));
}

#[test]
fn a_slash_in_a_command_does_not_pose_as_the_one_before_the_id() {
    let source = source(&format!("{HEADER}natural_key = \"/id\""));
    let key = |command: &str, id: &str| {
        let body = format!("{{\"id\":\"{id}\"}}");
        let call = Call { body: body.into(), ..event(command) };
        call.open(&source).expect("opened").natural_key.map(|key| key.to_string())
    };
    assert_eq!(key("a", "b/1").as_deref(), Some("crm/a/b/1"));
    assert_ne!(key("a/b", "1"), key("a", "b/1"));
    assert_eq!(key("a", r"\ud83d"), None, "what looks alike may differ");
}

#[test]
fn long_keys_become_short_ones_that_differ() {
    let source = source(&format!("{HEADER}key = \"/k\"\nnatural_key = \"/k\""));
    let keys = |end: &str| {
        let body = format!("{{\"k\":\"{}{end}\"}}", "x".repeat(1000));
        let opened = Call { body: body.into(), ..event("a") }.open(&source).expect("opened");
        [opened.facts.key, opened.natural_key].map(|key| key.expect("a key"))
    };
    let (one, other) = (keys("1"), keys("2"));
    assert!(one.iter().chain(&other).all(|key| key.len() < 100 && key.starts_with("crm/sha256:")));
    assert_ne!(one, other);
    assert_eq!(one, keys("1"));
}

#[test]
fn the_time_of_the_event_is_read_from_the_body() {
    let source = source(&format!("{HEADER}time = \"/at\""));
    let sent = |value: &str| {
        let body = format!("{{\"at\":{value}}}");
        Call { body: body.into(), ..event("a") }.open(&source).expect("opened").facts.sent
    };
    assert_eq!(sent("1700000000"), Some(at(0)));
    assert_eq!(sent("\"1700000000\""), Some(at(0)));
    assert_eq!(sent("1700000000000"), Some(at(0)));
    assert_eq!(sent("\"2023-11-14T22:13:20Z\""), Some(at(0)));
    for none in ["\"soon\"", "null", "1.5", "9223372036854775807", "\"\""] {
        assert_eq!(sent(none), None, "{none}");
    }
}
