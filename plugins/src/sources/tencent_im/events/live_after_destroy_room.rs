//! `Live.CallbackAfterDestroyRoom`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// A live room was closed.
    ///
    /// Fires when the owner, an administrator or the system closed a live room. Some senders leave out
    /// `Statistic`, and repeat `RoomId` inside `RoomInfo`.
    LiveAfterDestroyRoom = "Live.CallbackAfterDestroyRoom" {
        title: "A live room was closed",
        title_zh: "关闭直播间之后",
        doc: "https://www.tencentcloud.com/document/product/647/64423",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterDestroyRoom",
  "Operator_Account": "alice",
  "RoomId": "room-42",
  "EventType": "DestroyByUser",
  "EventTime": 1767232800123,
  "RoomInfo": {
    "RoomName": "Evening show",
    "RoomType": "Live",
    "Owner_Account": "alice",
    "IsSeatEnabled": true,
    "TakeSeatMode": "ApplyToTake",
    "MaxMemberCount": 300,
    "MaxSeatCount": 8,
    "Category": [1, 4],
    "CustomInfo": "{\"theme\":\"dark\"}",
    "IsMessageDisabled": false,
    "CoverURL": "https://cdn.example.com/rooms/show.png",
    "ActivityStatus": 1,
    "IsPublicVisible": true,
    "ViewCount": 512,
    "BackgroundURL": "https://cdn.example.com/rooms/stage.png",
    "IsUnlimitedRoomEnabled": false
  },
  "Statistic": {
    "TotalViewers": 287,
    "TotalGiftsSent": 12,
    "TotalGiftCoins": 340,
    "TotalUniqueGiftSenders": 5,
    "TotalLikesReceived": 2048
  }
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who closed it; an administrator when the server API was used, `@TIM#SYSTEM` when the system did
        /// it.
        operator_account: String = "Operator_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// `DestroyByUser` or `DestroyBySystem`.
        event_type: String = "EventType", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// The last details of the room.
        room_info: RoomInfo = "RoomInfo", sometimes;
        /// What came together while the room was open.
        statistic: Statistic = "Statistic", sometimes;
    }
}

object! {
    /// The last details of the room.
    RoomInfo {
        /// The name of the room.
        room_name: String = "RoomName", always, personal;
        /// `Live` or `Meeting`.
        room_type: String = "RoomType", always;
        /// Who owns the room.
        owner_account: String = "Owner_Account", always, personal;
        /// Whether the room has seats for speakers.
        is_seat_enabled: bool = "IsSeatEnabled", always;
        /// How a seat is taken: `FreeToTake`, or `ApplyToTake` when the owner has to agree.
        take_seat_mode: String = "TakeSeatMode", always;
        /// How many members the room may have.
        max_member_count: i64 = "MaxMemberCount", always;
        /// How many seats the room has.
        max_seat_count: i64 = "MaxSeatCount", always;
        /// Numbers of the categories that the room belongs to.
        category: Vec<i64> = "Category", always;
        /// Text of the app that is kept with the room.
        custom_info: String = "CustomInfo", always, personal;
        /// Whether messages are switched off.
        is_message_disabled: bool = "IsMessageDisabled", always;
        /// Address of the cover picture.
        cover_url: String = "CoverURL", always, personal;
        /// The app's own number for the state of the room.
        activity_status: i64 = "ActivityStatus", always;
        /// Whether everyone finds the room in lists.
        is_public_visible: bool = "IsPublicVisible", always;
        /// How often the room was viewed.
        view_count: i64 = "ViewCount", always;
        /// Address of the background picture.
        background_url: String = "BackgroundURL", always, personal;
        /// Whether the number of members is not limited.
        is_unlimited_room_enabled: bool = "IsUnlimitedRoomEnabled", always;
    }
}

object! {
    /// What came together while the room was open.
    Statistic {
        /// How many users watched.
        total_viewers: i64 = "TotalViewers", always;
        /// How many gifts were sent.
        total_gifts_sent: i64 = "TotalGiftsSent", always;
        /// How many coins the gifts cost.
        total_gift_coins: i64 = "TotalGiftCoins", always;
        /// How many users sent gifts.
        total_unique_gift_senders: i64 = "TotalUniqueGiftSenders", always;
        /// How many likes the room got.
        total_likes_received: i64 = "TotalLikesReceived", always;
    }
}
