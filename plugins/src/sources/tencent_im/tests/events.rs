use serde_json::{Value, json};
use switchhook_api::{Callback, Event, Phase};

use super::super::events::*;

/// Reads a body as an event, and sees that nothing of it is lost.
fn read<T: Event + serde::Serialize>(body: &Value) -> T {
    let callback = Callback::new(T::COMMAND, Phase::After, "7", body.to_string().into());
    let event: T = callback.event().expect(T::COMMAND);
    assert_eq!(serde_json::to_value(&event).expect("JSON"), *body, "{}", T::COMMAND);
    event
}

#[test]
fn every_field_may_be_missing_empty_or_null() {
    assert_eq!(
        read::<GroupAfterGroupInfoChanged>(&json!({})),
        GroupAfterGroupInfoChanged::default()
    );
    let event = read::<GroupAfterGroupInfoChanged>(
        &json!({"Name": null, "Introduction": "", "EventTime": ""}),
    );
    assert_eq!(
        (event.name, event.introduction.as_deref(), event.event_time),
        (None, Some(""), None)
    );
}

#[test]
fn a_number_may_be_text_and_the_other_way_round() {
    let event = read::<C2cAfterSendMsg>(
        &json!({"MsgSeq": "48374", "MsgTime": "1767225600", "To_Account": 144_115_233_775_727_695_i64}),
    );
    assert_eq!((event.msg_seq, event.msg_time), (Some(48374), Some(Seconds(1_767_225_600))));
    assert_eq!(event.to_account.as_deref(), Some("144115233775727695"));
    let largest = read::<C2cAfterSendMsg>(&json!({"To_Account": u64::MAX, "MsgRandom": u32::MAX}));
    assert_eq!(largest.to_account.as_deref(), Some("18446744073709551615"));
    assert_eq!(largest.msg_random, Some(4_294_967_295));
}

#[test]
fn a_flag_may_be_text() {
    let disabled = |value: Value| {
        let body = json!({"RoomInfo": {"IsCloudRecordingDisabled": value}});
        read::<RoomAfterUpdateRoomInfo>(&body)
            .room_info
            .expect("a room")
            .is_cloud_recording_disabled
    };
    assert_eq!(disabled(json!("false")), Some(false));
    assert_eq!(disabled(json!("True")), Some(true));
    assert_eq!(disabled(json!(1)), Some(true));
    assert_eq!(disabled(json!(2)), None);
    assert_eq!(disabled(json!(true)), Some(true));
}

#[test]
fn a_list_may_be_its_only_item_and_may_hold_other_things() {
    let topics =
        |list: Value| read::<GroupAfterTopicDestroyed>(&json!({"TopicIdList": list})).topic_id_list;
    assert_eq!(topics(json!("t")), Some(vec!["t".to_owned()]));
    assert_eq!(topics(json!(["t", {}, 7])), Some(vec!["t".to_owned(), "7".to_owned()]));
    assert_eq!(topics(json!("")), None);
    let one = read::<GroupAfterNewMemberJoin>(
        &json!({"NewMemberList": {"Member_Account": "a", "More": 1}}),
    );
    assert_eq!(one.new_member_list.expect("a list")[0].member_account.as_deref(), Some("a"));
}

#[test]
fn times_have_their_unit() {
    let time = "2026-01-01T00:00:00.123Z".parse().ok();
    let event = read::<GroupAfterGroupInfoChanged>(&json!({"EventTime": "1767225600123"}));
    assert_eq!(event.event_time.and_then(Milliseconds::timestamp), time);
    let second = "2026-01-01T00:00:00Z".parse().ok();
    let push = read::<PushOfflinePush>(&json!({"EventTime": 1_767_225_600}));
    assert_eq!(push.event_time.and_then(Seconds::timestamp), second);
    assert_eq!(Milliseconds(i64::MAX).timestamp(), None);
}

#[test]
fn a_changed_field_is_written_as_it_is_now() {
    let body = json!({"GroupId": 7, "Name": "old", "EventTime": "5", "Other": [1]});
    let mut event: GroupAfterGroupInfoChanged = serde_json::from_value(body).expect("an event");
    event.group_id = Some("g".into());
    event.name = None;
    event.event_time = None;
    event.operator_account = Some("a".into());
    let written = serde_json::to_value(&event).expect("JSON");
    assert_eq!(written, json!({"GroupId": "g", "Operator_Account": "a", "Other": [1]}));
}

#[test]
fn the_text_of_a_message_is_found() {
    let body = json!({"MsgBody": [
        {"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}},
        {"MsgType": "TIMFaceElem", "MsgContent": {"Text": "no"}},
        {"MsgType": "TIMNewElem", "MsgContent": 7},
    ]});
    let elements = read::<GroupBeforeSendMsg>(&body).msg_body.expect("a message");
    assert_eq!(
        elements.iter().map(MsgElement::text).collect::<Vec<_>>(),
        [Some("hello"), None, None]
    );
}

#[test]
fn an_event_of_another_command_is_not_read() {
    let callback = Callback::new("Group.CallbackAfterCreateTopic", Phase::After, "7", "{}".into());
    assert!(callback.event::<GroupAfterGroupInfoChanged>().is_err());
}
