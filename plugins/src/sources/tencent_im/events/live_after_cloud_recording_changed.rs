//! `Live.CallbackAfterCloudRecordingChanged`.

use switchhook_core::Map;

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A cloud or page recording event.
    ///
    /// Body has the recording product's own shape; `CallbackTs` in place of `EventTime`.
    LiveAfterCloudRecordingChanged = "Live.CallbackAfterCloudRecordingChanged" {
        title: "A cloud or page recording event",
        title_zh: "云端录制事件",
        doc: "https://cloud.tencent.com/document/product/269/129603",
        reply: Ignored,
        natural_key: [],
        order_by: Nothing,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterCloudRecordingChanged",
  "EventGroupId": 3,
  "EventType": 301,
  "CallbackTs": 1767225600456,
  "EventInfo": {
    "RoomId": "room-42",
    "EventTs": 1767225600,
    "EventMsTs": 1767225600123,
    "UserId": "recorder",
    "TaskId": "task-7f3a",
    "Payload": {"Status": 0}
  }
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// 3 cloud recording, 8 page recording.
        event_group_id: i64 = "EventGroupId", always;
        /// Event number of the recording product.
        event_type: i64 = "EventType", always;
        /// Time of sending, milliseconds.
        callback_ts: Milliseconds = "CallbackTs", always;
        /// Event of the recording product.
        event_info: EventInfo = "EventInfo", always;
    }
}

object! {
    /// Event of the recording product.
    EventInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// In seconds since 1970.
        event_ts: Seconds = "EventTs", always;
        /// In milliseconds since 1970.
        event_ms_ts: Milliseconds = "EventMsTs", always;
        /// The account.
        user_id: String = "UserId", always, personal;
        /// Task id.
        task_id: String = "TaskId", always;
        /// What stands in it depends on `EventType`.
        payload: Map = "Payload", always, personal;
    }
}
