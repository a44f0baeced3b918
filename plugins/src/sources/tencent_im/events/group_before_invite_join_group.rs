//! `Group.CallbackBeforeInviteJoinGroup`.

use super::{Member, Milliseconds};

command! {
    /// Before users are invited to a group.
    GroupBeforeInviteJoinGroup = "Group.CallbackBeforeInviteJoinGroup" {
        title: "Before users are invited to a group",
        title_zh: "邀请入群之前",
        doc: "https://www.tencentcloud.com/document/product/1047/34371",
        reply: Partly(Codes::own(10_100..=10_200).seen_as(10_016), rule::REFUSED_MEMBERS),
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackBeforeInviteJoinGroup",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Community",
  "Operator_Account": "alice",
  "DestinationMembers": [{"Member_Account": "bob"}, {"Member_Account": "carol"}],
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
        /// Users to be added.
        destination_members: Vec<Member> = "DestinationMembers", always;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
