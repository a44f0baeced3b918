//! `Group.CallbackBeforeApplyJoinGroup`.

use super::Milliseconds;

command! {
    /// Before a user applies to join a group.
    ///
    /// Fires when a client applies to join. It runs before the admins of the group decide: an allow lets the
    /// application through to them, and does not make the user a member.
    GroupBeforeApplyJoinGroup = "Group.CallbackBeforeApplyJoinGroup" {
        title: "Before a user applies to join a group",
        title_zh: "申请入群之前",
        doc: "https://www.tencentcloud.com/document/product/1047/34370",
        reply: Gate(Codes::own(10_100..=10_200).seen_as(10_016)),
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackBeforeApplyJoinGroup",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "Requestor_Account": "dave",
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
        /// Who applies; spelt with `or` here.
        requestor_account: String = "Requestor_Account", always, personal;
        /// When the request was made, in milliseconds since 1970; older senders write it as text or leave it
        /// out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
