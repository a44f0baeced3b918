//! `Live.CallbackAfterModifyAdmin`.

use super::Milliseconds;

command! {
    /// The admins of a live room changed.
    ///
    /// Fires when admins are added or removed. `opType` begins with a small letter, unlike its neighbours.
    LiveAfterModifyAdmin = "Live.CallbackAfterModifyAdmin" {
        title: "The admins of a live room changed",
        title_zh: "直播间管理员变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/72554",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterModifyAdmin",
  "RoomId": "room-42",
  "EventTime": 1767226200123,
  "Operator_Account": "alice",
  "Admin_Account": ["bob", "carol"],
  "opType": "add"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The room.
        room_id: String = "RoomId", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The users who were made admins or are no longer admins.
        admin_account: Vec<String> = "Admin_Account", always, personal;
        /// `add` or `delete`.
        op_type: String = "opType", always;
    }
}
