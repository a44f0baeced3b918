//! What a verdict may be, and what the sender hears.

use http::Response;
use serde_json::{Value, json};
use switchhook_api::{Expressed, Map, NotPermitted, Outcome, Verdict};

use super::*;

const BASE: &str = "command = { header = \"X-Event\" }\nbefore = [\"ask\"]\n";

fn deny(code: impl Into<Option<i64>>) -> Verdict {
    Verdict::Deny { code: code.into(), reason: "no \"x\"\n".to_owned() }
}

fn heard(response: &Response<Bytes>) -> (u16, Value) {
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON"))
}

/// What is heard after each outcome: kept, allowed, denied, denied at the deadline, not kept.
fn outcomes(replies: &str) -> [(u16, Value); 5] {
    let source = source(&format!("{BASE}{replies}"));
    let callback = [event("ask").open(&source).expect("opened")];
    [
        Outcome::Accepted,
        Outcome::Decided(Verdict::Allow),
        Outcome::Decided(deny(None)),
        Outcome::TimedOut(deny(None)),
        Outcome::Unavailable,
    ]
    .map(|outcome| heard(&source.reply(&callback, &outcome)))
}

#[test]
fn the_usual_replies_need_no_options() {
    let (yes, no) = ((200, json!({"ok": true})), (403, json!({"ok": false})));
    let down = (503, json!({"ok": false}));
    assert_eq!(outcomes(""), [yes.clone(), yes, no.clone(), no, down]);
}

