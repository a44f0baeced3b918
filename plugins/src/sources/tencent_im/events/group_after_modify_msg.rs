//! `Group.CallbackAfterModifyMsg`.

use super::{Milliseconds, MsgElement};

command! {
    /// A group message was edited.
    ///
    /// `TopicId` may be an empty string. `CallbackCommand` is not the first key of the sample.
    GroupAfterModifyMsg = "Group.CallbackAfterModifyMsg" {
        title: "A group message was edited",
        title_zh: "修改群消息之后",
        doc: "https://cloud.tencent.com/document/product/269/129193",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "CallbackCommand": "Group.CallbackAfterModifyMsg",
  "Operator_Account": "alice",
  "GroupId": "@TGS#2CHESSCLUB",
  "TopicId": "@TGS#_2CHESSCLUB@TOPIC#_LUNCH",
  "MsgSeq": 48374,
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The elements of the message.
        msg_body: Vec<MsgElement> = "MsgBody", sometimes;
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The group.
        group_id: String = "GroupId", always;
        /// The topic; missing or empty outside of topics.
        topic_id: String = "TopicId", sometimes;
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", always;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", always;
        /// As in the one-to-one sibling; not in the sample.
        cloud_custom_data: String = "CloudCustomData", undocumented, personal;
    }
}
