//! `Push.OfflinePush`.

use super::Seconds;

command! {
    /// Results of offline pushes of messages.
    ///
    /// Batched like `Push.AllMemberPush`.
    PushOfflinePush = "Push.OfflinePush" {
        title: "Results of offline pushes of messages",
        title_zh: "消息离线推送结果",
        doc: "https://www.tencentcloud.com/document/product/1047/67552",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Push.OfflinePush",
  "EventType": 1,
  "EventTime": 1767225600,
  "From_Account": "alice",
  "To_Account": "bob",
  "PushPlatform": 4,
  "PushStage": 2,
  "MsgKey": "48374_2804799576_1767225600",
  "MsgSeq": 48374,
  "MsgRandom": 2804799576,
  "MsgTime": 1767225600,
  "PushID": "push-88",
  "ErrCode": 0,
  "ErrInfo": "success",
  "GroupID": "@TGS#2CHESSCLUB"
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// 1 one-to-one, 2 group.
        event_type: i64 = "EventType", always;
        /// When it happened, in SECONDS since 1970, unlike everywhere else.
        event_time: Seconds = "EventTime", always;
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// Vendor channel number.
        push_platform: i64 = "PushPlatform", always;
        /// 1 sent, 2 reached, 3 clicked.
        push_stage: i64 = "PushStage", always;
        /// Only for one-to-one.
        msg_key: String = "MsgKey", sometimes;
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", always;
        /// Random number of the message, unsigned 32-bit.
        msg_random: i64 = "MsgRandom", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// Push id.
        push_id: String = "PushID", always;
        /// Push result, 0 success.
        err_code: i64 = "ErrCode", always;
        /// Push result text.
        err_info: String = "ErrInfo", always;
        /// Only for groups, spelt `GroupID`.
        group_id: String = "GroupID", sometimes;
    }
}
