//! `Group.CallbackBeforeInviteJoinGroup`.

use super::{Member, Milliseconds};

command! {
    /// Before users are invited to a group.
    ///
    /// Fires when a client or the server API adds members. A refusal keeps all of them out; a list of refused
    /// members in the reply keeps out only those.
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
  "Type": "Public",
  "Operator_Account": "alice",
  "DestinationMembers": [{"Member_Account": "bob"}, {"Member_Account": "carol"}],
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
        /// Who adds the members; an administrator when the server API is used.
        operator_account: String = "Operator_Account", always, personal;
        /// The users to be added.
        destination_members: Vec<Member> = "DestinationMembers", always;
        /// When the request was made, in milliseconds since 1970; older senders write it as text or leave it
        /// out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
