//! `Group.CallbackAfterReadReceipt`.

use super::{Member, Milliseconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// Group read receipts were sent.
    ///
    /// Not for community groups.
    GroupAfterReadReceipt = "Group.CallbackAfterReadReceipt" {
        title: "Group read receipts were sent",
        title_zh: "群消息已读回执之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60395",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterReadReceipt",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Community",
  "GroupMsgReceiptList": [
    {
      "MsgSeq": 48374,
      "ReadNum": 3,
      "UnreadNum": 5,
      "ReadReceiptMembers": [{"Member_Account": "bob"}, {"Member_Account": "carol"}]
    }
  ],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// Messages read.
        group_msg_receipt_list: Vec<GroupMsgReceipt> = "GroupMsgReceiptList", always;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}

object! {
    /// One of the messages read.
    GroupMsgReceipt {
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", always;
        /// Readers.
        read_num: i64 = "ReadNum", always;
        /// Not yet readers.
        unread_num: i64 = "UnreadNum", always;
        /// Who has just read.
        read_receipt_members: Vec<Member> = "ReadReceiptMembers", always;
    }
}
