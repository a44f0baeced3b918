//! `Live.CallbackAfterDelMetadata`.

use super::Milliseconds;

command! {
    /// Metadata of a live room was deleted.
    ///
    /// It names the keys that were deleted, not the values that they had.
    LiveAfterDelMetadata = "Live.CallbackAfterDelMetadata" {
        title: "Metadata of a live room was deleted",
        title_zh: "删除直播间元数据之后",
        doc: "https://www.tencentcloud.com/document/product/647/68223",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterDelMetadata",
  "Operator_Account": "alice",
  "RoomId": "room-42",
  "Keys": ["backdrop"],
  "EventTime": 1767226800123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// The keys of the pairs that were deleted.
        keys: Vec<String> = "Keys", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
