use super::*;

const STRANGER: RefusalKind = RefusalKind::Unauthenticated;

#[test]
fn the_worked_example_of_2025_is_genuine_and_that_of_2023_is_not() {
    assert!(open(&source(&["xxxxyyyy"]), &signed_query(), BODY).is_ok());
    refused(open(&source(&["xxxyyy"]), &signed_query(), BODY), STRANGER, "bad_sign");
}

#[test]
fn the_window_is_a_minute_both_ways_unless_set_otherwise() {
    let opened = |window: u64, millis| {
        let source = TencentIm::new(vec![app(APP, &[TOKEN])], Duration::from_secs(window));
        let opened = open_at(&source, &signed_query(), BODY, at(millis));
        opened.map(drop).map_err(|refusal| refusal.reason)
    };
    assert_eq!(super::super::super::one_minute().0, Duration::from_mins(1));
    assert_eq!((opened(60, 60_000), opened(60, -60_000)), (Ok(()), Ok(())));
    assert_eq!(opened(60, 60_001), Err("stale_time"));
    assert_eq!(opened(60, -60_001), Err("future_time"));
    assert_eq!(opened(86_400, 86_400_000), Ok(()));
}

#[test]
fn the_app_id_is_spelt_three_ways() {
    for name in ["SdkAppid", "SdkAppId", "SDKAppID"] {
        let query = signed_query().replace("SdkAppid", name);
        let callbacks = open(&source(&[TOKEN]), &query, BODY).expect(name);
        assert_eq!(&*callbacks[0].facts.app, APP);
    }
}

#[test]
fn the_command_is_not_called_webhook_command() {
    let query = format!("SdkAppid={APP}&WebhookCommand={COMMAND}");
    refused(open(&open_source(), &query, BODY), RefusalKind::Malformed, "missing_command");
}

#[test]
fn who_of_a_group_was_changed_has_two_names() {
    let page: GroupAfterMemberFieldChanged = event(&json!({"Member_Account": "b"}));
    let library: GroupAfterMemberFieldChanged = event(&json!({"Modified_Account": "b"}));
    assert_eq!(page.member_account, library.modified_account);
}

#[test]
fn other_names_of_room_commands_are_taken_in_as_unknown_ones() {
    for (other, name) in [
        ("Room.CallbackUpdateRoomInfo", "Room.CallbackAfterUpdateRoomInfo"),
        ("Live.CallbackMemberStateChanged", "Live.CallbackAfterMemberStateChanged"),
    ] {
        assert!(find(name).is_some() && find(other).is_none());
        let callback = one(other, r#"{"RoomId":"r"}"#);
        assert_eq!((callback.command(), callback.facts.phase), (other, Phase::After));
        let key = Some("room/r".to_owned());
        assert_eq!(ordering_key(other, &json!({"RoomId": "r"})), key);
        assert_eq!(ordering_key(name, &json!({"RoomId": "r"})), key, "in order with the other");
    }
}

#[test]
fn what_somebody_does_in_a_call_is_kept_as_it_is_spelt() {
    for action in ["Accept", "Answer", "Hangup", "HangUp", "Hang Up", "Canncel_Invite"] {
        let body = json!({"ChangedUserList": [{"User_Account": "b", "ActionType": action}]});
        let changed = event::<CallAfterMemberChanged>(&body).changed_user_list.expect("a list");
        assert_eq!(changed[0].action_type.as_deref(), Some(action));
    }
}

#[test]
fn commands_of_the_chinese_pages_alone_are_known() {
    for command in [
        "Group.CallbackAfterRecallMsg",
        "Group.CallbackAfterModifyMsg",
        "C2C.CallbackAfterModifyMsg",
        "C2C.CallbackAfterMsgReadReceipt",
        "C2C.CallbackAfterMsgReadAll",
    ] {
        assert!(find(command).is_some(), "{command}");
    }
}
