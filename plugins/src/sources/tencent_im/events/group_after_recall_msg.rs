//! `Group.CallbackAfterRecallMsg`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Group messages were recalled.
    ///
    /// Fires when a client or the server API recalls messages of a group or topic.
    GroupAfterRecallMsg = "Group.CallbackAfterRecallMsg" {
        title: "Group messages were recalled",
        title_zh: "撤回群消息之后",
        doc: "https://cloud.tencent.com/document/product/269/1618",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterRecallMsg",
  "Operator_Account": "jonas",
  "Type": "Community",
  "GroupId": "@TGS#_@TGS#cycling01",
  "MsgSeqList": [{"MsgSeq": 48374, "MsgId": "144115198000000002-1767225600-2804799576"}],
  "TopicId": "@TGS#_@TGS#cycling01@TOPIC#_@TOPIC#rides01",
  "EventTime": 1767225642377
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who recalled them; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// The messages that were recalled.
        msg_seq_list: Vec<RecalledMsg> = "MsgSeqList", always;
        /// The topic; missing or empty outside of topics.
        topic_id: String = "TopicId", sometimes;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}

object! {
    /// A message that was recalled.
    RecalledMsg {
        /// Sequence number of the message in its group or topic, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// Unique id of the message, made by the client.
        msg_id: String = "MsgId", sometimes;
    }
}
