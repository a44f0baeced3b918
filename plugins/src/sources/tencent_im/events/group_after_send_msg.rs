//! `Group.CallbackAfterSendMsg`.

use super::{Milliseconds, MsgElement, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A group message was sent.
    ///
    /// Order within a group by `MsgSeq`. The random can exceed a signed 32-bit integer.
    GroupAfterSendMsg = "Group.CallbackAfterSendMsg" {
        title: "A group message was sent",
        title_zh: "发送群消息之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34375",
        reply: Ignored,
        natural_key: [GroupId, MsgSeq, Random] or without [TopicId, FromAccount],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterSendMsg",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Community",
  "From_Account": "alice",
  "Operator_Account": "alice",
  "Random": 2804799576,
  "MsgSeq": 48374,
  "MsgTime": 1767225600,
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "CloudCustomData": "{\"reply_to\":48370}",
  "EventTime": 1767225600123,
  "MsgId": "144115198000000001-1767225600-2804799576",
  "TopicId": "@TGS#_2CHESSCLUB@TOPIC#_LUNCH",
  "GroupAtInfo": [{"GroupAtAllFlag": 0, "GroupAt_Account": "bob"}]
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Random number of the message, unsigned 32-bit.
        random: i64 = "Random", always;
        /// Number of the message in its conversation, unsigned 32-bit.
        msg_seq: i64 = "MsgSeq", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// 1 for users who are online only, not stored; else 0.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
        /// Message id that the client made, unique; in the newest description only.
        msg_id: String = "MsgId", sometimes;
        /// Topic the message went to.
        topic_id: String = "TopicId", sometimes;
        /// Mentions, at most 30.
        group_at_info: Vec<GroupAt> = "GroupAtInfo", sometimes;
    }
}

object! {
    /// One of the mentions, at most 30.
    GroupAt {
        /// 1 everyone, 0 one member.
        group_at_all_flag: i64 = "GroupAtAllFlag", sometimes;
        /// Mentioned member.
        group_at_account: String = "GroupAt_Account", sometimes, personal;
    }
}
