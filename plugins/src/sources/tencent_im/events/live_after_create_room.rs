//! `Live.CallbackAfterCreateRoom`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A live room was created.
    ///
    /// `CreateTime` in seconds.
    LiveAfterCreateRoom = "Live.CallbackAfterCreateRoom" {
        title: "A live room was created",
        title_zh: "创建直播间之后",
        doc: "https://www.tencentcloud.com/document/product/647/64422",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterCreateRoom",
  "Operator_Account": "alice",
  "RoomInfo": {
    "RoomId": "room-42",
    "RoomName": "Evening show",
    "RoomType": "Live",
    "Owner_Account": "alice",
    "MaxMemberCount": 300,
    "IsMessageDisabled": false,
    "CustomInfo": "{\"theme\":\"dark\"}",
    "IsSeatEnabled": true,
    "TakeSeatMode": "ApplyToTake",
    "MaxSeatCount": 8,
    "CreateTime": 1767225500,
    "IsPublicVisible": true,
    "CoverURL": "https://img.example.com/show.png",
    "Category": [1, 4]
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
        /// When it happened, in milliseconds since 1970; missing in the documented sample.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}

object! {
    /// Room details.
    RoomInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// Room name.
        room_name: String = "RoomName", always, personal;
        /// Live or Meeting.
        room_type: String = "RoomType", always;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
        /// Member limit.
        max_member_count: i64 = "MaxMemberCount", always;
        /// Messages off.
        is_message_disabled: bool = "IsMessageDisabled", always;
        /// Custom text.
        custom_info: String = "CustomInfo", always, personal;
        /// Seats on.
        is_seat_enabled: bool = "IsSeatEnabled", always;
        /// `FreeToTake` or `ApplyToTake`.
        take_seat_mode: String = "TakeSeatMode", always;
        /// Seat limit.
        max_seat_count: i64 = "MaxSeatCount", always;
        /// Creation time, seconds.
        create_time: Seconds = "CreateTime", always;
        /// Listed publicly.
        is_public_visible: bool = "IsPublicVisible", always;
        /// Cover image.
        cover_url: String = "CoverURL", always, personal;
        /// Category numbers.
        category: Vec<i64> = "Category", always;
    }
}
