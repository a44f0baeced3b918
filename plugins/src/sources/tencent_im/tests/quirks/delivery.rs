use switchhook_api::{Outcome, Verdict};

use super::*;

#[test]
fn the_sender_waits_two_seconds() {
    for phase in [Phase::Before, Phase::After] {
        assert_eq!(open_source().reply_timeout(phase), Duration::from_secs(2));
    }
}

#[test]
fn a_refusal_is_said_with_status_200_and_json() {
    for known in KNOWN.iter().filter(|known| known.spec.phase == Phase::Before) {
        let deny = Verdict::Deny { code: None, reason: "no".into() };
        let reply = open_source().reply(&[one(&known.spec.name, "{}")], &Outcome::Decided(deny));
        assert_eq!(reply.status(), 200, "{}", known.spec.name);
        assert_eq!(reply.headers()["content-type"], "application/json");
        let body: Value = serde_json::from_slice(reply.body()).expect("JSON");
        assert_eq!(body["ActionStatus"], "OK", "a failure would let it through");
    }
}

#[test]
fn a_friends_refusal_is_not_a_code_at_the_top() {
    let body = r#"{"FriendItem":[{"To_Account":"b"}]}"#;
    let deny = Verdict::Deny { code: Some(38_001), reason: "no".into() };
    let asked = one("Sns.CallbackPrevFriendAdd", body);
    let reply = open_source().reply(&[asked], &Outcome::Decided(deny));
    let reply: Value = serde_json::from_slice(reply.body()).expect("JSON");
    assert_eq!(reply["ErrorCode"], 0, "else the request would go on");
    assert_eq!(reply["ResultItem"][0]["ResultCode"], 38_001);
}

#[test]
fn a_call_that_cannot_be_kept_is_told_so_and_may_come_again() {
    let reply = open_source().reply(&[one(COMMAND, BODY)], &Outcome::Unavailable);
    assert_ne!(reply.status(), 200);
}

#[test]
fn a_message_that_comes_twice_has_the_same_natural_key() {
    let twice = |command: &str, body: Value| {
        let call = |request: &str| {
            let query = format!("SdkAppid={APP}&CallbackCommand={command}&RequestID={request}");
            open(&open_source(), &query, body.to_string()).expect("opened").remove(0).natural_key
        };
        assert!(call("1").is_some(), "{command}");
        assert_eq!(call("1"), call("2"), "{command}");
    };
    let message = json!({"From_Account": "a", "To_Account": "b", "MsgKey": "1_2_3"});
    twice("C2C.CallbackAfterSendMsg", message.clone());
    twice("Bot.OnC2CMessage", message.clone());
    twice("C2C.CallbackAfterMsgWithDraw", message);
    twice("Group.CallbackAfterSendMsg", json!({"GroupId": "g", "MsgSeq": 7, "Random": 9}));
    twice("ContentCallback.ResultNotify", json!({"CtxcbRequestId": "r"}));
}

#[test]
fn the_same_words_sent_twice_are_two_messages() {
    let key = |seq: u32| {
        let body = json!({"GroupId": "g", "MsgSeq": seq, "Random": 9, "MsgBody": []});
        natural_key("Group.CallbackAfterSendMsg", &body)
    };
    assert_ne!(key(7), key(8));
    let key = |key: &str| natural_key("C2C.CallbackAfterSendMsg", &json!({"MsgKey": key}));
    assert_ne!(key("1_2_3"), key("2_2_3"));
}

#[test]
fn a_change_that_can_come_again_has_no_natural_key() {
    let body = json!({"GroupId": "g", "Name": "n", "MsgKey": "k", "MsgSeq": 7, "Random": 9});
    for command in [
        "Group.CallbackAfterGroupInfoChanged",
        "Group.CallbackAfterModifyMsg",
        "C2C.CallbackAfterModifyMsg",
        "C2C.CallbackAfterC2CMsgExtension",
        "State.StateChange",
    ] {
        assert_eq!(natural_key(command, &body), None, "{command}");
    }
}

#[test]
fn a_gift_can_be_refused_and_its_switch_is_no_command() {
    let gift = &find("Live.CallbackBeforeSendGift").expect("known").spec;
    assert_eq!(gift.phase, Phase::Before);
    assert!(gift.about.contains("fails closed"), "{}", gift.about);
    assert!(find("Live.CallbackBeforeCallBackNotBlock").is_none());
}
