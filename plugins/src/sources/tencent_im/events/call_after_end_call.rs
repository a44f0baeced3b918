//! `Call.CallbackAfterEndCall`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A call ended.
    ///
    /// Fires when no one or only one member is left in a call. Times inside of `CallRecord` are in seconds,
    /// `EventTime` is in milliseconds.
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
    "RoomId": "call-room-91",
    "RoomIdType": 2
  },
  "EventTime": 1767225900123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The call.
        call_record: CallRecord = "CallRecord", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A call that ended.
    CallRecord {
        /// The call.
        call_id: String = "CallId", always;
        /// Who started the call.
        caller_account: String = "Caller_Account", always, personal;
        /// `Audio` or `Video`.
        media_type: String = "MediaType", always;
        /// `SingleCall` with one user, `MultiCall` with several.
        call_type: String = "CallType", always;
        /// When the call was started, in seconds since 1970.
        start_time: Seconds = "StartTime", always;
        /// When the call ended, in seconds since 1970.
        end_time: Seconds = "EndTime", always;
        /// When the call was answered, in seconds since 1970; `0` when nobody did.
        accept_time: Seconds = "AcceptTime", always;
        /// How it ended: `NormalEnd`, `Cancel`, `Reject`, `NotAnswer`, `CallBusy`, `Interrupt` or `Offline`.
        call_result: String = "CallResult", always;
        /// The users who were called.
        callee_list_account: Vec<String> = "CalleeList_Account", always, personal;
        /// The room that the call took place in.
        room_id: String = "RoomId", always;
        /// `1` when the id of the room is a number, `2` when it is text.
        room_id_type: i64 = "RoomIdType", always;
    }
}