#[test]
fn every_reply_can_be_spelt_otherwise() {
    let replies = "
[replies]
allow = { status = 201, body = { code = 0 } }
deny = { status = 200, body = { code = 7, error = { kind = \"policy\" } }, reason_at = \"/error/text\" }
unavailable = { status = 500, body = { code = [1] } }
";
    let yes = (201, json!({"code": 0}));
    let no = (200, json!({"code": 7, "error": {"kind": "policy", "text": "no \"x\"\n"}}));
    let down = (500, json!({"code": [1]}));
    assert_eq!(outcomes(replies), [yes.clone(), yes, no.clone(), no, down]);
    let [_, _, no, ..] = outcomes("replies.deny.reason_at = \"/a/b\"");
    assert_eq!(no, (403, json!({"ok": false, "a": {"b": "no \"x\"\n"}})));
}

#[test]
fn what_cannot_be_said_is_not_permitted_and_says_why() {
    let source = source(BASE);
    let check = |command: &str, verdict: Verdict, why: &str| {
        let callback = event(command).open(&source).expect("opened");
        let expressed = source.express(&callback, verdict.clone());
        let (said, error) = match expressed {
            Ok(Expressed { verdict, lost, .. }) => (Some(verdict), lost),
            Err(NotPermitted(why)) => (None, Some(why)),
        };
        match why {
            "" => assert_eq!((said, error), (Some(verdict), None), "{command}"),
            why => {
                let denied = matches!(verdict, Verdict::Deny { .. } | Verdict::Drop);
                assert_eq!(said.is_some(), denied && command == "ask", "{verdict:?}");
                let error = error.expect(why);
                assert!(!error.contains(command) && error.contains(why), "{error}");
            }
        }
    };
    for command in ["ask", "told"] {
        for verdict in [Verdict::Allow, Verdict::Abstain, Verdict::Flag("spam?".to_owned())] {
            check(command, verdict, "");
        }
        check(command, Verdict::Replace(Map::new()), "verdict `replace`");
        check(command, Verdict::Answer(Map::new()), "verdict `answer`");
    }
    check("ask", deny(None), "");
    check("ask", deny(0), "code 0");
    check("ask", Verdict::Drop, "verdict `drop`");
    for denial in [deny(None), deny(7), Verdict::Drop] {
        check("told", denial, "`before` lists");
    }
}

#[test]
fn where_a_denial_is_not_understood_it_is_not_permitted() {
    let source = source(&format!("{BASE}replies.deny.permitted = false"));
    let callback = event("ask").open(&source).expect("opened");
    for denial in [deny(None), deny(7), Verdict::Drop] {
        let error = source.express(&callback, denial).expect_err("refused").0;
        assert!(error.contains("replies.deny.permitted"), "{error}");
    }
    let allow = source.express(&callback, Verdict::Allow);
    assert_eq!(allow, Ok(Expressed::exact(Verdict::Allow)));
}

#[test]
fn a_denial_is_heard_as_one_whatever_of_it_can_be_said() {
    let long = "é".repeat(5000);
    let replies = [
        "",
        "replies.deny.reason_at = \"/why\"",
        "[replies]\nallow.body = { say = \"yes\" }\ndeny = { status = 200, body = { say = \"no\" }, reason_at = \"/say\" }",
        "[replies]\nallow.body = { ok = true, say = \"\" }\ndeny = { status = 200, body = { ok = true }, reason_at = \"/say\" }",
        "[replies]\nallow.body = { say = \"denied\" }\ndeny = { status = 200, body = {}, reason_at = \"/say\" }",
    ];
    for replies in replies {
        let source = source(&format!("{BASE}{replies}"));
        let callback = [event("ask").open(&source).expect("opened")];
        let heard = |verdict| heard(&source.reply(&callback, &Outcome::Decided(verdict)));
        let yes = heard(Verdict::Allow);
        let denials =
            ["", "no", "yes", "denied", "\u{0}\n\u{202e}", &*long].into_iter().flat_map(|reason| {
                [None, Some(0), Some(i64::MIN)]
                    .map(|code| Verdict::Deny { code, reason: reason.to_owned() })
            });
        for given in denials.chain([Verdict::Drop]) {
            let said = source.express(&callback[0], given.clone()).expect("a denial");
            let reply = heard(said.verdict.clone());
            assert_ne!(reply, yes, "{replies} {given:?}");
            assert!(reply.1.to_string().chars().count() < 4200, "{replies} {given:?}");
            assert_eq!(said.lost.is_none(), said.verdict == given, "{replies} {given:?}");
        }
    }
}

#[test]
fn a_refused_call_is_told_its_kind_only() {
    let plain = source(BASE);
    let own = source(&format!("{BASE}replies.refused = {{ status = 418, body = {{ e = 1 }} }}"));
    let kinds = [
        (RefusalKind::Unauthenticated, 401),
        (RefusalKind::Method, 405),
        (RefusalKind::TooLarge, 413),
        (RefusalKind::Malformed, 400),
        (RefusalKind::Encoding, 415),
        (RefusalKind::Slow, 408),
    ];
    for (kind, status) in kinds {
        let refusal = Refusal::new(kind, "reason").detail("secret");
        let response = plain.refuse(&refusal);
        assert_eq!(heard(&response), (status, json!({"ok": false})));
        assert_eq!(response.headers().contains_key("allow"), kind == RefusalKind::Method);
        assert_eq!(heard(&own.refuse(&refusal)), (418, json!({"e": 1})));
    }
}

#[test]
fn the_sender_is_as_patient_as_it_is_said_to_be() {
    use std::time::Duration;
    use switchhook_api::Phase;
    let check = |options: &str, before: u64, after: u64| {
        let source = source(&format!("{BASE}{options}"));
        for (phase, seconds) in [(Phase::Before, before), (Phase::After, after)] {
            assert_eq!(source.reply_timeout(phase), Duration::from_secs(seconds), "{options}");
        }
    };
    check("", 2, 2);
    check("patience = \"5s\"", 5, 5);
    check("reply_timeout.before = \"3s\"", 3, 2);
    check("patience = \"5s\"\nreply_timeout.after = \"1s\"", 5, 1);
    check("reply_timeout = { before = \"3s\", after = \"9s\" }", 3, 9);
}
