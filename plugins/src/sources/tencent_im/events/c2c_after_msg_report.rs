//! `C2C.CallbackAfterMsgReport`.

use super::{Milliseconds, Seconds};

command! {
    /// One-to-one messages were marked read.
    ///
    /// Fires when a client or the server API reports a conversation as read. Newer senders leave out
    /// `UnreadMsgNum` and add `EventTime`.
    C2cAfterMsgReport = "C2C.CallbackAfterMsgReport" {
        title: "One-to-one messages were marked read",
        title_zh: "单聊消息已读上报之后",
        doc: "https://www.tencentcloud.com/document/product/1047/43465",
        reply: Ignored,
        natural_key: [],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackAfterMsgReport",
  "Report_Account": "bob",
  "Peer_Account": "alice",
  "LastReadTime": 1767225600,
  "UnreadMsgNum": 6,
  "EventTime": 1767225642377
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who read the messages.
        report_account: String = "Report_Account", always, personal;
        /// The other side of the conversation.
        peer_account: String = "Peer_Account", always, personal;
        /// Everything up to this time is read, in seconds since 1970.
        last_read_time: Seconds = "LastReadTime", always;
        /// All unread messages that the reader still has; newer senders leave it out.
        unread_msg_num: i64 = "UnreadMsgNum", sometimes;
        /// When it happened, in milliseconds since 1970; older senders leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
