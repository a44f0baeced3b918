//! `Group.CallbackAfterModifyMsg`.

use super::{Milliseconds, MsgElement};

command! {
    /// A group message was edited.
    ///
    /// Fires when a client or the server API edits a message that was sent before. The content is that after
    /// the edit.
    GroupAfterModifyMsg = "Group.CallbackAfterModifyMsg" {
        title: "A group message was edited",
        title_zh: "修改群消息之后",
        doc: "https://cloud.tencent.com/document/product/269/129193",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "@aiko do you bring the big pump?"}}],
  "CallbackCommand": "Group.CallbackAfterModifyMsg",
  "Operator_Account": "jonas",
  "GroupId": "@TGS#_@TGS#cycling01",
  "TopicId": "@TGS#_@TGS#cycling01@TOPIC#_@TOPIC#rides01",
  "MsgSeq": 48374,
  "EventTime": 1767225642377
}"#,
    }
    fields {
        /// The elements of the message after the edit.
        msg_body: Vec<MsgElement> = "MsgBody", sometimes;
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who edited it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The group.
        group_id: String = "GroupId", always;
        /// The topic; missing or empty outside of topics.
        topic_id: String = "TopicId", sometimes;
        /// Sequence number of the message in its group or topic, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// When it was edited, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Custom data of the app that is kept with the message, after the edit.
        cloud_custom_data: String = "CloudCustomData", undocumented, personal;
    }
}
