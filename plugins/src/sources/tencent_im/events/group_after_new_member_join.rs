//! `Group.CallbackAfterNewMemberJoin`.

use super::{Member, Milliseconds};

command! {
    /// Users joined a group.
    ///
    /// Fires when users became members, by applying or by being invited.
    GroupAfterNewMemberJoin = "Group.CallbackAfterNewMemberJoin" {
        title: "Users joined a group",
        title_zh: "新成员入群之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34372",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterNewMemberJoin",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "JoinType": "Invited",
  "Operator_Account": "alice",
  "NewMemberList": [{"Member_Account": "bob"}, {"Member_Account": "carol"}],
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
        /// How they joined: `Apply` or `Invited`.
        join_type: String = "JoinType", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The users who joined.
        new_member_list: Vec<Member> = "NewMemberList", always;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
