//! `Live.CallbackAfterMemberStateChanged`.

use super::{Member, Milliseconds};

command! {
    /// Members of a live room came or went.
    ///
    /// Fires when members enter or leave a live room, or their heartbeats stop or come back. Once the room is
    /// closed no more of these come.
    LiveAfterMemberStateChanged = "Live.CallbackAfterMemberStateChanged" {
        title: "Members of a live room came or went",
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
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The room.
        room_id: String = "RoomId", always;
        /// `Online` or `Offline`.
        event_type: String = "EventType", always;
        /// Why: `Enter`, `Leave`, `Kicked`, `HeartbeatInterrupt` or `HeartbeatRecover`.
        event_cause: String = "EventCause", always;
        /// The members concerned.
        member_list: Vec<Member> = "MemberList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
