//! `Mic.CallbackAfterSeatInfoChanged`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Seats on the microphone changed.
    ///
    /// `Member_Account` is absent for a free seat and is a 64-bit NUMBER in the sample though the table says String.
    MicAfterSeatInfoChanged = "Mic.CallbackAfterSeatInfoChanged" {
        title: "Seats on the microphone changed",
        title_zh: "麦位信息变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/64425",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Mic.CallbackAfterSeatInfoChanged",
  "RoomId": "room-42",
  "SeatList": [
    {
      "Index": 2,
      "Member_Account": "bob",
      "IsTakenDisabled": false,
      "IsVideoDisabled": false,
      "IsAudioDisabled": false
    }
  ],
  "EventTime": 1767225600123,
  "Operator_Account": "alice"
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The room.
        room_id: String = "RoomId", always;
        /// Seats that changed.
        seat_list: Vec<Seat> = "SeatList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Only in the conference page's sample.
        operator_account: String = "Operator_Account", sometimes, personal;
    }
}

object! {
    /// One of the seats that changed.
    Seat {
        /// Seat number.
        index: i64 = "Index", always;
        /// The account.
        member_account: String = "Member_Account", sometimes, personal;
        /// Seat locked.
        is_taken_disabled: bool = "IsTakenDisabled", always;
        /// Video off.
        is_video_disabled: bool = "IsVideoDisabled", always;
        /// Audio off.
        is_audio_disabled: bool = "IsAudioDisabled", always;
    }
}
