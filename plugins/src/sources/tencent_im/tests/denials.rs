//! A denial stays a denial: whatever handlers say, whom they refuse is refused in the protocol's own words.

use serde_json::{Value, json};
use switchhook_api::{Expressed, Map, NotPermitted, Outcome, Verdict};

use super::super::events::KNOWN;
use super::super::rule::Rule;
use super::*;

const FRIENDS: [&str; 2] = ["Sns.CallbackPrevFriendAdd", "Sns.CallbackPrevFriendResponse"];
const INVITE: &str = "Group.CallbackBeforeInviteJoinGroup";
const SUBSCRIBE: &str = "OfficialAccount.CallbackBeforeAddSubscriber";
const SEND: &str = "C2C.CallbackBeforeSendMsg";
const APPLY: &str = "Group.CallbackBeforeApplyJoinGroup";
const SIGNAL: &str = "Chatbot.OnC2CSignalMessage";

/// A question about the friends `a` and 7.
fn asked(command: &str) -> Callback {
    let list = if command == FRIENDS[1] { "ResponseFriendItem" } else { "FriendItem" };
    one(command, json!({list: [{"To_Account": "a"}, {"To_Account": 7}]}).to_string())
}

fn expressed(callback: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
    open_source().express(callback, verdict)
}

fn said(callback: &Callback, verdict: Verdict) -> Value {
    let response = open_source().reply(std::slice::from_ref(callback), &Outcome::Decided(verdict));
    assert_eq!(response.status(), 200, "another status lets it through");
    serde_json::from_slice(response.body()).expect("JSON")
}

/// The commands that can be refused, and one that is not known.
fn refusable() -> Vec<&'static str> {
    let known = KNOWN.iter().filter(|known| known.spec.is_decided());
    known.map(|known| &*known.spec.name).chain(["Group.CallbackBeforeNewThing"]).collect()
}

/// The codes that a reply refuses with: one, or one for each friend.
fn codes(command: &str, reply: &Value) -> Vec<i64> {
    if FRIENDS.contains(&command) {
        assert_eq!(reply["ErrorCode"], 0, "{command}: another code at the top lets all through");
        let items = reply["ResultItem"].as_array().expect("a list").iter();
        return items.map(|item| item["ResultCode"].as_i64().expect("a number")).collect();
    }
    vec![reply["ErrorCode"].as_i64().expect("a number")]
}

fn fits(command: &str, code: i64) -> bool {
    let known = KNOWN.iter().find(|known| known.spec.name == command);
    known.map_or(code == 1, |known| known.rule.has_code(code))
}

#[test]
fn a_denial_with_any_code_and_any_reason_refuses() {
    let edges = [1, 2, 3, 10_100, 10_200, 38_000, 39_000, 102_100, 102_200, 120_001, 130_000];
    let around = edges.into_iter().flat_map(|code| [code - 1, code, code + 1]);
    let numbers = around.chain([-1, i64::MIN, i64::MAX, 1 << 32]);
    let numbers: Vec<_> = numbers.map(Some).chain([None]).collect();
    let long = "é".repeat(4097);
    for command in refusable() {
        let callback = asked(command);
        for (code, reason) in numbers.iter().zip(["", "no", "\0\n\u{202e}\"", &long].iter().cycle())
        {
            let given = Verdict::Deny { code: *code, reason: (*reason).to_owned() };
            let said_as = expressed(&callback, given.clone()).expect("a denial");
            assert_eq!(said_as.lost.is_none(), said_as.verdict == given, "{command} {code:?}");
            let reply = said(&callback, said_as.verdict);
            let codes = codes(command, &reply);
            assert!(!codes.is_empty() && codes.iter().all(|one| *one != 0), "{command}: {reply}");
            for one in codes {
                let own = code.filter(|code| fits(command, *code));
                assert!(fits(command, one), "{command}: {one}");
                assert!(own.is_none_or(|own| own == one), "{command}: {one} for {own:?}");
            }
            assert!(reply.to_string().chars().count() < 2 * 4096 + 400, "{command} {code:?}");
        }
    }
}

