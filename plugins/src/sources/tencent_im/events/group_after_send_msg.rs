//! `Group.CallbackAfterSendMsg`.

use super::{Milliseconds, MsgElement, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A group message was sent.
    ///
    /// Fires after a message went out to a group or topic, with the content that a before-callback may have
    /// replaced; a message that was refused does not cause it. Messages may arrive out of order: sort those
    /// of a group or topic by `MsgSeq`.
    GroupAfterSendMsg = "Group.CallbackAfterSendMsg" {
        title: "A group message was sent",
        title_zh: "发送群消息之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34375",
        reply: Ignored,
        natural_key: [GroupId, MsgSeq, Random] or without [TopicId, FromAccount],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterSendMsg",
  "GroupId": "@TGS#_@TGS#cycling01",
  "Type": "Community",
  "From_Account": "jonas",
  "Operator_Account": "jonas",
  "Random": 2804799576,
  "MsgSeq": 48374,
  "MsgTime": 1767225600,
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "@aiko do you bring the pump?"}}],
  "CloudCustomData": "{\"reply_to\":48370}",
  "EventTime": 1767225600123,
  "MsgId": "144115198000000002-1767225600-2804799576",
  "TopicId": "@TGS#_@TGS#cycling01@TOPIC#_@TOPIC#rides01",
  "GroupAtInfo": [{"GroupAtAllFlag": 0, "GroupAt_Account": "aiko"}]
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// Who sent the message.
        from_account: String = "From_Account", always, personal;
        /// Who made the request: the sender, or an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Random number of the message, an unsigned 32-bit integer.
        random: i64 = "Random", always;
        /// Sequence number of the message in its group or topic, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// `1` when the message is only for users who are online and is not stored, else `0`.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message, in their order.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
        /// Unique id of the message, made by the client; older senders leave it out.
        msg_id: String = "MsgId", sometimes;
        /// The topic; missing or empty outside of topics.
        topic_id: String = "TopicId", sometimes;
        /// Who is mentioned, at most 30.
        group_at_info: Vec<GroupAt> = "GroupAtInfo", sometimes;
    }
}

object! {
    /// A mention of a member or of everyone.
    GroupAt {
        /// `1` when everyone is mentioned, `0` for one member.
        group_at_all_flag: i64 = "GroupAtAllFlag", sometimes;
        /// The member who is mentioned.
        group_at_account: String = "GroupAt_Account", sometimes, personal;
    }
}
