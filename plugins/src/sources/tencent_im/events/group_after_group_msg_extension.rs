//! `Group.CallbackAfterGroupMsgExtension`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Extensions of a group message changed.
    ///
    /// Fires when the key-value pairs that extend a message are set, deleted or cleared.
    GroupAfterGroupMsgExtension = "Group.CallbackAfterGroupMsgExtension" {
        title: "Extensions of a group message changed",
        title_zh: "群消息扩展变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/76007",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterGroupMsgExtension",
  "GroupId": "@TGS#2CHESSCLUB",
  "MsgSeq": 731,
  "OperateType": 1,
  "ExtensionList": [{"Key": "plays_white", "Value": "bob", "Seq": 3}],
  "Seq": 3,
  "EventTime": 1767225642377
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Sequence number of the message in its group, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
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
