//! `Room.CallbackAfterDestroyRoom`.

use super::Milliseconds;

command! {
    /// A conference room was closed.
    RoomAfterDestroyRoom = "Room.CallbackAfterDestroyRoom" {
        title: "A conference room was closed",
        title_zh: "关闭会议房间之后",
        doc: "https://www.tencentcloud.com/document/product/647/60720",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Room.CallbackAfterDestroyRoom",
  "Operator_Account": "alice",
  "RoomId": "meeting-7",
  "EventTime": 1767229200123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who closed it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
