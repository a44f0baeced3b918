//! `Live.CallbackAfterCreateRoomReachingThreshold`.

use super::Milliseconds;

command! {
    /// The number of live rooms came near its limit.
    ///
    /// Fires when a live room was created while an app has many already. It does not name the room.
    LiveAfterCreateRoomReachingThreshold = "Live.CallbackAfterCreateRoomReachingThreshold" {
        title: "The number of live rooms came near its limit",
        title_zh: "直播间数量接近上限之后",
        doc: "https://www.tencentcloud.com/document/product/647/70485",
        reply: Ignored,
        natural_key: [],
        order_by: Nothing,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterCreateRoomReachingThreshold",
  "Operator_Account": "alice",
  "EventTime": 1767225600123,
  "CurRoomCount": 900,
  "MaxRoomCount": 1000
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who created the room; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// How many live rooms the app has now.
        cur_room_count: i64 = "CurRoomCount", always;
        /// How many live rooms the app may have.
        max_room_count: i64 = "MaxRoomCount", always;
    }
}
