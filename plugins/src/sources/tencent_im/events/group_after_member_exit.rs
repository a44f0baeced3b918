//! `Group.CallbackAfterMemberExit`.

use super::{Member, Milliseconds};

command! {
    /// Users left a group.
    GroupAfterMemberExit = "Group.CallbackAfterMemberExit" {
        title: "Users left a group",
        title_zh: "成员离开群组之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34373",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterMemberExit",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "ExitType": "Quit",
  "Operator_Account": "alice",
  "ExitMemberList": [{"Member_Account": "bob"}, {"Member_Account": "carol"}],
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
        /// Kicked or Quit.
        exit_type: String = "ExitType", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Users who left.
        exit_member_list: Vec<Member> = "ExitMemberList", always;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
