use super::*;

#[test]
fn moderation_results_are_known_by_the_query_alone() {
    let command = "ContentCallback.ResultNotify";
    for body in [json!({"Scene": "C2C"}), json!({"CallbackCommand": "", "Scene": "C2C"})] {
        let callback = one(command, body.to_string());
        assert_eq!(callback.command(), command);
        assert_eq!(event::<ContentCallbackResultNotify>(&body).scene.as_deref(), Some("C2C"));
    }
}

#[test]
fn a_body_that_names_another_command_is_refused() {
    let query = format!("SdkAppid={APP}&CallbackCommand={COMMAND}");
    let other = json!({"CallbackCommand": "Group.CallbackAfterSendMsg"}).to_string();
    refused(open(&open_source(), &query, other), RefusalKind::Malformed, "command_mismatch");
}

#[test]
fn keys_come_in_any_order() {
    let command = "Group.CallbackAfterSendMsg";
    let ours = r#"{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"g","From_Account":"a","MsgSeq":7,"Random":9,"MsgBody":[]}"#;
    let sorted = r#"{"From_Account":"a","GroupId":"g","MsgBody":[],"CallbackCommand":"Group.CallbackAfterSendMsg","MsgSeq":7,"Random":9}"#;
    let (ours, sorted) = (one(command, ours), one(command, sorted));
    assert!(ours.natural_key.is_some());
    assert_eq!((&ours.natural_key, &ours.facts.key), (&sorted.natural_key, &sorted.facts.key));
    let read = |callback: &Callback| callback.event::<GroupAfterSendMsg>().expect("an event");
    assert_eq!(read(&ours), read(&sorted));
}

#[test]
fn undocumented_keys_are_kept() {
    let body = json!({
        "SyncOtherMachine": 1, "SupportMessageExtension": 0, "RequestID": "r", "InviteOption": "x",
    });
    let event: GroupBeforeSendMsg = event(&body);
    assert_eq!(serde_json::Value::Object(event.other), body);
}

#[test]
fn unknown_commands_of_other_peoples_code_are_taken_in() {
    for command in [
        "C2C.CallbackAfterSendMsgException",
        "Group.CallbackAfterMsgWithDraw",
        "Group.CallbackAfterSendMsgException",
        "Group.CallbackAfterMemberInfoChanged",
        "Push.TagPush",
        "Push.SinglePush",
    ] {
        assert!(find(command).is_none(), "{command}");
        let callback = one(command, r#"{"GroupId":"g","x":1.0}"#);
        assert_eq!((callback.command(), callback.facts.phase), (command, Phase::After));
        assert_eq!(callback.facts.key.as_deref(), Some("1400000000/group/g"));
        assert_eq!(callback.body, r#"{"GroupId":"g","x":1.0}"#);
    }
}

#[test]
fn the_order_of_messages_can_be_found_again() {
    let message: C2cAfterSendMsg = event(&json!({"MsgTime": 1_767_225_600, "MsgSeq": 9}));
    let later: C2cAfterSendMsg = event(&json!({"MsgTime": "1767225600", "MsgSeq": "10"}));
    let place = |event: &C2cAfterSendMsg| (event.msg_time, event.msg_seq);
    assert!(place(&message) < place(&later));
}

#[test]
fn a_message_has_elements_of_every_kind() {
    let elements = json!([
        {"MsgType": "TIMTextElem", "MsgContent": {"Text": "a"}},
        {"MsgType": "TIMLocationElem", "MsgContent": {"Desc": "b", "Latitude": 47.5, "Longitude": 7.6}},
        {"MsgType": "TIMFaceElem", "MsgContent": {"Index": 1, "Data": "c"}},
        {"MsgType": "TIMCustomElem", "MsgContent": {"Data": "d", "Desc": "", "Ext": "", "Sound": ""}},
        {"MsgType": "TIMSoundElem", "MsgContent": {"Url": "e", "Second": 1}},
        {"MsgType": "TIMImageElem", "MsgContent": {"ImageInfoArray": [{"Type": 1, "URL": "f"}]}},
        {"MsgType": "TIMFileElem", "MsgContent": {"FileName": "g"}},
        {"MsgType": "TIMVideoFileElem", "MsgContent": {"VideoUrl": "h"}},
        {"MsgType": "TIMRelayElem", "MsgContent": {"MsgNum": 2, "MsgList": []}},
        {"MsgType": "TIMNewElem", "MsgContent": ["no", "object"], "More": null},
        {"NoType": 1},
    ]);
    let read: C2cBeforeSendMsg = event(&json!({"MsgBody": elements}));
    let read = read.msg_body.expect("a message");
    for (element, came) in read.iter().zip(elements.as_array().expect("a list")) {
        assert_eq!(serde_json::to_value(element).expect("JSON"), *came);
        assert_eq!(element.msg_type.as_deref(), came["MsgType"].as_str());
        assert_eq!(element.msg_content.as_ref(), came["MsgContent"].as_object());
    }
    assert_eq!(read.len(), 11);
    assert_eq!(read.iter().filter_map(MsgElement::text).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn ids_of_groups_are_opaque() {
    for id in ["@TGS#2CHESSCLUB", "0b1f9f0e-52a1-4a57-8c0e-5b5a3f2f3f11", "12345", "a/b c"] {
        let key = ordering_key("Group.CallbackAfterSendMsg", &json!({"GroupId": id}));
        assert_eq!(key, Some(format!("group/{id}")));
    }
}

#[test]
fn a_topic_orders_within_its_group_and_an_empty_one_is_none() {
    let command = "Group.CallbackAfterModifyMsg";
    let (group, topic) = ("@TGS#_CLUB", "@TGS#_CLUB@TOPIC#_LUNCH");
    let in_topic = ordering_key(command, &json!({"GroupId": group, "TopicId": topic}));
    assert_eq!(in_topic, Some(format!("group/{group}/topic/{topic}")));
    let whole = Some(format!("group/{group}"));
    assert_eq!(ordering_key(command, &json!({"GroupId": group, "TopicId": ""})), whole);
    assert_eq!(ordering_key(command, &json!({"GroupId": group})), whole);
    let outside = event::<GroupAfterModifyMsg>(&json!({"TopicId": ""})).topic_id;
    assert_eq!(outside.as_deref(), Some(""));
}

#[test]
fn a_changed_topic_is_read_with_and_without_its_undocumented_id() {
    let without: GroupAfterTopicInfoChanged = event(&json!({"GroupId": "g", "Name": "n"}));
    assert_eq!(without.topic_id, None);
    let with: GroupAfterTopicInfoChanged = event(&json!({"GroupId": "g", "TopicId": "t"}));
    assert_eq!(with.topic_id.as_deref(), Some("t"));
}
