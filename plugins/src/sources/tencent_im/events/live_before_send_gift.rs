//! `Live.CallbackBeforeSendGift`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// Before a gift is sent.
    ///
    /// The only before-callback that fails closed by default; enabling `Live.CallbackBeforeCallBackNotBlock` makes it
    /// fail open.
    LiveBeforeSendGift = "Live.CallbackBeforeSendGift" {
        title: "Before a gift is sent",
        title_zh: "赠送礼物之前",
        doc: "https://www.tencentcloud.com/document/product/647/72210",
        reply: Gate(Codes::own(102_100..=102_200)),
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackBeforeSendGift",
  "Operator_Account": "alice",
  "RoomId": "room-42",
  "GiftWater": {
    "From_Account": "alice",
    "To_Account": ["carol"],
    "Time": 1767225600,
    "GiftId": "rose",
    "Count": 3,
    "Coins": 10
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
        /// The gift.
        gift_water: GiftWater = "GiftWater", always;
        /// When it happened, in milliseconds since 1970; missing in the documented sample.
        event_time: Milliseconds = "EventTime", undocumented;
    }
}

object! {
    /// The gift.
    GiftWater {
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Whom it concerns.
        to_account: Vec<String> = "To_Account", always, personal;
        /// In seconds since 1970.
        time: Seconds = "Time", always;
        /// Gift id.
        gift_id: String = "GiftId", always;
        /// How many.
        count: i64 = "Count", always;
        /// Price in coins.
        coins: i64 = "Coins", always;
    }
}
