//! `Push.OfflinePush`.

use super::Seconds;

command! {
    /// An offline push of a message made progress.
    ///
    /// Fires at each stage of the push that tells a user of a message. A request holds 1 to 100 of these in
    /// its `Events`; each is an event of its own here. At most 1000 requests come in a second, the others
    /// later. The result is in `ErrCode` and `ErrInfo`, and times are in seconds. The query has neither
    /// `ClientIP` nor `OptPlatform`.
    PushOfflinePush = "Push.OfflinePush" {
        title: "An offline push of a message made progress",
        title_zh: "消息离线推送进展",
        doc: "https://www.tencentcloud.com/document/product/1047/67552",
        reply: Ignored,
        natural_key: [],
        order_by: Receiver,
        sample: r#"{
  "CallbackCommand": "Push.OfflinePush",
  "EventType": 1,
  "EventTime": 1767225602,
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
  "ErrInfo": "success"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// `1` for a one-to-one message, `2` for a group message.
        event_type: i64 = "EventType", always;
        /// When it happened, in seconds since 1970.
        event_time: Seconds = "EventTime", always;
        /// Who sent the message.
        from_account: String = "From_Account", always, personal;
        /// Who gets the push.
        to_account: String = "To_Account", always, personal;
        /// The channel that it went through, a number as in `Push.AllMemberPush`.
        push_platform: i64 = "PushPlatform", always;
        /// How far it came: `1` sent, `2` reached the device, `3` clicked.
        push_stage: i64 = "PushStage", always;
        /// Key of a one-to-one message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", sometimes;
        /// Sequence number of the message, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// Random number of the message, an unsigned 32-bit integer.
        msg_random: i64 = "MsgRandom", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// The push.
        push_id: String = "PushID", always;
        /// `0` for success, else the code of the failure.
        err_code: i64 = "ErrCode", always;
        /// The result in words.
        err_info: String = "ErrInfo", always;
        /// The group that the message was sent to; missing for one-to-one messages.
        group_id: String = "GroupID", sometimes;
    }
}
