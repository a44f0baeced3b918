//! `C2C.CallbackAfterMsgReadReceipt`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// One-to-one read receipts were sent.
    C2cAfterMsgReadReceipt = "C2C.CallbackAfterMsgReadReceipt" {
        title: "One-to-one read receipts were sent",
        title_zh: "单聊消息已读回执之后",
        doc: "https://cloud.tencent.com/document/product/269/128223",
        reply: Ignored,
        natural_key: [],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackAfterMsgReadReceipt",
  "Operator_Account": "alice",
  "Peer_Account": "bob",
  "C2CMsgInfo": [
    {
      "From_Account": "alice",
      "To_Account": "bob",
      "MsgKey": "48374_2804799576_1767225600",
      "MsgId": "144115198000000001-1767225600-2804799576"
    }
  ],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// User who read.
        operator_account: String = "Operator_Account", always, personal;
        /// Other side.
        peer_account: String = "Peer_Account", always, personal;
        /// Messages read.
        c2c_msg_info: Vec<C2cMsgInfo> = "C2CMsgInfo", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// One of the messages read.
    C2cMsgInfo {
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// Key of the message: its number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// Message id that the client made, unique.
        msg_id: String = "MsgId", always;
    }
}
