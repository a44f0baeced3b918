//! `C2C.CallbackAfterMsgReadReceipt`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Read receipts for one-to-one messages were sent.
    ///
    /// Fires when a client sends receipts for messages that its user has read.
    C2cAfterMsgReadReceipt = "C2C.CallbackAfterMsgReadReceipt" {
        title: "Read receipts for one-to-one messages were sent",
        title_zh: "单聊消息已读回执之后",
        doc: "https://cloud.tencent.com/document/product/269/128223",
        reply: Ignored,
        natural_key: [],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackAfterMsgReadReceipt",
  "Operator_Account": "bob",
  "Peer_Account": "alice",
  "C2CMsgInfo": [
    {
      "From_Account": "alice",
      "To_Account": "bob",
      "MsgKey": "48374_2804799576_1767225600",
      "MsgId": "144115198000000001-1767225600-2804799576"
    }
  ],
  "EventTime": 1767225642377
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who read the messages.
        operator_account: String = "Operator_Account", always, personal;
        /// The other side of the conversation.
        peer_account: String = "Peer_Account", always, personal;
        /// The messages that were read.
        c2c_msg_info: Vec<C2cMsgInfo> = "C2CMsgInfo", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A message that was read.
    C2cMsgInfo {
        /// Who sent the message.
        from_account: String = "From_Account", always, personal;
        /// Who received the message.
        to_account: String = "To_Account", always, personal;
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// Unique id of the message, made by the client.
        msg_id: String = "MsgId", always;
    }
}
