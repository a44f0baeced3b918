//! `Call.CallbackAfterStartCall`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// A call was started.
    ///
    /// Fires when a client starts a call with one user or several. Some senders spell `CallMediaType` as
    /// `MediaType`.
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
    "RoomId": "call-room-91",
    "RoomIdType": 2
  },
  "UserList": [
    {"User_Account": "alice", "Status": "Calling"},
    {"User_Account": "bob", "Status": "Waiting"},
    {"User_Account": "carol", "Status": "Waiting"}
  ],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The call.
        call_info: CallInfo = "CallInfo", always;
        /// All members of the call.
        user_list: Vec<User> = "UserList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A call.
    CallInfo {
        /// The call.
        call_id: String = "CallId", always;
        /// `Audio` or `Video`.
        call_media_type: String = "CallMediaType", always;
        /// The group whose members are called; missing outside of groups.
        chat_group_id: String = "ChatGroupId", sometimes;
        /// The room that the call takes place in.
        room_id: String = "RoomId", always;
        /// `1` when the id of the room is a number, `2` when it is text.
        room_id_type: i64 = "RoomIdType", always;
        /// The same as `CallMediaType`, from some senders.
        media_type: String = "MediaType", undocumented;
    }
}

object! {
    /// A member of the call.
    User {
        /// The account; a number from some senders.
        user_account: String = "User_Account", always, personal;
        /// `Calling` when in the call, `Waiting` when not answered yet.
        status: String = "Status", always;
    }
}
