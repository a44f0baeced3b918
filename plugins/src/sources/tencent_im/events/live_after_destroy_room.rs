//! `Live.CallbackAfterDestroyRoom`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// A live room was closed.
    ///
    /// Captured traffic had `Operator_Account` @TIM#SYSTEM, `RoomId` inside `RoomInfo` too, and no Statistic.
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
  "EventTime": 1767225600123,
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
    "CoverURL": "https://img.example.com/show.png",
    "ActivityStatus": 1,
    "IsPublicVisible": true,
    "ViewCount": 512,
    "BackgroundURL": "https://img.example.com/stage.png",
    "IsUnlimitedRoomEnabled": false
  },
  "Statistic": {
    "TotalViewers": 500,
    "TotalGiftsSent": 12,
    "TotalGiftCoins": 340,
    "TotalUniqueGiftSenders": 5,
    "TotalLikesReceived": 2048
  }
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// `DestroyByUser` or `DestroyBySystem`.
        event_type: String = "EventType", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Room details.
        room_info: RoomInfo = "RoomInfo", sometimes;
        /// Totals of the session.
        statistic: Statistic = "Statistic", sometimes;
    }
}

object! {
    /// Room details.
    RoomInfo {
        /// Room name.
        room_name: String = "RoomName", always, personal;
        /// Live or Meeting.
        room_type: String = "RoomType", always;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
        /// Seats on.
        is_seat_enabled: bool = "IsSeatEnabled", always;
        /// `FreeToTake` or `ApplyToTake`.
        take_seat_mode: String = "TakeSeatMode", always;
        /// Member limit.
        max_member_count: i64 = "MaxMemberCount", always;
        /// Seat limit.
        max_seat_count: i64 = "MaxSeatCount", always;
        /// Category numbers.
        category: Vec<i64> = "Category", always;
        /// Custom text.
        custom_info: String = "CustomInfo", always, personal;
        /// Messages off.
        is_message_disabled: bool = "IsMessageDisabled", always;
        /// Cover image.
        cover_url: String = "CoverURL", always, personal;
        /// App-defined status number.
        activity_status: i64 = "ActivityStatus", always;
        /// Listed publicly.
        is_public_visible: bool = "IsPublicVisible", always;
        /// Views.
        view_count: i64 = "ViewCount", always;
        /// Background image.
        background_url: String = "BackgroundURL", always, personal;
        /// No member limit.
        is_unlimited_room_enabled: bool = "IsUnlimitedRoomEnabled", always;
    }
}

object! {
    /// Totals of the session.
    Statistic {
        /// Viewers.
        total_viewers: i64 = "TotalViewers", always;
        /// Gifts.
        total_gifts_sent: i64 = "TotalGiftsSent", always;
        /// Coins.
        total_gift_coins: i64 = "TotalGiftCoins", always;
        /// Distinct givers.
        total_unique_gift_senders: i64 = "TotalUniqueGiftSenders", always;
        /// Likes.
        total_likes_received: i64 = "TotalLikesReceived", always;
    }
}
