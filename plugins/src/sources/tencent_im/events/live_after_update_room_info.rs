//! `Live.CallbackAfterUpdateRoomInfo`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Details of a live room changed.
    ///
    /// Fires when a client or the server API changed details of a live room; those that are missing did not
    /// change.
    LiveAfterUpdateRoomInfo = "Live.CallbackAfterUpdateRoomInfo" {
        title: "Details of a live room changed",
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
    "RoomName": "Evening show with guests",
    "MaxMemberCount": 500,
    "IsMessageDisabled": false,
    "CoverURL": "https://cdn.example.com/rooms/guests.png",
    "Category": [1, 4],
    "ActivityStatus": 1,
    "IsPublicVisible": true,
    "TakeSeatMode": "FreeToTake",
    "CustomInfo": "{\"theme\":\"light\"}"
  },
  "EventTime": 1767226200123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room and what changed.
        room_info: RoomInfo = "RoomInfo", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// The room and what changed.
    RoomInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// The name of the room.
        room_name: String = "RoomName", sometimes, personal;
        /// How many members the room may have.
        max_member_count: i64 = "MaxMemberCount", sometimes;
        /// Whether messages are switched off.
        is_message_disabled: bool = "IsMessageDisabled", sometimes;
        /// Address of the cover picture.
        cover_url: String = "CoverURL", sometimes, personal;
        /// Numbers of the categories that the room belongs to.
        category: Vec<i64> = "Category", sometimes;
        /// The app's own number for the state of the room.
        activity_status: i64 = "ActivityStatus", sometimes;
        /// Whether everyone finds the room in lists.
        is_public_visible: bool = "IsPublicVisible", sometimes;
        /// How a seat is taken: `FreeToTake`, or `ApplyToTake` when the owner has to agree.
        take_seat_mode: String = "TakeSeatMode", sometimes;
        /// Text of the app that is kept with the room.
        custom_info: String = "CustomInfo", sometimes, personal;
    }
}
