//! `C2C.CallbackAfterSendMsg`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// A one-to-one message was sent.
    ///
    /// Also fires when delivery failed: look at `SendMsgResult`. Carries the message as rewritten by the
    /// before-callback. Not fired when the before-callback refused. Newest Chinese page has no `UnreadMsgNum`.
    C2cAfterSendMsg = "C2C.CallbackAfterSendMsg" {
        title: "A one-to-one message was sent",
        title_zh: "发送单聊消息之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34365",
        reply: Ignored,
        natural_key: [MsgKey] or without [FromAccount, ToAccount, SendMsgResult],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackAfterSendMsg",
  "From_Account": "alice",
  "To_Account": "bob",
  "MsgSeq": 48374,
  "MsgRandom": 2804799576,
  "MsgTime": 1767225600,
  "MsgKey": "48374_2804799576_1767225600",
  "OnlineOnlyFlag": 0,
  "SendMsgResult": 0,
  "ErrorInfo": "send msg succeed",
  "UnreadMsgNum": 7,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "CloudCustomData": "{\"reply_to\":48370}",
  "MsgId": "144115198000000001-1767225600-2804799576",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", always;
        /// Random number of the message, unsigned 32-bit.
        msg_random: i64 = "MsgRandom", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// Key of the message: its number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// 1 for users who are online only, not stored; else 0.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// 0 delivered, otherwise the failure code.
        send_msg_result: i64 = "SendMsgResult", always;
        /// Result text of the delivery (request field, not the reply field).
        error_info: String = "ErrorInfo", always;
        /// Unread total of the receiver, -1 when delivery failed.
        unread_msg_num: i64 = "UnreadMsgNum", sometimes;
        /// The elements of the message.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// Message id that the client made, unique; in the newest description only.
        msg_id: String = "MsgId", sometimes;
        /// When it happened, in milliseconds since 1970; in the newest description only.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
