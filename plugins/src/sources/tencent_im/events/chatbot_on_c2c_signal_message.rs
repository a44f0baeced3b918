//! `Chatbot.OnC2CSignalMessage`.

use super::Milliseconds;

command! {
    /// A pass-through signal for a chatbot.
    ///
    /// The only after-callback whose reply carries content.
    ChatbotOnC2cSignalMessage = "Chatbot.OnC2CSignalMessage" {
        title: "A pass-through signal for a chatbot",
        title_zh: "聊天机器人透传信令",
        doc: "https://www.tencentcloud.com/document/product/1047/59057",
        reply: Signal,
        natural_key: [MsgKey] or without [FromAccount, ToAccount],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "Chatbot.OnC2CSignalMessage",
  "From_Account": "alice",
  "To_Account": "bob",
  "MsgSeq": 48374,
  "MsgRandom": 2804799576,
  "MsgKey": "48374_2804799576_1767225600",
  "EventTime": 1767225600123,
  "Data": "{\"question\":\"opening hours\"}"
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", always;
        /// Random number of the message, unsigned 32-bit.
        msg_random: i64 = "MsgRandom", always;
        /// Key of the message: its number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Opaque text, often JSON inside a string.
        data: String = "Data", always, personal;
    }
}
