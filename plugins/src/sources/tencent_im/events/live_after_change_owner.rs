//! `Live.CallbackAfterChangeOwner`.

use super::Milliseconds;

command! {
    /// The owner of a live room changed.
    LiveAfterChangeOwner = "Live.CallbackAfterChangeOwner" {
        title: "The owner of a live room changed",
        title_zh: "直播间房主变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/72553",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Live.CallbackAfterChangeOwner",
  "RoomId": "room-42",
  "EventTime": 1767226200123,
  "Operator_Account": "alice",
  "CurrentOwner_Account": "bob",
  "OriginalOwner_Account": "alice"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The room.
        room_id: String = "RoomId", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The new owner.
        current_owner_account: String = "CurrentOwner_Account", always, personal;
        /// The former owner.
        original_owner_account: String = "OriginalOwner_Account", always, personal;
    }
}
