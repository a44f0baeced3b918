//! `Group.CallbackBeforeApplyJoinGroup`.

use super::Milliseconds;

command! {
    /// Before a user applies to join a group.
    ///
    /// Runs before any approval by the group's admins: an allow does not replace that approval.
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
  "Type": "Community",
  "Requestor_Account": "dave",
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
        /// Applicant (spelt with -or).
        requestor_account: String = "Requestor_Account", always, personal;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
