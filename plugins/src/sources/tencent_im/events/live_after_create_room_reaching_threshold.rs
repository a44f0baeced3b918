//! `Live.CallbackAfterCreateRoomReachingThreshold`.

use super::Milliseconds;

command! {
    /// Number of live rooms is near its limit.
    LiveAfterCreateRoomReachingThreshold = "Live.CallbackAfterCreateRoomReachingThreshold" {
        title: "Number of live rooms is near its limit",
        title_zh: "直播间数量接近上限",
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Rooms now; table says String.
        cur_room_count: i64 = "CurRoomCount", always;
        /// Rooms allowed; table says Array.
        max_room_count: i64 = "MaxRoomCount", always;
    }
}
