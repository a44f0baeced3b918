//! `Group.CallbackAfterGroupMsgExtension`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Key-values were attached to a group message.
    GroupAfterGroupMsgExtension = "Group.CallbackAfterGroupMsgExtension" {
        title: "Key-values were attached to a group message",
        title_zh: "群消息扩展变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/76007",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterGroupMsgExtension",
  "GroupId": "@TGS#2CHESSCLUB",
  "MsgSeq": 48374,
  "OperateType": 1,
  "ExtensionList": [{"Key": "colour", "Value": "green", "Seq": 3}],
  "Seq": 3,
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", always;
        /// 1 set, 2 delete, 3 clear.
        operate_type: i64 = "OperateType", always;
        /// Affected pairs, empty on clear.
        extension_list: Vec<Extension> = "ExtensionList", always;
        /// Version of the whole message.
        seq: i64 = "Seq", always;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
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
