//! `Chatbot.OnC2CSignalMessage`.

use super::Milliseconds;

command! {
    /// A chatbot sent a signal.
    ///
    /// Fires when a flow of a chatbot sends a custom signal. It is the only event whose reply matters
    /// although it has happened already: an answer hands a text to the chatbot, and with a refusal the reply
    /// is ignored.
    ChatbotOnC2cSignalMessage = "Chatbot.OnC2CSignalMessage" {
        title: "A chatbot sent a signal",
        title_zh: "聊天机器人发送透传信令之后",
        doc: "https://www.tencentcloud.com/document/product/1047/59057",
        reply: Signal,
        natural_key: [MsgKey] or without [FromAccount, ToAccount],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "Chatbot.OnC2CSignalMessage",
  "From_Account": "alice",
  "To_Account": "@RBT#concierge",
  "MsgSeq": 48374,
  "MsgRandom": 2804799576,
  "MsgKey": "48374_2804799576_1767225600",
  "EventTime": 1767225600123,
  "Data": "{\"question\":\"opening hours\"}"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who is talking to the chatbot.
        from_account: String = "From_Account", always, personal;
        /// The chatbot.
        to_account: String = "To_Account", always, personal;
        /// Sequence number of the message, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// Random number of the message, an unsigned 32-bit integer.
        msg_random: i64 = "MsgRandom", always;
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// What the flow sends: any text, often JSON.
        data: String = "Data", always, personal;
    }
}
