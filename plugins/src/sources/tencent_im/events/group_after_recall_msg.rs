//! `Group.CallbackAfterRecallMsg`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Group messages were recalled.
    GroupAfterRecallMsg = "Group.CallbackAfterRecallMsg" {
        title: "Group messages were recalled",
        title_zh: "撤回群消息之后",
        doc: "https://cloud.tencent.com/document/product/269/1618",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterRecallMsg",
  "Operator_Account": "alice",
  "Type": "Community",
  "GroupId": "@TGS#2CHESSCLUB",
  "MsgSeqList": [{"MsgSeq": 48374, "MsgId": "144115198000000001-1767225600-2804799576"}],
  "TopicId": "@TGS#_2CHESSCLUB@TOPIC#_LUNCH",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Recalled messages.
        msg_seq_list: Vec<RecalledMsg> = "MsgSeqList", always;
        /// The topic; missing or empty outside of topics.
        topic_id: String = "TopicId", sometimes;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}

object! {
    /// One of the recalled messages.
    RecalledMsg {
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", always;
        /// Message id that the client made, unique.
        msg_id: String = "MsgId", sometimes;
    }
}
