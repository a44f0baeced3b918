//! `Live.CallbackAfterModifyAdmin`.

use super::Milliseconds;

command! {
    /// Live room admins changed.
    ///
    /// `opType` is the only key that begins lower-case at top level.
    LiveAfterModifyAdmin = "Live.CallbackAfterModifyAdmin" {
        title: "Live room admins changed",
        title_zh: "直播间管理员变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/72554",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterModifyAdmin",
  "RoomId": "room-42",
  "EventTime": 1767225600123,
  "Operator_Account": "alice",
  "Admin_Account": ["bob", "carol"],
  "opType": "add"
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The room.
        room_id: String = "RoomId", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Array of users.
        admin_account: Vec<String> = "Admin_Account", always, personal;
        /// Add or delete; lower-case first letter.
        op_type: String = "opType", always;
    }
}
