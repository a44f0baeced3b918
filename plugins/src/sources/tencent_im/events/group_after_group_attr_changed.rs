//! `Group.CallbackAfterGroupAttrChanged`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Attributes of a group changed.
    ///
    /// Fires when attributes of a group were set, modified, deleted or cleared. Their fields are spelt `key`
    /// and `value`, in small letters, where other lists have `Key` and `Value`.
    GroupAfterGroupAttrChanged = "Group.CallbackAfterGroupAttrChanged" {
        title: "Attributes of a group changed",
        title_zh: "群属性变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60394",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterGroupAttrChanged",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "Operator_Account": "alice",
  "OptionType": "set",
  "GroupAttr": [{"key": "meeting_day", "value": "Friday"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// What was done: `set`, `modify`, `delete` or `clear`.
        option_type: String = "OptionType", always;
        /// The attributes concerned.
        group_attr: Vec<GroupAttr> = "GroupAttr", sometimes;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}

object! {
    /// An attribute of the group.
    GroupAttr {
        /// The key.
        key: String = "key", sometimes;
        /// The value.
        value: String = "value", sometimes, personal;
    }
}
