//! `Live.CallbackAfterSetMetadata`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Metadata of a live room was set.
    ///
    /// Metadata are key-value pairs of the app that are kept with the room.
    LiveAfterSetMetadata = "Live.CallbackAfterSetMetadata" {
        title: "Metadata of a live room was set",
        title_zh: "设置直播间元数据之后",
        doc: "https://www.tencentcloud.com/document/product/647/68222",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterSetMetadata",
  "Operator_Account": "alice",
  "RoomId": "room-42",
  "Metadata": [{"Key": "backdrop", "Value": "harbour"}],
  "EventTime": 1767226200123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// The pairs that were set.
        metadata: Vec<Metadata> = "Metadata", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A key-value pair of the room.
    Metadata {
        /// The key.
        key: String = "Key", always;
        /// The value.
        value: String = "Value", always, personal;
    }
}
