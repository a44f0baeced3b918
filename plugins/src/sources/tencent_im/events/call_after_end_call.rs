//! `Call.CallbackAfterEndCall`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A call ended.
    ///
    /// Times inside `CallRecord` are seconds, `EventTime` is milliseconds.
    CallAfterEndCall = "Call.CallbackAfterEndCall" {
        title: "A call ended",
        title_zh: "通话结束之后",
        doc: "https://www.tencentcloud.com/document/product/647/68940",
        reply: Ignored,
        natural_key: [],
        order_by: Call,
        sample: r#"{
  "CallbackCommand": "Call.CallbackAfterEndCall",
  "CallRecord": {
    "CallId": "call-91",
    "Caller_Account": "alice",
    "MediaType": "Video",
    "CallType": "MultiCall",
    "StartTime": 1767225600,
    "EndTime": 1767225900,
    "AcceptTime": 1767225610,
    "CallResult": "NormalEnd",
    "CalleeList_Account": ["bob", "carol"],
    "RoomId": "room-42",
    "RoomIdType": 2
  },
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The call.
        call_record: CallRecord = "CallRecord", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// The call.
    CallRecord {
        /// Call id.
        call_id: String = "CallId", always;
        /// Caller.
        caller_account: String = "Caller_Account", always, personal;
        /// Audio or Video.
        media_type: String = "MediaType", always;
        /// `SingleCall` or `MultiCall`.
        call_type: String = "CallType", always;
        /// In seconds since 1970.
        start_time: Seconds = "StartTime", always;
        /// In seconds since 1970.
        end_time: Seconds = "EndTime", always;
        /// Seconds, 0 if never answered.
        accept_time: Seconds = "AcceptTime", always;
        /// Cancel, Reject, `NotAnswer`, `NormalEnd`, `CallBusy`, Interrupt or Offline.
        call_result: String = "CallResult", always;
        /// Members called, plain array.
        callee_list_account: Vec<String> = "CalleeList_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// 1 number, 2 string.
        room_id_type: i64 = "RoomIdType", always;
    }
}