#[test]
fn what_is_to_be_dropped_is_dropped_or_refused() {
    for command in refusable() {
        let callback = asked(command);
        let known = KNOWN.iter().find(|known| known.spec.name == command);
        let message = known.is_some_and(|known| matches!(known.rule, Rule::Message(_)));
        let said_as = expressed(&callback, Verdict::Drop).expect("a denial");
        assert_eq!(said_as.lost.is_none(), message, "{command}");
        let reply = said(&callback, said_as.verdict);
        assert!(codes(command, &reply).iter().all(|code| *code != 0), "{command}: {reply}");
    }
}

#[test]
fn what_has_happened_or_names_nobody_cannot_be_denied() {
    let check = |callback: &Callback, why: &str| {
        for verdict in [
            Verdict::Deny { code: None, reason: "no".into() },
            Verdict::Deny { code: Some(38_000), reason: String::new() },
            Verdict::Drop,
        ] {
            let error = expressed(callback, verdict).expect_err("nothing to deny");
            assert!(error.0.contains(why), "{error}");
        }
    };
    check(&one(COMMAND, BODY), "the event has already happened");
    check(&one("New.Thing", "{}"), "the event has already happened");
    for command in FRIENDS {
        for body in ["{}", r#"{"FriendItem":[]}"#, r#"{"FriendItem":[{},{"To_Account":null}]}"#] {
            let error =
                expressed(&one(command, body), Verdict::Deny { code: None, reason: "no".into() });
            let error = error.expect_err("there is nobody").0;
            assert!(error.contains("names no friend"), "{error}");
            assert!(expressed(&one(command, body), Verdict::Drop).is_err());
        }
    }
}

/// What an answer or a replacement comes to: the whole reply is a refusal, some are refused, it is dropped, or it is not said.
fn comes_to(command: &str, verdict: Verdict) -> Value {
    let callback = asked(command);
    let Ok(said_as) = expressed(&callback, verdict) else { return json!("not said") };
    let mut reply = said(&callback, said_as.verdict);
    if FRIENDS.contains(&command) {
        let items = reply["ResultItem"].as_array().expect("a list").iter();
        return items.map(|item| item["ResultCode"].clone()).collect();
    }
    match reply["ErrorCode"].as_i64() {
        Some(0) => {
            let lists = ["RefusedMembers_Account", "RefusedSubscribers_Account"];
            lists.iter().find_map(|name| reply.get_mut(*name).map(Value::take)).unwrap_or_default()
        }
        code => json!(code),
    }
}

fn map(fields: &Value) -> Map {
    fields.as_object().expect("an object").clone()
}

#[test]
fn whom_an_answer_refuses_is_refused_however_it_says_so() {
    let not = json!("not said");
    let item = |id: Value, code: Value| json!({"To_Account": id, "ResultCode": code});
    let a = |code: Value| json!([item(json!("a"), code)]);
    for (items, expected) in [
        (a(json!(38_001)), json!([38_001, 0])),
        (a(json!(1)), json!([38_000, 0])),
        (a(json!(37_999)), json!([38_000, 0])),
        (a(json!(-1)), json!([38_000, 0])),
        (a(json!("38001")), json!([38_001, 0])),
        (a(json!(38_001.5)), json!([38_000, 0])),
        (a(json!(true)), json!([38_000, 0])),
        (a(json!([0])), json!([38_000, 0])),
        (json!([{"To_Account": "a"}]), json!([38_000, 0])),
        (json!([{"To_Account": "a", "ResultInfo": 5}]), json!([38_000, 0])),
        (json!(["a", "zoe"]), json!([38_000, 0])),
        (json!({"To_Account": 7, "ResultCode": 1}), json!([0, 38_000])),
        (json!([item(json!("a"), json!(0)), item(json!("a"), json!(38_002))]), json!([38_002, 0])),
        (json!([item(json!("a"), json!(38_002)), item(json!("a"), json!(0))]), json!([38_002, 0])),
        (
            json!([item(json!("zoe"), json!(38_000)), item(json!("7"), json!(38_003))]),
            json!([0, 38_003]),
        ),
        (json!([item(json!([]), json!(38_000)), item(json!("a"), json!(0))]), json!([0, 38_000])),
        (json!({}), json!([38_000, 38_000])),
        (json!(true), json!([38_000, 38_000])),
        (json!([{"To_Account": "zoe", "ResultCode": 0}]), not.clone()),
        (json!([{"To_Account": [], "ResultCode": "0"}]), not.clone()),
        (json!([]), json!([0, 0])),
    ] {
        for command in FRIENDS {
            let answer = Verdict::Answer(map(&json!({"ResultItem": items})));
            assert_eq!(comes_to(command, answer), expected, "{command} {items}");
        }
    }
    for (members, expected) in [
        (json!(["a", "b"]), json!(["a", "b"])),
        (json!(["a", 7]), json!(["a", "7"])),
        (json!("a"), json!(["a"])),
        (json!(7), json!(["7"])),
        (json!(["a", null]), json!(1)),
        (json!([["a"]]), json!(1)),
        (json!({"a": true}), json!(1)),
        (json!(true), json!(1)),
        (json!(null), not.clone()),
        (json!([]), json!([])),
    ] {
        let answer = |name: &str| Verdict::Answer(map(&json!({name: members})));
        assert_eq!(comes_to(INVITE, answer("RefusedMembers_Account")), expected, "{members}");
        assert_eq!(
            comes_to(SUBSCRIBE, answer("RefusedSubscribers_Account")),
            expected,
            "{members}"
        );
        let elsewhere = if expected == json!([]) { not.clone() } else { expected };
        assert_eq!(comes_to(SUBSCRIBE, answer("RefusedMembers_Account")), elsewhere, "{members}");
    }
}

