//! `C2C.CallbackBeforeSendMsg`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// Before a one-to-one message is sent.
    ///
    /// Fires when a client or the server API sends a message. A refusal shows the sender an error, a drop
    /// lets the sender believe that the message was sent, a replacement sends other elements or custom data.
    /// A sender through the server API can switch this callback off with `ForbidCallbackControl`.
    C2cBeforeSendMsg = "C2C.CallbackBeforeSendMsg" {
        title: "Before a one-to-one message is sent",
        title_zh: "发送单聊消息之前",
        doc: "https://www.tencentcloud.com/document/product/1047/34364",
        reply: Message(Codes::own(120_001..=130_000).seen_as(20_006)),
        natural_key: [MsgKey] or without [FromAccount, ToAccount],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackBeforeSendMsg",
  "From_Account": "alice",
  "To_Account": "bob",
  "MsgSeq": 48374,
  "MsgRandom": 2804799576,
  "MsgTime": 1767225600,
  "MsgKey": "48374_2804799576_1767225600",
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "CloudCustomData": "{\"reply_to\":48370}",
  "MsgId": "144115198000000001-1767225600-2804799576"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who sends the message.
        from_account: String = "From_Account", always, personal;
        /// Who receives the message.
        to_account: String = "To_Account", always, personal;
        /// Sequence number of the message, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// Random number of the message, an unsigned 32-bit integer.
        msg_random: i64 = "MsgRandom", always;
        /// Time of the message, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// `1` when the message is only for users who are online and is not stored, else `0`.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message, in their order.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// Unique id of the message, made by the client; older senders leave it out.
        msg_id: String = "MsgId", sometimes;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", undocumented;
    }
}
