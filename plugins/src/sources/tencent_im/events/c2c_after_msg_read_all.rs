//! `C2C.CallbackAfterMsgReadAll`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// All unread counts were cleared.
    ///
    /// `C2C` by name but covers group chats too.
    C2cAfterMsgReadAll = "C2C.CallbackAfterMsgReadAll" {
        title: "All unread counts were cleared",
        title_zh: "清空全部未读之后",
        doc: "https://cloud.tencent.com/document/product/269/128225",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackAfterMsgReadAll",
  "Report_Account": "alice",
  "EventTime": 1767225600123,
  "GroupReadInfo": [{"GroupId": "@TGS#2CHESSCLUB", "MsgSeq": 48374}]
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Reader.
        report_account: String = "Report_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Groups cleared and up to which message.
        group_read_info: Vec<GroupRead> = "GroupReadInfo", sometimes;
    }
}

object! {
    /// One of the groups cleared and up to which message.
    GroupRead {
        /// The group.
        group_id: String = "GroupId", sometimes;
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", sometimes;
    }
}
