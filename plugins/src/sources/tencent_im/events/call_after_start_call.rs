//! `Call.CallbackAfterStartCall`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// A call was started.
    ///
    /// The sample key is `CallMediaType`, the table's is `MediaType`: accept both.
    CallAfterStartCall = "Call.CallbackAfterStartCall" {
        title: "A call was started",
        title_zh: "发起通话之后",
        doc: "https://www.tencentcloud.com/document/product/647/68941",
        reply: Ignored,
        natural_key: [],
        order_by: Call,
        sample: r#"{
  "CallbackCommand": "Call.CallbackAfterStartCall",
  "CallInfo": {
    "CallId": "call-91",
    "CallMediaType": "Video",
    "ChatGroupId": "@TGS#2CHESSCLUB",
    "RoomId": "room-42",
    "RoomIdType": 2
  },
  "UserList": [{"User_Account": "bob", "Status": "Calling"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The call.
        call_info: CallInfo = "CallInfo", always;
        /// Members of the call.
        user_list: Vec<User> = "UserList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// The call.
    CallInfo {
        /// Call id.
        call_id: String = "CallId", always;
        /// Audio or Video; the table names it `MediaType`.
        call_media_type: String = "CallMediaType", always;
        /// Group of the call.
        chat_group_id: String = "ChatGroupId", sometimes;
        /// The room.
        room_id: String = "RoomId", always;
        /// 1 number, 2 string.
        room_id_type: i64 = "RoomIdType", always;
        /// Name the table uses for `CallMediaType`.
        media_type: String = "MediaType", undocumented;
    }
}

object! {
    /// One of the members of the call.
    User {
        /// User; 64-bit number in the sample though the table says String.
        user_account: String = "User_Account", always, personal;
        /// Calling or Waiting.
        status: String = "Status", always;
    }
}
