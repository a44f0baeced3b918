//! `C2C.CallbackBeforeSendMsg`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// Before a one-to-one message is sent.
    ///
    /// 2 s budget, not adjustable. A server API sender can suppress it with `ForbidCallbackControl`.
    C2cBeforeSendMsg = "C2C.CallbackBeforeSendMsg" {
        title: "Before a one-to-one message is sent",
        title_zh: "发送单聊消息之前",
        doc: "https://www.tencentcloud.com/document/product/1047/34364",
        reply: Message(Codes::own(120_001..=130_000).seen_as(20_006)),
        natural_key: [MsgKey] or without [FromAccount, ToAccount],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackBeforeSendMsg",
  "From_Account": "alice",
  "To_Account": "bob",
  "MsgSeq": 48374,
  "MsgRandom": 2804799576,
  "MsgTime": 1767225600,
  "MsgKey": "48374_2804799576_1767225600",
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "CloudCustomData": "{\"reply_to\":48370}",
  "MsgId": "144115198000000001-1767225600-2804799576"
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
        /// The elements of the message.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// Message id that the client made, unique; in the newest description only.
        msg_id: String = "MsgId", sometimes;
        /// When it happened, in milliseconds since 1970; seen, but not described.
        event_time: Milliseconds = "EventTime", undocumented;
    }
}
