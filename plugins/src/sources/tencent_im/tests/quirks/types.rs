use super::*;

const BIG: i64 = 144_115_233_775_727_695;

#[test]
fn an_event_time_is_in_milliseconds_as_number_as_text_and_may_be_absent() {
    let time = |body: Value| event::<GroupAfterNewMemberJoin>(&body).event_time;
    let expected = Some(Milliseconds(1_767_225_600_123));
    assert_eq!(time(json!({"EventTime": 1_767_225_600_123_i64})), expected);
    assert_eq!(time(json!({"EventTime": "1767225600123"})), expected);
    assert_eq!(time(json!({})), None);
    assert_eq!(time(json!({"EventTime": ""})), None);
}

#[test]
fn an_event_time_of_member_states_may_be_text() {
    let event: GroupOnMemberStateChange = event(&json!({"EventTime": "1767225600123"}));
    assert_eq!(event.event_time, Some(Milliseconds(1_767_225_600_123)));
}

#[test]
fn an_event_time_of_pushes_is_in_seconds() {
    let expected = "2026-01-01T00:00:00Z".parse().ok();
    let body = json!({"EventTime": 1_767_225_600, "TaskTime": 1_767_225_600});
    let all: PushAllMemberPush = event(&body);
    assert_eq!(all.event_time.and_then(Seconds::timestamp), expected);
    assert_eq!(all.task_time.and_then(Seconds::timestamp), expected);
    let offline: PushOfflinePush = event(&json!({"EventTime": "1767225600"}));
    assert_eq!(offline.event_time.and_then(Seconds::timestamp), expected);
}

#[test]
fn times_of_messages_rooms_and_calls_are_in_seconds() {
    let at = Some(Seconds(1_767_225_600));
    let sent: C2cAfterSendMsg = event(&json!({"MsgTime": 1_767_225_600}));
    let read: C2cAfterMsgReport = event(&json!({"LastReadTime": 1_767_225_600}));
    let room: LiveAfterCreateRoom = event(&json!({"RoomInfo": {"CreateTime": 1_767_225_600}}));
    let call: CallAfterEndCall =
        event(&json!({"CallRecord": {"StartTime": 1_767_225_600, "AcceptTime": 1_767_225_600}}));
    assert_eq!((sent.msg_time, read.last_read_time), (at, at));
    assert_eq!(room.room_info.and_then(|room| room.create_time), at);
    let call = call.call_record.expect("a record");
    assert_eq!((call.start_time, call.accept_time), (at, at));
}

#[test]
fn lengths_of_battles_are_in_milliseconds_and_say_so() {
    let about = |name: &str| {
        let spec = &find("Live.CallbackAfterCreateBattle").expect("known").spec;
        spec.fields.iter().find(|field| field.name == name).expect(name).about
    };
    assert!(about("Timeout").contains("millisecond"), "{}", about("Timeout"));
    assert!(about("Duration").contains("millisecond"), "{}", about("Duration"));
    let battle: LiveAfterCreateBattle = event(&json!({"Timeout": 10_000, "Duration": 300_000}));
    assert_eq!((battle.timeout, battle.duration), (Some(10_000), Some(300_000)));
}

#[test]
fn message_numbers_have_all_of_32_bits() {
    let most = json!({"MsgSeq": u32::MAX, "Random": 2_804_799_576_u32});
    let group: GroupAfterSendMsg = event(&most);
    assert_eq!((group.msg_seq, group.random), (Some(4_294_967_295), Some(2_804_799_576)));
    let c2c: C2cBeforeSendMsg = event(&json!({"MsgRandom": u32::MAX}));
    assert_eq!(c2c.msg_random, Some(4_294_967_295));
}

#[test]
fn an_id_that_is_a_number_keeps_each_of_its_digits() {
    let seat: MicAfterSeatInfoChanged = event(&json!({"SeatList": [{"Member_Account": BIG}]}));
    let seat = &seat.seat_list.expect("a list")[0];
    assert_eq!(seat.member_account.as_deref(), Some("144115233775727695"));
    let room: LiveAfterCreateRoom = event(&json!({"Operator_Account": u64::MAX}));
    assert_eq!(room.operator_account.as_deref(), Some("18446744073709551615"));
    let call: CallAfterEndCall = event(&json!({"CallRecord": {"CalleeList_Account": [BIG, "b"]}}));
    let callees = call.call_record.and_then(|record| record.callee_list_account);
    assert_eq!(callees, Some(vec!["144115233775727695".into(), "b".into()]));
}

