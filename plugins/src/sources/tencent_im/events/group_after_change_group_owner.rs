//! `Group.CallbackAfterChangeGroupOwner`.

use super::Milliseconds;

command! {
    /// A group changed its owner.
    GroupAfterChangeGroupOwner = "Group.CallbackAfterChangeGroupOwner" {
        title: "A group changed its owner",
        title_zh: "群主变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60396",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterChangeGroupOwner",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Community",
  "Operator_Account": "alice",
  "OldOwner_Account": "alice",
  "NewOwner_Account": "bob",
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
        /// Old owner.
        old_owner_account: String = "OldOwner_Account", always, personal;
        /// New owner.
        new_owner_account: String = "NewOwner_Account", always, personal;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
