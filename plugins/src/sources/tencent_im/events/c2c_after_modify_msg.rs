//! `C2C.CallbackAfterModifyMsg`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// A one-to-one message was edited.
    ///
    /// Fires when a client or the server API edits a message that was sent before. The content is that after
    /// the edit.
    C2cAfterModifyMsg = "C2C.CallbackAfterModifyMsg" {
        title: "A one-to-one message was edited",
        title_zh: "修改单聊消息之后",
        doc: "https://cloud.tencent.com/document/product/269/128224",
        reply: Ignored,
        natural_key: [],
        order_by: Conversation,
        sample: r#"{
  "CloudCustomData": "{\"reply_to\":48370}",
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at one?"}}],
  "CallbackCommand": "C2C.CallbackAfterModifyMsg",
  "Operator_Account": "alice",
  "From_Account": "alice",
  "To_Account": "bob",
  "MsgRandom": 2804799576,
  "MsgSeq": 48374,
  "MsgTime": 1767225600,
  "MsgKey": "48374_2804799576_1767225600",
  "EventTime": 1767225642377
}"#,
    }
    fields {
        /// Custom data of the app that is kept with the message, after the edit.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// The elements of the message after the edit.
        msg_body: Vec<MsgElement> = "MsgBody", sometimes;
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who edited it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Who sent the message.
        from_account: String = "From_Account", always, personal;
        /// Who received the message.
        to_account: String = "To_Account", always, personal;
        /// Random number of the message, an unsigned 32-bit integer.
        msg_random: i64 = "MsgRandom", always;
        /// Sequence number of the message, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// When it was edited, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
