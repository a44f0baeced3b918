//! `Group.CallbackAfterGroupFull`.

use super::Milliseconds;

command! {
    /// A group became full.
    ///
    /// No Type.
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
