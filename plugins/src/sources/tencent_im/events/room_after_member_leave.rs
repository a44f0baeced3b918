//! `Room.CallbackAfterMemberLeave`.

use super::Milliseconds;

command! {
    /// Members left a conference room.
    ///
    /// Fires when members leave, are removed or are lost. They are plain texts in `MemberList_Account`, not
    /// objects.
    RoomAfterMemberLeave = "Room.CallbackAfterMemberLeave" {
        title: "Members left a conference room",
        title_zh: "成员离开会议房间之后",
        doc: "https://www.tencentcloud.com/document/product/647/60720",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Room.CallbackAfterMemberLeave",
  "Operator_Account": "bob",
  "RoomId": "meeting-7",
  "MemberCount": 1,
  "Type": "Meeting",
  "Reason": "Leave",
  "MemberList_Account": ["bob"],
  "EventTime": 1767229140123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// How many members the room has now.
        member_count: i64 = "MemberCount", always;
        /// Type of the room, for example `Meeting`.
        kind: String = "Type", always;
        /// Why: `Leave` of their own will, `Kicked` when they were removed, `Expired` when nothing was heard
        /// of them.
        reason: String = "Reason", always;
        /// The members who left.
        member_list_account: Vec<String> = "MemberList_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
