//! `C2C.CallbackAfterModifyMsg`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// A one-to-one message was edited.
    ///
    /// `CallbackCommand` is not the first key of the sample.
    C2cAfterModifyMsg = "C2C.CallbackAfterModifyMsg" {
        title: "A one-to-one message was edited",
        title_zh: "修改单聊消息之后",
        doc: "https://cloud.tencent.com/document/product/269/128224",
        reply: Ignored,
        natural_key: [],
        order_by: Conversation,
        sample: r#"{
  "CloudCustomData": "{\"reply_to\":48370}",
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "CallbackCommand": "C2C.CallbackAfterModifyMsg",
  "Operator_Account": "alice",
  "From_Account": "alice",
  "To_Account": "bob",
  "MsgRandom": 2804799576,
  "MsgSeq": 48374,
  "MsgTime": 1767225600,
  "MsgKey": "48374_2804799576_1767225600",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// Custom data that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// The elements of the message.
        msg_body: Vec<MsgElement> = "MsgBody", sometimes;
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// Random number of the message, unsigned 32-bit.
        msg_random: i64 = "MsgRandom", always;
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// Key of the message: its number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
