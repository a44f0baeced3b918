//! `Group.CallbackBeforeSendMsg`.

use super::{Milliseconds, MsgElement};

command! {
    /// Before a group message is sent.
    ///
    /// No `MsgSeq` and no `MsgTime` yet. The message random is called Random, not `MsgRandom`. `TopicId` only for
    /// topics.
    GroupBeforeSendMsg = "Group.CallbackBeforeSendMsg" {
        title: "Before a group message is sent",
        title_zh: "发送群消息之前",
        doc: "https://www.tencentcloud.com/document/product/1047/34374",
        reply: Message(Codes::own(10_100..=10_200).seen_as(10_016)),
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackBeforeSendMsg",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Community",
  "From_Account": "alice",
  "Operator_Account": "alice",
  "Random": 2804799576,
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "CloudCustomData": "{\"reply_to\":48370}",
  "TopicId": "@TGS#_2CHESSCLUB@TOPIC#_LUNCH",
  "EventTime": 1767225600123,
  "MsgId": "144115198000000001-1767225600-2804799576"
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// Sender.
        from_account: String = "From_Account", always, personal;
        /// Who made the request, an administrator for the server API.
        operator_account: String = "Operator_Account", always, personal;
        /// Random number of the message, unsigned 32-bit.
        random: i64 = "Random", always;
        /// 1 for users who are online only, not stored; else 0.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// The topic; missing or empty outside of topics.
        topic_id: String = "TopicId", sometimes;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
        /// Message id that the client made, unique; in the newest description only.
        msg_id: String = "MsgId", sometimes;
    }
}
