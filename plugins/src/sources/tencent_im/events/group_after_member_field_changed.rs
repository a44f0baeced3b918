//! `Group.CallbackAfterMemberFieldChanged`.

use super::Milliseconds;

command! {
    /// A member's fields changed.
    ///
    /// The page's sample says `Member_Account`, one SDK maps `Modified_Account`: accept both.
    GroupAfterMemberFieldChanged = "Group.CallbackAfterMemberFieldChanged" {
        title: "A member's fields changed",
        title_zh: "群成员字段变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60393",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterMemberFieldChanged",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Community",
  "Operator_Account": "alice",
  "Member_Account": "bob",
  "Role": "Admin",
  "NameCard": "Al",
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
        /// Member changed.
        member_account: String = "Member_Account", always, personal;
        /// New role.
        role: String = "Role", sometimes;
        /// New name card.
        name_card: String = "NameCard", sometimes, personal;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
        /// Name one SDK uses for `Member_Account`.
        modified_account: String = "Modified_Account", undocumented, personal;
    }
}
