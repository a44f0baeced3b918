//! `Bot.OnGroupMessage`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// A bot was mentioned in a group.
    ///
    /// Fires when a group message mentions a bot by its name; a mention of everyone does not count.
    BotOnGroupMessage = "Bot.OnGroupMessage" {
        title: "A bot was mentioned in a group",
        title_zh: "机器人在群里被提及之后",
        doc: "https://www.tencentcloud.com/document/product/1047/68953",
        reply: Ignored,
        natural_key: [GroupId, MsgSeq, Random] or without [FromAccount],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Bot.OnGroupMessage",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "From_Account": "bob",
  "Operator_Account": "bob",
  "Random": 1193046471,
  "MsgSeq": 731,
  "MsgTime": 1767225600,
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "@concierge is the club open on Sunday?"}}],
  "AtRobots_Account": ["@RBT#concierge"],
  "CloudCustomData": "{\"language\":\"en\"}",
  "EventTime": 1767225600123
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
        /// Sequence number of the message in its group, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// `1` when the message is only for users who are online and is not stored, else `0`.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message, in their order.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// The bots that are mentioned.
        at_robots_account: Vec<String> = "AtRobots_Account", always, personal;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// The name of the group.
        group_name: String = "GroupName", undocumented, personal;
        /// Unique id of the message, made by the client.
        msg_id: String = "MsgId", undocumented;
    }
}
