//! `Live.CallbackAfterChangeOwner`.

use super::Milliseconds;

command! {
    /// A live room changed its owner.
    LiveAfterChangeOwner = "Live.CallbackAfterChangeOwner" {
        title: "A live room changed its owner",
        title_zh: "直播间房主变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/72553",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterChangeOwner",
  "RoomId": "room-42",
  "EventTime": 1767225600123,
  "Operator_Account": "alice",
  "CurrentOwner_Account": "bob",
  "OriginalOwner_Account": "alice"
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The room.
        room_id: String = "RoomId", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// New owner.
        current_owner_account: String = "CurrentOwner_Account", always, personal;
        /// Old owner.
        original_owner_account: String = "OriginalOwner_Account", always, personal;
    }
}
