//! `Live.CallbackAfterCreateBattle`.

use super::Milliseconds;

command! {
    /// A battle was requested.
    ///
    /// Timeout and Duration in milliseconds; battle ids hold / + and =.
    LiveAfterCreateBattle = "Live.CallbackAfterCreateBattle" {
        title: "A battle was requested",
        title_zh: "发起对战之后",
        doc: "https://www.tencentcloud.com/document/product/647/68259",
        reply: Ignored,
        natural_key: [],
        order_by: Battle,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterCreateBattle",
  "Operator_Account": "alice",
  "BattleId": "q1/Zr+8=",
  "FromRoomId": "room-42",
  "ToRoomIdList": ["room-43"],
  "Timeout": 10000,
  "Duration": 300000,
  "NeedResponse": true,
  "ExtensionInfo": "{\"stake\":\"none\"}",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Battle id.
        battle_id: String = "BattleId", always;
        /// Asking room.
        from_room_id: String = "FromRoomId", always;
        /// Rooms asked.
        to_room_id_list: Vec<String> = "ToRoomIdList", always;
        /// Time to answer, milliseconds.
        timeout: i64 = "Timeout", always;
        /// Battle length, milliseconds.
        duration: i64 = "Duration", always;
        /// Must be accepted.
        need_response: bool = "NeedResponse", always;
        /// Custom text.
        extension_info: String = "ExtensionInfo", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
