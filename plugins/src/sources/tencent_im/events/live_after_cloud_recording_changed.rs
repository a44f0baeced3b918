//! `Live.CallbackAfterCloudRecordingChanged`.

use switchhook_api::Map;

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// The recording of a live room changed its state.
    ///
    /// Fires for events of the recording of a live room or of a web page. The body has the form of the
    /// recording product: its time is in `CallbackTs`, not in `EventTime`.
    LiveAfterCloudRecordingChanged = "Live.CallbackAfterCloudRecordingChanged" {
        title: "The recording of a live room changed its state",
        title_zh: "直播间云端录制状态变更之后",
        doc: "https://cloud.tencent.com/document/product/269/129603",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
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
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// `3` for the recording of a room, `8` for that of a web page.
        event_group_id: i64 = "EventGroupId", always;
        /// The recording product's number for what happened.
        event_type: i64 = "EventType", always;
        /// When this was sent, in milliseconds since 1970.
        callback_ts: Milliseconds = "CallbackTs", always;
        /// What happened.
        event_info: EventInfo = "EventInfo", always;
    }
}

object! {
    /// What happened to a recording.
    EventInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// When it happened, in seconds since 1970.
        event_ts: Seconds = "EventTs", always;
        /// The same time in milliseconds since 1970.
        event_ms_ts: Milliseconds = "EventMsTs", always;
        /// The account that records.
        user_id: String = "UserId", always, personal;
        /// The recording.
        task_id: String = "TaskId", always;
        /// More of it; what stands in it depends on `EventType`.
        payload: Map = "Payload", always, personal;
    }
}
