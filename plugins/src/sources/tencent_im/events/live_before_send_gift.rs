//! `Live.CallbackBeforeSendGift`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// Before a gift is sent.
    ///
    /// Fires when a viewer of a live room sends a gift. It is the only before-callback that fails closed:
    /// without an answer in 2 s the gift is blocked, unless the list of live callbacks has
    /// `Live.CallbackBeforeCallBackNotBlock` as well.
    LiveBeforeSendGift = "Live.CallbackBeforeSendGift" {
        title: "Before a gift is sent",
        title_zh: "赠送礼物之前",
        doc: "https://www.tencentcloud.com/document/product/647/72210",
        reply: Gate(Codes::own(102_100..=102_200)),
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackBeforeSendGift",
  "Operator_Account": "bob",
  "RoomId": "room-42",
  "GiftWater": {
    "From_Account": "bob",
    "To_Account": ["alice"],
    "Time": 1767225600,
    "GiftId": "rose",
    "Count": 3,
    "Coins": 10
  }
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who makes the request; an administrator when the server API is used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room.
        room_id: String = "RoomId", always;
        /// The gift.
        gift_water: GiftWater = "GiftWater", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", undocumented;
    }
}

object! {
    /// A gift on its way.
    GiftWater {
        /// Who sends the gift.
        from_account: String = "From_Account", always, personal;
        /// Who are to get it; a list here.
        to_account: Vec<String> = "To_Account", always, personal;
        /// When it was sent, in seconds since 1970.
        time: Seconds = "Time", always;
        /// Which gift it is.
        gift_id: String = "GiftId", always;
        /// How many of it are sent.
        count: i64 = "Count", always;
        /// The price in coins.
        coins: i64 = "Coins", always;
    }
}
