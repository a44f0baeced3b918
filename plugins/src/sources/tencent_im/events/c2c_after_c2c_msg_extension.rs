//! `C2C.CallbackAfterC2CMsgExtension`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Extensions of a one-to-one message changed.
    ///
    /// Fires when a client or the server API sets, deletes or clears the key-value pairs that extend a
    /// message.
    C2cAfterC2cMsgExtension = "C2C.CallbackAfterC2CMsgExtension" {
        title: "Extensions of a one-to-one message changed",
        title_zh: "单聊消息扩展变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/76006",
        reply: Ignored,
        natural_key: [],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackAfterC2CMsgExtension",
  "From_Account": "alice",
  "To_Account": "bob",
  "MsgKey": "48374_2804799576_1767225600",
  "OperateType": 1,
  "ExtensionList": [{"Key": "lunch", "Value": "yes", "Seq": 3}],
  "Seq": 3,
  "EventTime": 1767225642377
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who sent the message.
        from_account: String = "From_Account", always, personal;
        /// Who received the message.
        to_account: String = "To_Account", always, personal;
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// `1` when pairs were set, `2` when some were deleted, `3` when all were cleared.
        operate_type: i64 = "OperateType", always;
        /// The pairs concerned; empty when all were cleared.
        extension_list: Vec<Extension> = "ExtensionList", always;
        /// Version of all pairs of the message together.
        seq: i64 = "Seq", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A key-value pair that extends the message.
    Extension {
        /// The key.
        key: String = "Key", always;
        /// The value.
        value: String = "Value", always, personal;
        /// Version of this pair.
        seq: i64 = "Seq", always;
    }
}
