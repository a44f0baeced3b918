//! `Live.CallbackAfterUpdateRoomInfo`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Live room details changed.
    LiveAfterUpdateRoomInfo = "Live.CallbackAfterUpdateRoomInfo" {
        title: "Live room details changed",
        title_zh: "直播间信息变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/67938",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterUpdateRoomInfo",
  "Operator_Account": "alice",
  "RoomInfo": {
    "RoomId": "room-42",
    "RoomName": "Evening show",
    "MaxMemberCount": 300,
    "IsMessageDisabled": false,
    "CoverURL": "https://img.example.com/show.png",
    "Category": [1, 4],
    "ActivityStatus": 1,
    "IsPublicVisible": true,
    "TakeSeatMode": "ApplyToTake",
    "CustomInfo": "{\"theme\":\"dark\"}"
  },
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Room details.
        room_info: RoomInfo = "RoomInfo", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// Room details.
    RoomInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// Room name.
        room_name: String = "RoomName", sometimes, personal;
        /// Member limit.
        max_member_count: i64 = "MaxMemberCount", sometimes;
        /// Messages off.
        is_message_disabled: bool = "IsMessageDisabled", sometimes;
        /// Cover image.
        cover_url: String = "CoverURL", sometimes, personal;
        /// Category numbers.
        category: Vec<i64> = "Category", sometimes;
        /// App-defined status number.
        activity_status: i64 = "ActivityStatus", sometimes;
        /// Listed publicly.
        is_public_visible: bool = "IsPublicVisible", sometimes;
        /// `FreeToTake` or `ApplyToTake`.
        take_seat_mode: String = "TakeSeatMode", sometimes;
        /// Custom text.
        custom_info: String = "CustomInfo", sometimes, personal;
    }
}
