//! `Live.CallbackAfterStartBattle`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A battle began.
    LiveAfterStartBattle = "Live.CallbackAfterStartBattle" {
        title: "A battle began",
        title_zh: "对战开始之后",
        doc: "https://www.tencentcloud.com/document/product/647/68260",
        reply: Ignored,
        natural_key: [],
        order_by: Battle,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterStartBattle",
  "BattleId": "q1/Zr+8=",
  "Duration": 300000,
  "CreateTime": 1767225500,
  "StartTime": 1767225600,
  "FromRoomInfo": {"RoomId": "room-42", "Owner_Account": "alice"},
  "ToRoomList": [{"RoomId": "room-42", "Owner_Account": "alice"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Battle id.
        battle_id: String = "BattleId", always;
        /// Battle length, milliseconds.
        duration: i64 = "Duration", always;
        /// Creation time, seconds.
        create_time: Seconds = "CreateTime", always;
        /// Start, seconds.
        start_time: Seconds = "StartTime", always;
        /// Asking room.
        from_room_info: FromRoomInfo = "FromRoomInfo", always;
        /// Rooms asked.
        to_room_list: Vec<ToRoom> = "ToRoomList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// Asking room.
    FromRoomInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
    }
}

object! {
    /// One of the rooms asked.
    ToRoom {
        /// The room.
        room_id: String = "RoomId", always;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
    }
}
