//! `Live.CallbackAfterSetMetadata`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Live room metadata was set.
    LiveAfterSetMetadata = "Live.CallbackAfterSetMetadata" {
        title: "Live room metadata was set",
        title_zh: "设置直播间元数据之后",
        doc: "https://www.tencentcloud.com/document/product/647/68222",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterSetMetadata",
  "Operator_Account": "alice",
  "RoomId": "room-42",
  "Metadata": [{"Key": "colour", "Value": "green"}],
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
        /// Pairs set.
        metadata: Vec<Metadata> = "Metadata", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// One of the pairs set.
    Metadata {
        /// The key.
        key: String = "Key", always;
        /// The value.
        value: String = "Value", always, personal;
    }
}
