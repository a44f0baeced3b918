//! `Group.CallbackAfterMemberExit`.

use super::{Member, Milliseconds};

command! {
    /// Members left a group.
    ///
    /// Fires when members left of their own will or were removed.
    GroupAfterMemberExit = "Group.CallbackAfterMemberExit" {
        title: "Members left a group",
        title_zh: "群成员离开之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34373",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterMemberExit",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "ExitType": "Kicked",
  "Operator_Account": "alice",
  "ExitMemberList": [{"Member_Account": "bob"}, {"Member_Account": "carol"}],
  "EventTime": 1767229200123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// Why they left: `Quit` of their own will, `Kicked` when they were removed.
        exit_type: String = "ExitType", always;
        /// Who left, or who removed them; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The members who left.
        exit_member_list: Vec<Member> = "ExitMemberList", always;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
