//! `Bot.OnC2CMessage`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// A one-to-one message reached a bot.
    ///
    /// Fires when a user writes to a bot, an account that begins with `@RBT#`. The fields are those of
    /// `C2C.CallbackAfterSendMsg`.
    BotOnC2cMessage = "Bot.OnC2CMessage" {
        title: "A one-to-one message reached a bot",
        title_zh: "机器人收到单聊消息之后",
        doc: "https://www.tencentcloud.com/document/product/1047/68952",
        reply: Ignored,
        natural_key: [MsgKey] or without [FromAccount, ToAccount, SendMsgResult],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "Bot.OnC2CMessage",
  "From_Account": "alice",
  "To_Account": "@RBT#concierge",
  "MsgSeq": 48374,
  "MsgRandom": 2804799576,
  "MsgTime": 1767225600,
  "MsgKey": "48374_2804799576_1767225600",
  "OnlineOnlyFlag": 0,
  "SendMsgResult": 0,
  "ErrorInfo": "send msg succeed",
  "UnreadMsgNum": 1,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "When do you open on Sunday?"}}],
  "CloudCustomData": "{\"language\":\"en\"}",
  "MsgId": "144115198000000001-1767225600-2804799576"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who wrote to the bot.
        from_account: String = "From_Account", always, personal;
        /// The bot.
        to_account: String = "To_Account", always, personal;
        /// Sequence number of the message, an unsigned 32-bit integer.
        msg_seq: i64 = "MsgSeq", always;
        /// Random number of the message, an unsigned 32-bit integer.
        msg_random: i64 = "MsgRandom", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// `1` when the message is only for users who are online and is not stored, else `0`.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// `0` when it was delivered, else the code of the failure.
        send_msg_result: i64 = "SendMsgResult", always;
        /// Result of the delivery in words; not part of a reply.
        error_info: String = "ErrorInfo", always;
        /// All unread messages of the bot; newer senders leave it out.
        unread_msg_num: i64 = "UnreadMsgNum", sometimes;
        /// The elements of the message, in their order.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// Unique id of the message, made by the client; older senders leave it out.
        msg_id: String = "MsgId", sometimes;
        /// Whether other devices of the sender get the message too.
        sync_other_machine: i64 = "SyncOtherMachine", undocumented;
        /// Whether the message can have extensions.
        support_message_extension: i64 = "SupportMessageExtension", undocumented;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", undocumented;
    }
}
