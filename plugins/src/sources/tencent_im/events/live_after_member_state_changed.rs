//! `Live.CallbackAfterMemberStateChanged`.

use super::{Member, Milliseconds};

command! {
    /// Live room members came or went.
    ///
    /// Stops at once when the room is closed. Some texts name it `Live.CallbackMemberStateChanged`.
    LiveAfterMemberStateChanged = "Live.CallbackAfterMemberStateChanged" {
        title: "Live room members came or went",
        title_zh: "直播间成员状态变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/64424",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterMemberStateChanged",
  "RoomId": "room-42",
  "EventType": "Online",
  "EventCause": "Enter",
  "MemberList": [{"Member_Account": "bob"}, {"Member_Account": "carol"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The room.
        room_id: String = "RoomId", always;
        /// Online or Offline.
        event_type: String = "EventType", always;
        /// Enter, Leave, `HeartbeatInterrupt`, `HeartbeatRecover`; newest Chinese page also Kicked.
        event_cause: String = "EventCause", always;
        /// The members concerned.
        member_list: Vec<Member> = "MemberList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
