//! `Group.CallbackAfterGroupFull`.

use super::Milliseconds;

command! {
    /// A group became full.
    ///
    /// Fires when a group reached the number of members that it may have. It does not say of which type the
    /// group is.
    GroupAfterGroupFull = "Group.CallbackAfterGroupFull" {
        title: "A group became full",
        title_zh: "群组满员之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34376",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterGroupFull",
  "GroupId": "@TGS#2CHESSCLUB",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
