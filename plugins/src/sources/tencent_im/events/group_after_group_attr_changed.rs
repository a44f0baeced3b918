//! `Group.CallbackAfterGroupAttrChanged`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Group attributes changed.
    ///
    /// Lower-case key and value here, Key and Value in other lists.
    GroupAfterGroupAttrChanged = "Group.CallbackAfterGroupAttrChanged" {
        title: "Group attributes changed",
        title_zh: "群属性变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60394",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterGroupAttrChanged",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Community",
  "Operator_Account": "alice",
  "OptionType": "2",
  "GroupAttr": [{"key": "colour", "value": "green"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Set, modify, clear or delete.
        option_type: String = "OptionType", always;
        /// Affected attributes.
        group_attr: Vec<GroupAttr> = "GroupAttr", sometimes;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}

object! {
    /// One of the affected attributes.
    GroupAttr {
        /// The key.
        key: String = "key", sometimes;
        /// The value.
        value: String = "value", sometimes, personal;
    }
}
