use super::*;

#[test]
fn a_delivery_that_failed_is_an_event_of_its_own() {
    let failed = json!({"MsgKey": "1_2_3", "SendMsgResult": 20_006, "UnreadMsgNum": -1, "ErrorInfo": "refused"});
    let read: C2cAfterSendMsg = event(&failed);
    assert_eq!((read.send_msg_result, read.unread_msg_num), (Some(20_006), Some(-1)));
    let delivered = json!({"MsgKey": "1_2_3", "SendMsgResult": 0, "UnreadMsgNum": 1});
    let key = |body| natural_key("C2C.CallbackAfterSendMsg", body);
    assert_ne!(key(&failed), key(&delivered));
}

#[test]
fn an_error_in_a_request_is_a_fact_and_not_a_reply() {
    let group: GroupSendMsgException = event(&json!({"ErrorCode": 10_017, "ErrorInfo": "muted"}));
    assert_eq!((group.error_code, group.error_info.as_deref()), (Some(10_017), Some("muted")));
    let c2c: C2cAfterSendMsg = event(&json!({"ErrorInfo": "send msg succeed"}));
    let bot: BotOnC2cMessage = event(&json!({"ErrorInfo": "send msg succeed"}));
    assert_eq!(c2c.error_info, bot.error_info);
    let failed =
        one("Group.CallbackSendMsgException", r#"{"ErrorCode":10017,"ErrorInfo":"muted"}"#);
    let reply = open_source().reply(&[failed], &switchhook_api::Outcome::Accepted);
    assert_eq!(reply.body(), r#"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#);
}

#[test]
fn changed_details_hold_only_what_changed() {
    let event: GroupAfterGroupInfoChanged = event(&json!({"GroupId": "g", "Notification": ""}));
    assert_eq!(event.notification.as_deref(), Some(""), "it was emptied");
    assert_eq!((event.name, event.introduction, event.face_url), (None, None, None));
}

#[test]
fn a_dissolved_community_has_no_member_list() {
    let community: GroupAfterGroupDestroyed = event(&json!({"Type": "Community"}));
    assert_eq!(community.member_list, None);
    let empty: GroupAfterGroupDestroyed = event(&json!({"MemberList": []}));
    assert_eq!(empty.member_list, Some(Vec::new()));
}

#[test]
fn a_login_may_say_which_devices_it_pushed_out() {
    let login: StateChange = event(&json!({
        "Info": {"Action": "Login", "To_Account": "a", "Reason": "Register"},
        "KickedDevice": [{"Platform": "Windows"}, {"Platform": "Unkown"}],
    }));
    let kicked = login.kicked_device.expect("a list");
    let platforms: Vec<_> = kicked.iter().map(|device| device.platform.as_deref()).collect();
    assert_eq!(platforms, [Some("Windows"), Some("Unkown")]);
    let plain: StateChange = event(&json!({"Info": {"Action": "Disconnect"}}));
    assert_eq!(plain.kicked_device, None);
}

#[test]
fn a_custom_status_of_unknown_shape_is_kept() {
    let body = json!({"Info": {"To_Account": "a", "CustomStatus": "busy"}, "StatusType": 3});
    let custom: StateChange = event(&body);
    assert_eq!(custom.info.expect("an object").other["CustomStatus"], "busy");
    assert_eq!(ordering_key("State.StateChange", &body).as_deref(), Some("account/a"));
}

#[test]
fn messages_of_old_and_new_pages_are_read() {
    let old: C2cAfterSendMsg = event(&json!({"MsgKey": "k", "UnreadMsgNum": 7}));
    assert_eq!((old.unread_msg_num, old.msg_id, old.event_time), (Some(7), None, None));
    let new: C2cAfterSendMsg =
        event(&json!({"MsgKey": "k", "MsgId": "m", "EventTime": 1_767_225_600_123_i64}));
    assert_eq!((new.unread_msg_num, new.msg_id.as_deref()), (None, Some("m")));
    assert_eq!(new.event_time, Some(Milliseconds(1_767_225_600_123)));
    let report: C2cAfterMsgReport = event(&json!({"EventTime": "1767225600123"}));
    assert_eq!(report.event_time, Some(Milliseconds(1_767_225_600_123)));
}

#[test]
fn quota_events_hang_on_no_order() {
    let alert: AlertRequestOverLimit = event(&json!({"Request": 81, "Limit": 100}));
    assert_eq!((alert.request, alert.limit), (Some(81), Some(100)));
    let quota: GroupOnDailyGroupQuotaAlarm = event(&json!({"QuotaUsed": 7100, "Quota": 10_000}));
    assert_eq!((quota.quota_used, quota.quota), (Some(7100), Some(10_000)));
    assert_eq!(ordering_key("Alert.RequestOverLimit", &json!({"Operator_Account": "a"})), None);
    assert_eq!(ordering_key("Group.CallbackOnDailyGroupQuotaAlarm", &json!({})), None);
}

#[test]
fn a_closed_room_may_be_named_inside_its_details() {
    let body = json!({"Operator_Account": "@TIM#SYSTEM", "RoomInfo": {"RoomId": "r"}});
    let key = ordering_key("Live.CallbackAfterDestroyRoom", &body);
    assert_eq!(key.as_deref(), Some("room/r"));
    assert_eq!(event::<LiveAfterDestroyRoom>(&body).statistic, None);
}

#[test]
fn a_free_seat_names_nobody() {
    let seats: MicAfterSeatInfoChanged = event(&json!({"SeatList": [{"Index": 0}]}));
    assert_eq!(seats.seat_list.expect("a list")[0].member_account, None);
}

#[test]
fn an_empty_body_is_refused() {
    let query = format!("SdkAppid={APP}&CallbackCommand={COMMAND}");
    refused(open(&open_source(), &query, ""), RefusalKind::Malformed, "body_not_an_object");
}
