use super::*;
use http::Response;
use serde_json::{Value, json};
use switchhook_core::{Map, Outcome, Verdict};

const OK: &str = r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#;
const SEND: &str = "C2C.CallbackBeforeSendMsg";
const FRIENDS: &str = r#"{"FriendItem":[{"To_Account":"a"},{"To_Account":144115233775727695}]}"#;

fn map(value: Value) -> Map {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn deny(code: impl Into<Option<i64>>) -> Verdict {
    Verdict::Deny { code: code.into(), reason: "no \"x\"\n".into() }
}

fn answer(command: &str, body: &str, outcome: &Outcome) -> Response<Bytes> {
    let response = open_source().reply(&[one(command, body)], outcome);
    assert_eq!(response.headers()["content-type"], "application/json");
    response
}

/// A verdict that is permitted, and its reply, whether decided in time or not.
fn check(command: &str, body: &str, verdict: Verdict, expected: &str) {
    assert_eq!(open_source().permits(&one(command, body), &verdict), Ok(()), "{command}");
    for outcome in [Outcome::Decided(verdict.clone()), Outcome::TimedOut(verdict)] {
        let response = answer(command, body, &outcome);
        assert_eq!(response.status(), 200);
        assert_eq!(std::str::from_utf8(response.body()), Ok(expected), "{command}");
    }
}

fn forbidden(command: &str, verdict: &Verdict) {
    let result = open_source().permits(&one(command, "{}"), verdict);
    assert!(result.is_err(), "{command} {verdict:?}");
}

#[test]
fn what_is_kept_or_allowed_is_answered_with_ok() {
    assert_eq!(answer(COMMAND, BODY, &Outcome::Accepted).body(), OK);
    for verdict in [Verdict::Allow, Verdict::Abstain, Verdict::Flag("spam?".into())] {
        check(SEND, "{}", verdict.clone(), OK);
        check(COMMAND, BODY, verdict.clone(), OK);
        check("New.CallbackBefore", "{}", verdict, OK);
    }
    let batch = [one("Push.X", "{}"), one("Push.Y", "{}")];
    assert_eq!(open_source().reply(&batch, &Outcome::Accepted).body(), OK);
    assert_eq!(open_source().reply(&[], &Outcome::Accepted).body(), OK);
}

#[test]
fn what_cannot_be_kept_is_answered_with_a_failure() {
    let response = answer(COMMAND, BODY, &Outcome::Unavailable);
    assert_eq!(response.status(), 503);
    let body: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!((&body["ActionStatus"], &body["ErrorCode"]), (&json!("FAIL"), &json!(1)));
}

#[test]
fn a_refusal_carries_its_code_and_text() {
    let text = |code: i64| {
        format!(r#"{{"ActionStatus":"OK","ErrorInfo":"no \"x\"\n","ErrorCode":{code}}}"#)
    };
    check(SEND, "{}", deny(None), &text(1));
    check(SEND, "{}", deny(120_001), &text(120_001));
    check("Group.CallbackBeforeCreateTopic", "{}", deny(10_100), &text(10_100));
    check("Live.CallbackBeforeSendGift", "{}", deny(102_200), &text(102_200));
    check("Group.CallbackBeforeNewThing", "{}", deny(None), &text(1));
    check("Chatbot.OnC2CSignalMessage", "{}", deny(None), &text(1));
}

#[test]
fn a_message_can_be_dropped_or_replaced() {
    check(SEND, "{}", Verdict::Drop, r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":2}"#);
    let replaced = json!({"MsgBody": [{"MsgType": "TIMTextElem"}], "CloudCustomData": "c"});
    check(
        "Group.CallbackBeforeSendMsg",
        "{}",
        Verdict::Replace(map(replaced)),
        r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"CloudCustomData":"c","MsgBody":[{"MsgType":"TIMTextElem"}]}"#,
    );
}

#[test]
fn some_can_be_refused_and_a_chatbot_answered() {
    let check = |command, name: &str, value: &str| {
        let fields =
            Map::from_iter([(name.to_owned(), serde_json::from_str(value).expect("JSON"))]);
        let expected =
            format!(r#"{{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"{name}":{value}}}"#);
        check(command, "{}", Verdict::Answer(fields), &expected);
    };
    check("Group.CallbackBeforeInviteJoinGroup", "RefusedMembers_Account", r#"["a","b"]"#);
    check("OfficialAccount.CallbackBeforeAddSubscriber", "RefusedSubscribers_Account", "[]");
    check("Chatbot.OnC2CSignalMessage", "RspData", r#""{\"a\":1}""#);
}

#[test]
fn friends_are_judged_one_by_one() {
    let items = |code: i64, info: &str| {
        let item = |account: &str| {
            format!(r#"{{"ResultCode":{code},"ResultInfo":{info},"To_Account":{account}}}"#)
        };
        let (first, second) = (item("\"a\""), item("144115233775727695"));
        format!(
            r#"{{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ResultItem":[{first},{second}]}}"#
        )
    };
    let add = "Sns.CallbackPrevFriendAdd";
    check(add, FRIENDS, deny(None), &items(38_000, r#""no \"x\"\n""#));
    check(add, FRIENDS, deny(39_000), &items(39_000, r#""no \"x\"\n""#));
    check(add, FRIENDS, Verdict::Allow, &items(0, "\"\""));
    let answers = FRIENDS.replace("FriendItem", "ResponseFriendItem");
    let respond = "Sns.CallbackPrevFriendResponse";
    check(respond, &answers, deny(38_500), &items(38_500, r#""no \"x\"\n""#));
    let none = r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ResultItem":[]}"#;
    check(respond, r#"{"ResponseFriendItem":1}"#, deny(None), none);
    let own = json!({"ResultItem": [{"ResultCode": 38_001, "To_Account": "a"}]});
    let expected = r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ResultItem":[{"ResultCode":38001,"To_Account":"a"}]}"#;
    check(add, FRIENDS, Verdict::Answer(map(own)), expected);
}

#[test]
fn what_the_protocol_cannot_say_is_not_permitted() {
    for code in [0, 2, 10_016, 120_000, 130_001, -1, i64::MAX] {
        forbidden(SEND, &deny(code));
    }
    for code in [10_099, 10_201, 120_001] {
        forbidden("Group.CallbackBeforeSendMsg", &deny(code));
    }
    for code in [1, 37_999, 39_001] {
        forbidden("Sns.CallbackPrevFriendAdd", &deny(code));
    }
    forbidden("Group.CallbackBeforeNewThing", &deny(10_100));
    forbidden("Group.CallbackBeforeNewThing", &Verdict::Drop);
    forbidden("OfficialAccount.CallbackBeforeAddSubscriber", &deny(10_100));
    forbidden("Group.CallbackBeforeCreateGroup", &Verdict::Drop);
    forbidden("Group.CallbackBeforeCreateGroup", &Verdict::Replace(Map::new()));
    forbidden("New.Thing", &deny(None));
    forbidden(COMMAND, &deny(None));
    forbidden(COMMAND, &Verdict::Drop);
    let field = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
    forbidden(SEND, &Verdict::Replace(field("ErrorCode", json!(0))));
    forbidden(SEND, &Verdict::Replace(field("MsgBody", json!("text"))));
    forbidden(SEND, &Verdict::Replace(field("CloudCustomData", json!(1))));
    forbidden(SEND, &Verdict::Answer(Map::new()));
    let invite = "Group.CallbackBeforeInviteJoinGroup";
    forbidden(invite, &Verdict::Answer(field("RefusedMembers_Account", json!([1]))));
    forbidden(invite, &Verdict::Answer(field("RefusedSubscribers_Account", json!([]))));
}

#[test]
fn a_code_that_is_not_permitted_is_told_which_are() {
    let check = |command: &str, expected: &str| {
        let told = open_source().permits(&one(command, "{}"), &deny(5)).expect_err("refused");
        let expected = format!("{command} does not permit the code 5; it permits {expected}");
        assert_eq!(told.to_string(), expected);
    };
    check(SEND, "1 and 120001 to 130000");
    check("Sns.CallbackPrevFriendAdd", "38000 to 39000");
    check("Group.CallbackBeforeNewThing", "1");
}

#[test]
fn a_refused_call_is_told_its_kind_only() {
    let kinds = [
        (RefusalKind::Unauthenticated, 401),
        (RefusalKind::Method, 405),
        (RefusalKind::TooLarge, 413),
        (RefusalKind::Malformed, 400),
        (RefusalKind::Encoding, 415),
        (RefusalKind::Slow, 408),
    ];
    for (kind, status) in kinds {
        let response = open_source().refuse(&Refusal::new(kind, "reason").detail("secret"));
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("allow"), kind == RefusalKind::Method);
        let text = std::str::from_utf8(response.body()).expect("text");
        assert!(text.starts_with(r#"{"ActionStatus":"FAIL","ErrorInfo":""#), "{text}");
        assert!(text.ends_with(r#"","ErrorCode":1}"#) && !text.contains("reason"), "{text}");
    }
}
