use super::*;

#[test]
fn the_random_number_is_called_otherwise_in_groups() {
    let group: GroupBeforeSendMsg = event(&json!({"Random": 7}));
    let c2c: C2cBeforeSendMsg = event(&json!({"MsgRandom": 7}));
    assert_eq!((group.random, c2c.msg_random), (Some(7), Some(7)));
}

#[test]
fn a_message_id_is_spelt_two_ways() {
    let message: C2cAfterSendMsg = event(&json!({"MsgId": "m"}));
    let moderated: ContentCallbackResultNotify = event(&json!({"MsgID": "m"}));
    assert_eq!(message.msg_id, moderated.msg_id);
}

#[test]
fn a_group_id_of_a_push_is_spelt_otherwise() {
    let push: PushOfflinePush = event(&json!({"GroupID": "g"}));
    assert_eq!(push.group_id.as_deref(), Some("g"));
}

#[test]
fn the_result_of_a_push_is_called_err_code() {
    let push: PushAllMemberPush = event(&json!({"ErrCode": "3", "ErrInfo": "lost"}));
    assert_eq!((push.err_code, push.err_info.as_deref()), (Some(3), Some("lost")));
}

#[test]
fn withdrawn_and_recalled_messages_are_different_commands() {
    let withdrawn: C2cAfterMsgWithDraw = event(&json!({"MsgKey": "k"}));
    assert_eq!(withdrawn.msg_key.as_deref(), Some("k"));
    let recalled: GroupAfterRecallMsg = event(&json!({"MsgSeqList": [{"MsgSeq": 7}]}));
    assert_eq!(recalled.msg_seq_list.expect("a list")[0].msg_seq, Some(7));
    assert!(find("C2C.CallbackAfterMsgWithdraw").is_none(), "the D is a capital");
}

#[test]
fn group_attributes_have_lower_case_names() {
    let lower = json!([{"key": "colour", "value": "green"}]);
    let lower: GroupAfterGroupAttrChanged = event(&json!({"OptionType": 2, "GroupAttr": lower}));
    let attribute = &lower.group_attr.expect("a list")[0];
    assert_eq!(attribute.key.as_deref(), Some("colour"));
    assert_eq!(attribute.value.as_deref(), Some("green"));
    assert_eq!(lower.option_type.as_deref(), Some("2"));
}

#[test]
fn who_asks_is_spelt_otherwise_for_groups() {
    let friend: SnsPrevFriendAdd = event(&json!({"Requester_Account": "a"}));
    let group: GroupBeforeApplyJoinGroup = event(&json!({"Requestor_Account": "a"}));
    assert_eq!(friend.requester_account, group.requestor_account);
}

#[test]
fn a_friend_group_is_called_otherwise_in_answers() {
    let asked: SnsPrevFriendAdd = event(&json!({"FriendItem": [{"GroupName": "Club"}]}));
    let answered: SnsPrevFriendResponse =
        event(&json!({"ResponseFriendItem": [{"TagName": "Club"}]}));
    let asked = asked.friend_item.expect("a list").remove(0);
    let answered = answered.response_friend_item.expect("a list").remove(0);
    assert_eq!(asked.group_name, answered.tag_name);
}

#[test]
fn the_address_of_a_moderated_file_is_kept_in_either_spelling() {
    let documented: ContentCallbackResultNotify = event(&json!({"FileURL": "https://f"}));
    assert_eq!(documented.file_url.as_deref(), Some("https://f"));
    let other: ContentCallbackResultNotify = event(&json!({"FileUrl": "https://f"}));
    assert_eq!(other.other["FileUrl"], "https://f");
}

#[test]
fn the_kind_of_a_call_has_two_names() {
    let call = |body: Value| event::<CallAfterStartCall>(&json!({"CallInfo": body})).call_info;
    let sample = call(json!({"CallMediaType": "Video"})).expect("a call");
    let table = call(json!({"MediaType": "Video"})).expect("a call");
    assert_eq!(sample.call_media_type, table.media_type);
    let ended: CallAfterEndCall = event(&json!({"CallRecord": {"MediaType": "Audio"}}));
    assert_eq!(ended.call_record.and_then(|record| record.media_type).as_deref(), Some("Audio"));
}

#[test]
fn the_kind_of_a_change_has_four_names() {
    let admins: LiveAfterModifyAdmin = event(&json!({"opType": "add"}));
    let battle: LiveAfterEndBattle = event(&json!({"OpType": 1}));
    let attributes: GroupAfterGroupAttrChanged = event(&json!({"OptionType": "add"}));
    let extension: C2cAfterC2cMsgExtension = event(&json!({"OperateType": 1}));
    assert_eq!(admins.op_type, attributes.option_type);
    assert_eq!(battle.op_type, extension.operate_type);
}

#[test]
fn the_time_of_a_recording_is_called_callback_ts() {
    let event: LiveAfterCloudRecordingChanged =
        event(&json!({"CallbackTs": 1_767_225_600_456_i64}));
    assert_eq!(event.callback_ts, Some(Milliseconds(1_767_225_600_456)));
}

#[test]
fn commands_named_on_and_exception_come_after_the_event() {
    for command in [
        "Group.CallbackOnMemberStateChange",
        "Group.CallbackOnDailyGroupQuotaAlarm",
        "Group.CallbackSendMsgException",
        "Bot.OnC2CMessage",
        "Bot.OnGroupMessage",
        "Chatbot.OnC2CSignalMessage",
    ] {
        assert_eq!(phase(command), Phase::After, "{command}");
    }
}

#[test]
fn commands_named_prev_come_before_the_event() {
    assert_eq!(phase("Sns.CallbackPrevFriendAdd"), Phase::Before);
    assert_eq!(phase("Sns.CallbackPrevFriendResponse"), Phase::Before);
}
