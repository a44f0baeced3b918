//! `Bot.OnGroupMessage`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// A bot was mentioned in a group.
    ///
    /// One Java SDK has wrong key names for this body.
    BotOnGroupMessage = "Bot.OnGroupMessage" {
        title: "A bot was mentioned in a group",
        title_zh: "机器人在群里被提及",
        doc: "https://www.tencentcloud.com/document/product/1047/68953",
        reply: Ignored,
        natural_key: [GroupId, MsgSeq, Random] or without [TopicId, FromAccount],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Bot.OnGroupMessage",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Community",
  "From_Account": "alice",
  "Operator_Account": "alice",
  "Random": 2804799576,
  "MsgSeq": 48374,
  "MsgTime": 1767225600,
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "AtRobots_Account": ["@RBT#helper"],
  "CloudCustomData": "{\"reply_to\":48370}",
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
        /// Bots mentioned.
        at_robots_account: Vec<String> = "AtRobots_Account", always, personal;
        /// Custom data that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Type file of a vendor gateway only.
        group_name: String = "GroupName", undocumented, personal;
        /// Type file of a vendor gateway only.
        msg_id: String = "MsgId", undocumented;
    }
}
