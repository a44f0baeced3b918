//! `C2C.CallbackAfterMsgReadAll`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// All unread counts were cleared.
    ///
    /// Fires when a client marks all conversations as read. In spite of its name it covers groups as well.
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
  "GroupReadInfo": [{"GroupId": "@TGS#2CHESSCLUB", "MsgSeq": 731}, {"GroupId": "@TGS#2CYCLING01", "MsgSeq": 95}]
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The user whose conversations were marked as read.
        report_account: String = "Report_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// The groups concerned, and how far each is read.
        group_read_info: Vec<GroupRead> = "GroupReadInfo", sometimes;
    }
}

object! {
    /// A group that was marked as read.
    GroupRead {
        /// The group.
        group_id: String = "GroupId", sometimes;
        /// Sequence number of the last message that is read.
        msg_seq: i64 = "MsgSeq", sometimes;
    }
}
