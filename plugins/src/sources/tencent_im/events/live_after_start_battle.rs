//! `Live.CallbackAfterStartBattle`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A battle between live rooms began.
    ///
    /// Its times are in seconds, `EventTime` and `Duration` in milliseconds.
    LiveAfterStartBattle = "Live.CallbackAfterStartBattle" {
        title: "A battle between live rooms began",
        title_zh: "PK 开始之后",
        doc: "https://www.tencentcloud.com/document/product/647/68260",
        reply: Ignored,
        natural_key: [],
        order_by: Battle,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterStartBattle",
  "BattleId": "q1/Zr+8=",
  "Duration": 300000,
  "CreateTime": 1767225592,
  "StartTime": 1767225600,
  "FromRoomInfo": {"RoomId": "room-42", "Owner_Account": "alice"},
  "ToRoomList": [{"RoomId": "room-43", "Owner_Account": "erin"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The battle.
        battle_id: String = "BattleId", always;
        /// How long the battle is to last, in milliseconds.
        duration: i64 = "Duration", always;
        /// When the battle was requested, in seconds since 1970.
        create_time: Seconds = "CreateTime", always;
        /// When the battle began, in seconds since 1970.
        start_time: Seconds = "StartTime", always;
        /// The room that asked.
        from_room_info: FromRoomInfo = "FromRoomInfo", always;
        /// The rooms that were asked.
        to_room_list: Vec<ToRoom> = "ToRoomList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// The room that asked for the battle.
    FromRoomInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// Who owns the room.
        owner_account: String = "Owner_Account", always, personal;
    }
}

object! {
    /// A room that was asked for the battle.
    ToRoom {
        /// The room.
        room_id: String = "RoomId", always;
        /// Who owns the room.
        owner_account: String = "Owner_Account", always, personal;
    }
}
