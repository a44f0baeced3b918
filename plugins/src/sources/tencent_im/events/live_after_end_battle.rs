//! `Live.CallbackAfterEndBattle`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A battle between live rooms ended.
    ///
    /// Fires when a battle ended, also one that never began. Its times are in seconds, `EventTime` and
    /// `Duration` in milliseconds.
    LiveAfterEndBattle = "Live.CallbackAfterEndBattle" {
        title: "A battle between live rooms ended",
        title_zh: "PK 结束之后",
        doc: "https://www.tencentcloud.com/document/product/647/68261",
        reply: Ignored,
        natural_key: [],
        order_by: Battle,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterEndBattle",
  "BattleId": "q1/Zr+8=",
  "Duration": 300000,
  "CreateTime": 1767225592,
  "StartTime": 1767225600,
  "EndTime": 1767225900,
  "OpType": 0,
  "FromRoomInfo": {"RoomId": "room-42", "Score": 21, "Owner_Account": "alice"},
  "ToRoomList": [{"RoomId": "room-43", "Score": 17, "Owner_Account": "erin"}],
  "EventTime": 1767225900123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The battle.
        battle_id: String = "BattleId", always;
        /// How long the battle was to last, in milliseconds.
        duration: i64 = "Duration", always;
        /// When the battle was requested, in seconds since 1970.
        create_time: Seconds = "CreateTime", always;
        /// When the battle began, in seconds since 1970.
        start_time: Seconds = "StartTime", always;
        /// When the battle ended, in seconds since 1970.
        end_time: Seconds = "EndTime", always;
        /// Why it ended: `0` the time was up, `1` all had left, `2` it never began.
        op_type: i64 = "OpType", always;
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
        /// What the room scored.
        score: i64 = "Score", always;
        /// Who owns the room.
        owner_account: String = "Owner_Account", always, personal;
    }
}

object! {
    /// A room that was asked for the battle.
    ToRoom {
        /// The room.
        room_id: String = "RoomId", always;
        /// What the room scored.
        score: i64 = "Score", always;
        /// Who owns the room.
        owner_account: String = "Owner_Account", always, personal;
    }
}
