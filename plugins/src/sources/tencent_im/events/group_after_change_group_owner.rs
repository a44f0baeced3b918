//! `Group.CallbackAfterChangeGroupOwner`.

use super::Milliseconds;

command! {
    /// The owner of a group changed.
    ///
    /// Fires when a client or the server API hands a group over to another member.
    GroupAfterChangeGroupOwner = "Group.CallbackAfterChangeGroupOwner" {
        title: "The owner of a group changed",
        title_zh: "群主变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60396",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterChangeGroupOwner",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "Operator_Account": "alice",
  "OldOwner_Account": "alice",
  "NewOwner_Account": "bob",
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
        /// The former owner.
        old_owner_account: String = "OldOwner_Account", always, personal;
        /// The new owner.
        new_owner_account: String = "NewOwner_Account", always, personal;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