#[test]
fn an_id_that_is_a_number_keeps_its_digits_in_keys() {
    let body = json!({"From_Account": BIG, "To_Account": "b", "MsgKey": "1_2_3"});
    let command = "C2C.CallbackAfterSendMsg";
    assert_eq!(ordering_key(command, &body).as_deref(), Some("c2c/144115233775727695/b"));
    let text = json!({"From_Account": BIG.to_string(), "To_Account": "b", "MsgKey": "1_2_3"});
    assert_eq!(natural_key(command, &body), natural_key(command, &text));
    assert!(natural_key(command, &body).is_some_and(|key| key.contains("144115233775727695")));
}

#[test]
fn an_app_id_in_a_body_is_a_number() {
    let event: ContentCallbackResultNotify = event(&json!({"SdkAppId": 1_400_000_000}));
    assert_eq!(event.sdk_app_id, Some(1_400_000_000));
}

#[test]
fn a_profile_value_is_a_number_or_text() {
    let items = json!([
        {"Tag": "Tag_Profile_IM_BirthDay", "Value": 19_900_101},
        {"Tag": "Tag_Profile_IM_Nick", "Value": "7"},
    ]);
    let items = event::<ProfilePortraitSet>(&json!({"ProfileItem": items})).profile_item;
    let values: Vec<_> = items.expect("a list").into_iter().map(|item| item.value).collect();
    assert_eq!(values, [Some(json!(19_900_101)), Some(json!("7"))]);
}

#[test]
fn a_custom_field_holds_any_value() {
    let list = json!([{"Key": "a", "Value": "text"}, {"Key": "b", "Value": {"deep": [1.5, null]}}]);
    let event: GroupAfterCreateGroup = event(&json!({"UserDefinedDataList": list}));
    let list = event.user_defined_data_list.expect("a list");
    assert_eq!(list[1].value, Some(json!({"deep": [1.5, null]})));
}

#[test]
fn to_account_is_a_list_where_somebody_unfollows_or_gives() {
    let two = Some(vec!["b".to_owned(), "144115233775727695".to_owned()]);
    let unfollow: FollowAfterFollowDelete = event(&json!({"To_Account": ["b", BIG]}));
    assert_eq!(unfollow.to_account, two);
    let gift: LiveBeforeSendGift = event(&json!({"GiftWater": {"To_Account": ["b", BIG]}}));
    assert_eq!(gift.gift_water.and_then(|gift| gift.to_account), two);
    let lonely: FollowAfterFollowDelete = event(&json!({"To_Account": "b"}));
    assert_eq!(lonely.to_account, Some(vec!["b".to_owned()]));
    let body = json!({"From_Account": "a", "To_Account": ["b"]});
    let key = ordering_key("Follow.CallbackAfterFollowDelete", &body);
    assert_eq!(key.as_deref(), Some("account/a"));
}

#[test]
fn lists_of_accounts_are_texts_or_objects() {
    let entered: RoomAfterMemberEnter = event(&json!({"MemberList_Account": ["a", "b"]}));
    assert_eq!(entered.member_list_account, Some(vec!["a".into(), "b".into()]));
    let admins: LiveAfterModifyAdmin = event(&json!({"Admin_Account": ["a"]}));
    assert_eq!(admins.admin_account, Some(vec!["a".into()]));
    let bots: BotOnGroupMessage = event(&json!({"AtRobots_Account": ["@RBT#a"]}));
    assert_eq!(bots.at_robots_account, Some(vec!["@RBT#a".into()]));
    let members: GroupAfterCreateGroup = event(&json!({"MemberList": [{"Member_Account": "a"}]}));
    let members = members.member_list.expect("a list");
    assert_eq!(members[0].member_account.as_deref(), Some("a"));
}

#[test]
fn a_flag_of_a_room_may_be_the_text_false() {
    let body = json!({"RoomInfo": {"IsCloudRecordingDisabled": "false"}});
    let room = event::<RoomAfterUpdateRoomInfo>(&body).room_info.expect("a room");
    assert_eq!(room.is_cloud_recording_disabled, Some(false));
}

#[test]
fn a_list_of_topics_may_be_text() {
    let topics =
        |list| event::<GroupAfterTopicDestroyed>(&json!({"TopicIdList": list})).topic_id_list;
    assert_eq!(topics(json!(["t", "u"])), Some(vec!["t".into(), "u".into()]));
    assert_eq!(topics(json!("t")), Some(vec!["t".into()]));
}

#[test]
fn counts_of_rooms_are_numbers_or_text() {
    let counts = |body: Value| {
        let event: LiveAfterCreateRoomReachingThreshold = event(&body);
        (event.cur_room_count, event.max_room_count)
    };
    let expected = (Some(900), Some(1000));
    assert_eq!(counts(json!({"CurRoomCount": 900, "MaxRoomCount": 1000})), expected);
    assert_eq!(counts(json!({"CurRoomCount": "900", "MaxRoomCount": "1000"})), expected);
    assert_eq!(counts(json!({"MaxRoomCount": [1000]})), (None, None), "kept, not guessed at");
}
