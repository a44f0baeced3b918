//! `Live.CallbackAfterCreateBattle`.

use super::Milliseconds;

command! {
    /// A battle between live rooms was requested.
    ///
    /// Fires when the host of a live room asks others for a battle. Ids of battles may hold `/`, `+` and `=`.
    LiveAfterCreateBattle = "Live.CallbackAfterCreateBattle" {
        title: "A battle between live rooms was requested",
        title_zh: "发起 PK 之后",
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
  "EventTime": 1767225592123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The battle.
        battle_id: String = "BattleId", always;
        /// The room that asks.
        from_room_id: String = "FromRoomId", always;
        /// The rooms that are asked.
        to_room_id_list: Vec<String> = "ToRoomIdList", always;
        /// How long they have to answer, in milliseconds.
        timeout: i64 = "Timeout", always;
        /// How long the battle is to last, in milliseconds.
        duration: i64 = "Duration", always;
        /// Whether the rooms that are asked have to accept.
        need_response: bool = "NeedResponse", always;
        /// Text of the app that is kept with the battle.
        extension_info: String = "ExtensionInfo", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
