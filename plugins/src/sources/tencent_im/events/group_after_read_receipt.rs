//! `Group.CallbackAfterReadReceipt`.

use super::{Member, Milliseconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// Read receipts for group messages were sent.
    ///
    /// Fires when a member sends receipts for messages that were read. Community groups have no read
    /// receipts.
    GroupAfterReadReceipt = "Group.CallbackAfterReadReceipt" {
        title: "Read receipts for group messages were sent",
        title_zh: "群消息已读回执之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60395",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterReadReceipt",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "GroupMsgReceiptList": [
    {
      "MsgSeq": 731,
      "ReadNum": 3,
      "UnreadNum": 5,
      "ReadReceiptMembers": [{"Member_Account": "bob"}]
    }
  ],
  "EventTime": 1767225642377
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Type of the group, for example `Public`, `Work` or `Meeting`.
        kind: String = "Type", always;
        /// The messages that were read.
        group_msg_receipt_list: Vec<GroupMsgReceipt> = "GroupMsgReceiptList", always;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}

object! {
    /// A message that was read.
    GroupMsgReceipt {
        /// Sequence number of the message in its group, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// How many members have read it.
        read_num: i64 = "ReadNum", always;
        /// How many members have not read it yet.
        unread_num: i64 = "UnreadNum", always;
        /// Who has just read it.
        read_receipt_members: Vec<Member> = "ReadReceiptMembers", always;
    }
}
