//! `Live.CallbackAfterDelMetadata`.

use super::Milliseconds;

command! {
    /// Live room metadata was deleted.
    ///
    /// The page's URL table names the Set command by mistake.
    LiveAfterDelMetadata = "Live.CallbackAfterDelMetadata" {
        title: "Live room metadata was deleted",
        title_zh: "删除直播间元数据之后",
        doc: "https://www.tencentcloud.com/document/product/647/68223",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterDelMetadata",
  "Operator_Account": "alice",
  "RoomId": "room-42",
  "Keys": ["colour"],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// Keys deleted.
        keys: Vec<String> = "Keys", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
