//! `C2C.CallbackAfterMsgReport`.

use super::{Milliseconds, Seconds};

command! {
    /// One-to-one messages were marked read.
    C2cAfterMsgReport = "C2C.CallbackAfterMsgReport" {
        title: "One-to-one messages were marked read",
        title_zh: "单聊消息已读上报之后",
        doc: "https://www.tencentcloud.com/document/product/1047/43465",
        reply: Ignored,
        natural_key: [],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackAfterMsgReport",
  "Report_Account": "alice",
  "Peer_Account": "bob",
  "LastReadTime": 1767225590,
  "UnreadMsgNum": 7,
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Reader.
        report_account: String = "Report_Account", always, personal;
        /// Other side of the chat.
        peer_account: String = "Peer_Account", always, personal;
        /// Read up to this time, seconds.
        last_read_time: Seconds = "LastReadTime", always;
        /// Unread total of the reader.
        unread_msg_num: i64 = "UnreadMsgNum", sometimes;
        /// When it happened, in milliseconds since 1970; the newest description has it in place of `UnreadMsgNum`.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