#[test]
fn a_code_or_a_list_of_the_refused_where_it_does_not_belong_refuses() {
    let not = json!("not said");
    for (command, fields, expected) in [
        (SEND, json!({"ErrorCode": 120_001, "ErrorInfo": "no"}), json!(120_001)),
        (SEND, json!({"ErrorCode": 5}), json!(1)),
        (SEND, json!({"ErrorCode": "1", "MsgBody": []}), json!(1)),
        (SEND, json!({"ErrorCode": {}}), json!(1)),
        (SEND, json!({"ErrorCode": 0}), not.clone()),
        (SEND, json!({"ErrorCode": "0", "ErrorInfo": "fine"}), not.clone()),
        (SEND, json!({"From_Account": "b"}), not.clone()),
        (APPLY, json!({"ErrorCode": 10_100}), json!(10_100)),
        (APPLY, json!({"RefusedMembers_Account": ["a"]}), json!(1)),
        (APPLY, json!({"RefusedMembers_Account": []}), not.clone()),
        (APPLY, json!({"ResultItem": [{"To_Account": "a", "ResultCode": 38_000}]}), json!(1)),
        (APPLY, json!({"RspData": "hi"}), not.clone()),
        (INVITE, json!({"ErrorCode": 0, "RefusedMembers_Account": ["a"]}), json!(["a"])),
        (INVITE, json!({"ErrorCode": 1, "RefusedMembers_Account": ["a"]}), json!(1)),
        (INVITE, json!({"ResultItem": [{"To_Account": "a"}]}), json!(1)),
        (INVITE, json!({"RspData": "hi"}), not.clone()),
        (SIGNAL, json!({"ErrorCode": 7}), json!(1)),
        (SIGNAL, json!({"RspData": {}}), not.clone()),
        (FRIENDS[0], json!({"ErrorCode": 38_005}), json!([38_005, 38_005])),
        (FRIENDS[0], json!({"ErrorCode": 1}), json!([38_000, 38_000])),
        (FRIENDS[0], json!({"RefusedMembers_Account": ["a"]}), json!([38_000, 38_000])),
        (COMMAND, json!({"ErrorCode": 1}), not.clone()),
        ("New.Thing", json!({"RefusedMembers_Account": ["a"]}), not),
    ] {
        for verdict in [Verdict::Answer, Verdict::Replace] {
            let shown = format!("{command} {fields}");
            assert_eq!(comes_to(command, verdict(map(&fields))), expected, "{shown}");
        }
    }
}

#[test]
fn a_message_of_which_nothing_is_left_is_dropped() {
    for command in [SEND, "Group.CallbackBeforeSendMsg", "OfficialAccount.CallbackBeforeSendMsg"] {
        for fields in [json!({"MsgBody": []}), json!({"MsgBody": [], "CloudCustomData": "c"})] {
            let said_as = expressed(&asked(command), Verdict::Replace(map(&fields)));
            let said_as = said_as.expect("dropped");
            assert_eq!(said_as.verdict, Verdict::Drop, "{command}");
            assert!(said_as.lost.is_some_and(|lost| lost.contains("empty `MsgBody`")), "{command}");
        }
    }
}
