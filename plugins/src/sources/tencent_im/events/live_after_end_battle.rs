//! `Live.CallbackAfterEndBattle`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A battle ended.
    LiveAfterEndBattle = "Live.CallbackAfterEndBattle" {
        title: "A battle ended",
        title_zh: "对战结束之后",
        doc: "https://www.tencentcloud.com/document/product/647/68261",
        reply: Ignored,
        natural_key: [],
        order_by: Battle,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterEndBattle",
  "BattleId": "q1/Zr+8=",
  "Duration": 300000,
  "CreateTime": 1767225500,
  "StartTime": 1767225600,
  "EndTime": 1767225900,
  "OpType": 0,
  "FromRoomInfo": {"RoomId": "room-42", "Score": 21, "Owner_Account": "alice"},
  "ToRoomList": [{"RoomId": "room-42", "Score": 21, "Owner_Account": "alice"}],
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
        /// End, seconds.
        end_time: Seconds = "EndTime", always;
        /// 0 time up, 1 all left, 2 never started.
        op_type: i64 = "OpType", always;
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
        /// Score.
        score: i64 = "Score", always;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
    }
}

object! {
    /// One of the rooms asked.
    ToRoom {
        /// The room.
        room_id: String = "RoomId", always;
        /// Score.
        score: i64 = "Score", always;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
    }
}
