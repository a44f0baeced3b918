use switchhook_api::Phase;

use super::*;

fn check(body: impl AsRef<[u8]>, reason: &str) {
    let query = format!("SdkAppid={APP}&CallbackCommand={COMMAND}");
    refused(open(&open_source(), &query, body), RefusalKind::Malformed, reason);
}

#[test]
fn a_body_is_kept_byte_for_byte() {
    let odd = " \r\n{\"x\" : 1.50,\t\"\\u0047roupId\":\"g\", \"x\":2}\n";
    let callback = one(COMMAND, odd);
    assert_eq!(callback.body, odd);
    assert_eq!(callback.facts.key.as_deref(), Some("1400000000/group/g"));
}

#[test]
fn what_is_not_one_json_object_is_refused() {
    for body in
        ["", " ", "[]", "null", "\"{}\"", "1", "\u{feff}", "\u{feff}[]", " \u{feff}{}", "}{"]
    {
        check(body, "body_not_an_object");
    }
    let broken = [
        "{",
        "{}{}",
        "{} x",
        "{}]",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":NaN}",
        "{\"a\":01}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\"}",
        "{\"GroupId\":\"",
        "{}\0",
        "{a:1}",
    ];
    for body in broken {
        check(body, "body_not_json");
    }
    for bytes in [&b"{\"a\":\"\xff\"}"[..], b"{\"a\":\"\xed\xa0\x80\"}", b"\xff\xfe{\0}\0"] {
        check(bytes, "body_not_utf8");
    }
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(one(COMMAND, nested(63)).body, nested(63));
    check(nested(64), "body_too_deep");
    check("{\"a\":".repeat(100_000), "body_too_deep");
    check("[".repeat(100_000), "body_too_deep");
    let wide = format!("{{\"a\":[{}{{}}]}}", "[],".repeat(1000));
    one(COMMAND, &wide);
    let quoted = format!("{{\"a\":\"\\\"{}\", \"b\": []}}", "[{".repeat(100));
    one(COMMAND, &quoted);
    let known = format!("{{\"GroupId\":{}1{}}}", "[".repeat(63), "]".repeat(63));
    one(COMMAND, &known);
}

#[test]
fn a_key_of_ours_that_comes_twice_is_refused() {
    let command = format!("\"CallbackCommand\":\"{COMMAND}\"");
    for second in [&command, "\"CallbackCommand\":\"A.B\"", "\"\\u0043allbackCommand\":null"] {
        check(format!("{{{command},{second}}}"), "duplicate_key");
    }
    check("{\"GroupId\":\"a\",\"GroupId\":\"b\"}", "duplicate_key");
}

#[test]
fn the_command_of_query_and_body_agree() {
    for own in ["\"A.B\"", "\"group.CallbackAfterTopicInfoChanged\"", "1", "[]", "{}", "true"] {
        check(format!("{{\"CallbackCommand\":{own}}}"), "command_mismatch");
    }
    for own in ["{}", "{\"CallbackCommand\":\"\"}", "{\"CallbackCommand\":null}", BODY] {
        assert_eq!(one(COMMAND, own).command(), COMMAND);
    }
    assert_eq!(
        one("ContentCallback.ResultNotify", "{\"Scene\":\"C2C\"}").facts.phase,
        Phase::After
    );
}

#[test]
fn unknown_commands_are_kept() {
    let check = |command: &str, phase| {
        let callback = one(command, "{\"GroupId\":\"g\"}");
        assert_eq!((callback.command(), callback.facts.phase), (command, phase));
        assert_eq!(callback.natural_key, None);
    };
    check("Group.CallbackBeforeNewThing", Phase::Before);
    check("New.Thing", Phase::After);
}

