//! `Room.CallbackAfterMemberLeave`.

use super::Milliseconds;

command! {
    /// Members left a conference room.
    RoomAfterMemberLeave = "Room.CallbackAfterMemberLeave" {
        title: "Members left a conference room",
        title_zh: "成员离开会议房间之后",
        doc: "https://www.tencentcloud.com/document/product/647/60720",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Room.CallbackAfterMemberLeave",
  "Operator_Account": "alice",
  "RoomId": "room-42",
  "MemberCount": 2,
  "Type": "Meeting",
  "Reason": "Leave",
  "MemberList_Account": ["bob", "carol"],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// Members now.
        member_count: i64 = "MemberCount", always;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// Leave, Kicked or Expired.
        reason: String = "Reason", always;
        /// Users, plain array.
        member_list_account: Vec<String> = "MemberList_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
