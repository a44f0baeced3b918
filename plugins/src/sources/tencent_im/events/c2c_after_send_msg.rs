//! `C2C.CallbackAfterSendMsg`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// A one-to-one message was sent.
    ///
    /// Fires after every attempt, also when delivery failed: `SendMsgResult` tells. It holds the message as a
    /// before-callback replaced it, and does not come for one that a before-callback refused. Messages may
    /// arrive out of order: sort them by `MsgTime`, then by `MsgSeq`. Newer senders leave out `UnreadMsgNum`
    /// and add `MsgId` and `EventTime`.
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
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who sent the message.
        from_account: String = "From_Account", always, personal;
        /// Who receives the message.
        to_account: String = "To_Account", always, personal;
        /// Sequence number of the message, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// Random number of the message, an unsigned 32-bit integer.
        msg_random: i64 = "MsgRandom", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// `1` when the message is only for users who are online and is not stored, else `0`.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// `0` when it was delivered, else the code of the failure.
        send_msg_result: i64 = "SendMsgResult", always;
        /// Result of the delivery in words; not part of a reply.
        error_info: String = "ErrorInfo", always;
        /// All unread messages of the receiver, `-1` when delivery failed; newer senders leave it out.
        unread_msg_num: i64 = "UnreadMsgNum", sometimes;
        /// The elements of the message, in their order.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// Unique id of the message, made by the client; older senders leave it out.
        msg_id: String = "MsgId", sometimes;
        /// When it happened, in milliseconds since 1970; older senders leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