#[test]
fn order_hangs_on_what_the_event_is_about() {
    let check = |command: &str, body: &str, key: Option<&str>| {
        let key = key.map(|key| format!("{APP}/{key}"));
        assert_eq!(one(command, body).facts.key.as_deref(), key.as_deref(), "{command} {body}");
    };
    check(COMMAND, r#"{"GroupId":"g","TopicId":""}"#, Some("group/g"));
    check(COMMAND, r#"{"GroupId":"g","TopicId":"t"}"#, Some("group/g/topic/t"));
    check(COMMAND, r#"{"GroupId":["g"]}"#, None);
    check("C2C.CallbackAfterSendMsg", r#"{"From_Account":"b","To_Account":"a"}"#, Some("c2c/a/b"));
    check("C2C.CallbackAfterSendMsg", r#"{"From_Account":"a","To_Account":"b"}"#, Some("c2c/a/b"));
    check(
        "C2C.CallbackAfterMsgReport",
        r#"{"Report_Account":"b","Peer_Account":"a"}"#,
        Some("c2c/a/b"),
    );
    check("C2C.CallbackAfterMsgReadAll", r#"{"Report_Account":"b"}"#, Some("account/b"));
    check(
        "Sns.CallbackPrevFriendAdd",
        r#"{"Requester_Account":"r","From_Account":"b"}"#,
        Some("account/b"),
    );
    check(
        "Sns.CallbackFriendAdd",
        r#"{"PairList":[{"From_Account":"a","To_Account":"b"}]}"#,
        Some("account/a"),
    );
    check("Sns.CallbackFriendAdd", r#"{"PairList":[]}"#, None);
    check("State.StateChange", r#"{"Info":{"To_Account":"a"}}"#, Some("account/a"));
    check("State.StateChange", r#"{"Info":"a"}"#, None);
    check(
        "Profile.CallbackPortraitSet",
        r#"{"Operator_Account":"o","From_Account":"a"}"#,
        Some("account/a"),
    );
    check(
        "OfficialAccount.CallbackAfterSendMsg",
        r#"{"Official_Account":"a"}"#,
        Some("official/a"),
    );
    check(
        "Live.CallbackAfterCreateRoom",
        r#"{"Operator_Account":"o","RoomInfo":{"RoomId":"r"}}"#,
        Some("room/r"),
    );
    check("Mic.CallbackAfterSeatInfoChanged", r#"{"RoomId":"r"}"#, Some("room/r"));
    check(
        "Call.CallbackAfterEndCall",
        r#"{"CallRecord":{"CallId":144115233775727695}}"#,
        Some("call/144115233775727695"),
    );
    check("Alert.RequestOverLimit", "{}", None);
    let long = one(COMMAND, format!("{{\"GroupId\":\"{}\"}}", "g".repeat(2000))).facts.key;
    let long = long.expect("a key");
    assert!(long.starts_with("1400000000/sha256:") && long.len() < 128, "{long}");
}

#[test]
fn only_what_is_surely_the_same_event_has_a_natural_key() {
    let key = |command: &str, body: &str| one(command, body).natural_key.map(|key| key.to_string());
    let message = r#"{"From_Account":"a","To_Account":"b","MsgKey":"1_2_3"}"#;
    assert_eq!(
        key("C2C.CallbackBeforeSendMsg", message).as_deref(),
        Some("1400000000/C2C.CallbackBeforeSendMsg/5:1_2_3/1:a/1:b")
    );
    assert_eq!(key("C2C.CallbackAfterModifyMsg", message), None, "it can be edited again");
    assert_eq!(key("C2C.CallbackBeforeSendMsg", r#"{"From_Account":"a"}"#), None);
    let failed = key("C2C.CallbackAfterSendMsg", r#"{"MsgKey":"1","SendMsgResult":20006}"#);
    assert_ne!(failed, key("C2C.CallbackAfterSendMsg", r#"{"MsgKey":"1","SendMsgResult":0}"#));
    let group = r#"{"GroupId":"g","From_Account":"a","MsgSeq":7,"Random":2804799576}"#;
    assert_eq!(
        key("Group.CallbackAfterSendMsg", group).as_deref(),
        Some("1400000000/Group.CallbackAfterSendMsg/1:g/1:7/10:2804799576/0:/1:a")
    );
    assert_eq!(key("Group.CallbackAfterSendMsg", r#"{"GroupId":"g","MsgSeq":7}"#), None);
    assert_eq!(key(COMMAND, BODY), None, "a name can change there and back");
    let content = key("ContentCallback.ResultNotify", r#"{"CtxcbRequestId":"r"}"#);
    assert_eq!(content.as_deref(), Some("1400000000/ContentCallback.ResultNotify/1:r"));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_body() {
    for mark in ["\u{feff}", "\u{feff}\u{feff}", "\u{feff}\r\n "] {
        let callback = one(COMMAND, format!("{mark}{BODY}"));
        let kept = format!("{mark}{BODY}").replace('\u{feff}', "");
        assert_eq!(callback.body, kept);
        assert_eq!(callback.facts.key.as_deref(), Some("1400000000/group/@TGS#2J4SZEAEL"));
    }
    let batch = "\u{feff}{\"Events\":[{\"CallbackCommand\":\"Push.X\"},{\"a\":1}]}";
    let query = format!("SdkAppid={APP}&CallbackCommand=Push.AllMemberPush");
    let callbacks = open(&open_source(), &query, batch).expect("opened");
    let bodies: Vec<_> = callbacks.iter().map(|one| one.body.clone()).collect();
    assert_eq!(bodies, ["{\"CallbackCommand\":\"Push.X\"}", "{\"a\":1}"]);
}

#[test]
fn half_a_surrogate_pair_loses_no_event() {
    let cut = [r"\ud83d", r"\uDE00", r"a\ud83d\ud83d\ude00", r"\ude00\ud83d"];
    for cut in cut {
        let check = |body: &str, key: Option<&str>| {
            let callback = one("Group.CallbackAfterSendMsg", body);
            assert_eq!(callback.body, body, "as it came");
            assert_eq!(callback.natural_key, None, "what looks alike may differ: {body}");
            let found = callback.facts.key.as_deref();
            assert_eq!(found.map(|found| found.contains("/group/")), key.map(|_| true), "{body}");
        };
        let rest = r#""MsgSeq":1,"Random":2"#;
        check(&format!(r#"{{"GroupId":"{cut}",{rest}}}"#), Some(""));
        check(&format!(r#"{{"{cut}":1,"GroupId":"g\ud800",{rest}}}"#), Some(""));
        check(&format!(r#"{{"GroupId":"g","TopicId":"{cut}",{rest}}}"#), Some(""));
        let name = one(COMMAND, format!(r#"{{"GroupId":"g","Name":"{cut}"}}"#));
        assert_eq!(name.facts.key.as_deref(), Some("1400000000/group/g"));
    }
    let batch = r#"{"Events":[{"To_Account":"a\ud83d"},{"To_Account":"b","x":"\ud83d"}]}"#;
    let query = format!("SdkAppid={APP}&CallbackCommand=Push.AllMemberPush");
    let callbacks = open(&open_source(), &query, batch).expect("opened");
    let bodies: Vec<_> = callbacks.iter().map(|one| one.body.clone()).collect();
    assert_eq!(bodies, [r#"{"To_Account":"a\ud83d"}"#, r#"{"To_Account":"b","x":"\ud83d"}"#]);
    check("{\"GroupId\":\"\\ud83d\",\"GroupId\":\"b\"}", "duplicate_key");
    check("{\"GroupId\":\"\\ud83d\"", "body_not_json");
}
