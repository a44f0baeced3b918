//! `Mic.CallbackAfterSeatInfoChanged`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Seats of a room changed.
    ///
    /// Fires when a seat for speakers was taken, left, locked or muted. A free seat has no `Member_Account`.
    MicAfterSeatInfoChanged = "Mic.CallbackAfterSeatInfoChanged" {
        title: "Seats of a room changed",
        title_zh: "麦位信息变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/64425",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Mic.CallbackAfterSeatInfoChanged",
  "RoomId": "meeting-7",
  "SeatList": [
    {
      "Index": 2,
      "Member_Account": "bob",
      "IsTakenDisabled": false,
      "IsVideoDisabled": false,
      "IsAudioDisabled": false
    },
    {
      "Index": 3,
      "IsTakenDisabled": true,
      "IsVideoDisabled": false,
      "IsAudioDisabled": false
    }
  ],
  "EventTime": 1767225600123,
  "Operator_Account": "alice"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The room.
        room_id: String = "RoomId", always;
        /// The seats that changed.
        seat_list: Vec<Seat> = "SeatList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Who did it; live rooms leave it out.
        operator_account: String = "Operator_Account", sometimes, personal;
    }
}

object! {
    /// A seat that changed.
    Seat {
        /// Number of the seat.
        index: i64 = "Index", always;
        /// Who has the seat; missing when it is free, and a number from some senders.
        member_account: String = "Member_Account", sometimes, personal;
        /// Whether the seat is locked.
        is_taken_disabled: bool = "IsTakenDisabled", always;
        /// Whether video is switched off for the seat.
        is_video_disabled: bool = "IsVideoDisabled", always;
        /// Whether audio is switched off for the seat.
        is_audio_disabled: bool = "IsAudioDisabled", always;
    }
}
