//! `Group.CallbackAfterMemberFieldChanged`.

use super::Milliseconds;

command! {
    /// Details of a group member changed.
    ///
    /// Fires when the role or the name card of a member changed, and holds only what changed. Some senders
    /// name the member in `Modified_Account` in place of `Member_Account`.
    GroupAfterMemberFieldChanged = "Group.CallbackAfterMemberFieldChanged" {
        title: "Details of a group member changed",
        title_zh: "群成员资料变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60393",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterMemberFieldChanged",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "Operator_Account": "alice",
  "Member_Account": "bob",
  "Role": "Admin",
  "NameCard": "Bob (arbiter)",
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
        /// The member.
        member_account: String = "Member_Account", always, personal;
        /// The new role, for example `Admin` or `Member`.
        role: String = "Role", sometimes;
        /// The new name of the member in this group.
        name_card: String = "NameCard", sometimes, personal;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
        /// The member, from senders that leave out `Member_Account`.
        modified_account: String = "Modified_Account", undocumented, personal;
    }
}
