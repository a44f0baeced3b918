//! `Live.CallbackAfterCreateRoom`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A live room was created.
    ///
    /// `CreateTime` of the room is in seconds, `EventTime` in milliseconds.
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
    "CreateTime": 1767225600,
    "IsPublicVisible": true,
    "CoverURL": "https://cdn.example.com/rooms/show.png",
    "Category": [1, 4]
  },
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room and its details.
        room_info: RoomInfo = "RoomInfo", always;
        /// When it happened, in milliseconds since 1970; some senders leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}

object! {
    /// The room and its details.
    RoomInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// The name of the room.
        room_name: String = "RoomName", always, personal;
        /// `Live` or `Meeting`.
        room_type: String = "RoomType", always;
        /// Who owns the room.
        owner_account: String = "Owner_Account", always, personal;
        /// How many members the room may have.
        max_member_count: i64 = "MaxMemberCount", always;
        /// Whether messages are switched off.
        is_message_disabled: bool = "IsMessageDisabled", always;
        /// Text of the app that is kept with the room.
        custom_info: String = "CustomInfo", always, personal;
        /// Whether the room has seats for speakers.
        is_seat_enabled: bool = "IsSeatEnabled", always;
        /// How a seat is taken: `FreeToTake`, or `ApplyToTake` when the owner has to agree.
        take_seat_mode: String = "TakeSeatMode", always;
        /// How many seats the room has.
        max_seat_count: i64 = "MaxSeatCount", always;
        /// When the room was created, in seconds since 1970.
        create_time: Seconds = "CreateTime", always;
        /// Whether everyone finds the room in lists.
        is_public_visible: bool = "IsPublicVisible", always;
        /// Address of the cover picture.
        cover_url: String = "CoverURL", always, personal;
        /// Numbers of the categories that the room belongs to.
        category: Vec<i64> = "Category", always;
    }
}
