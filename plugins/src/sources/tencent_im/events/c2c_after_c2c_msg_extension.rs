//! `C2C.CallbackAfterC2CMsgExtension`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Key-values were attached to a one-to-one message.
    ///
    /// The reply table knows `ErrorCode` 0 and 1, both without effect on the message.
    C2cAfterC2cMsgExtension = "C2C.CallbackAfterC2CMsgExtension" {
        title: "Key-values were attached to a one-to-one message",
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
  "ExtensionList": [{"Key": "colour", "Value": "green", "Seq": 3}],
  "Seq": 3,
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
        /// Key of the message: its number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// 1 set, 2 delete, 3 clear.
        operate_type: i64 = "OperateType", always;
        /// Affected pairs, empty on clear.
        extension_list: Vec<Extension> = "ExtensionList", always;
        /// Version of the whole message.
        seq: i64 = "Seq", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// One of the affected pairs, empty on clear.
    Extension {
        /// The key.
        key: String = "Key", always;
        /// The value.
        value: String = "Value", always, personal;
        /// Version of this pair.
        seq: i64 = "Seq", always;
    }
}
