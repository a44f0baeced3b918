//! `Group.CallbackBeforeSendMsg`.

use super::{Milliseconds, MsgElement};

command! {
    /// Before a group message is sent.
    ///
    /// Fires when a client or the server API sends a message to a group, a topic, an audio-video group or a
    /// live room (`Type` is `Live`). A refusal shows the sender an error, a drop lets the sender believe that
    /// the message was sent, a replacement sends other elements or custom data. The message has neither
    /// `MsgSeq` nor `MsgTime` yet; its random number is in `Random`, which is `MsgRandom` for one-to-one
    /// messages.
    GroupBeforeSendMsg = "Group.CallbackBeforeSendMsg" {
        title: "Before a group message is sent",
        title_zh: "发送群消息之前",
        doc: "https://www.tencentcloud.com/document/product/1047/34374",
        reply: Message(Codes::own(10_100..=10_200).seen_as(10_016)),
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackBeforeSendMsg",
  "GroupId": "@TGS#_@TGS#cycling01",
  "Type": "Community",
  "From_Account": "jonas",
  "Operator_Account": "jonas",
  "Random": 2804799576,
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "@aiko do you bring the pump?"}}],
  "CloudCustomData": "{\"reply_to\":48370}",
  "TopicId": "@TGS#_@TGS#cycling01@TOPIC#_@TOPIC#rides01",
  "EventTime": 1767225600123,
  "MsgId": "144115198000000002-1767225600-2804799576"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// Who sends the message.
        from_account: String = "From_Account", always, personal;
        /// Who makes the request: the sender, or an administrator when the server API is used.
        operator_account: String = "Operator_Account", always, personal;
        /// Random number of the message, an unsigned 32-bit integer.
        random: i64 = "Random", always;
        /// `1` when the message is only for users who are online and is not stored, else `0`.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message, in their order.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// The topic; missing or empty outside of topics.
        topic_id: String = "TopicId", sometimes;
        /// When the request was made, in milliseconds since 1970; older senders write it as text or leave it
        /// out.
        event_time: Milliseconds = "EventTime", sometimes;
        /// Unique id of the message, made by the client; older senders leave it out.
        msg_id: String = "MsgId", sometimes;
    }
}
