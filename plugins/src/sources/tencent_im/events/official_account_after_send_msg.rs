//! `OfficialAccount.CallbackAfterSendMsg`.

use super::{Milliseconds, MsgElement, Seconds};

command! {
    /// An official account sent a message.
    ///
    /// Fires after a message went out to the subscribers, with the content that a before-callback may have
    /// replaced.
    OfficialAccountAfterSendMsg = "OfficialAccount.CallbackAfterSendMsg" {
        title: "An official account sent a message",
        title_zh: "公众号发送消息之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60804",
        reply: Ignored,
        natural_key: [MsgKey] or without [OfficialAccount],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterSendMsg",
  "Official_Account": "@TOA#_chess-news",
  "MsgKey": "48374_2804799576_1767225600",
  "MsgTime": 1767225600,
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "The results of the week are out"}}],
  "CloudCustomData": "{\"issue\":17}",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// When the message was sent, in seconds since 1970.
        msg_time: Seconds = "MsgTime", always;
        /// `1` when the message is only for users who are online and is not stored, else `0`.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message, in their order.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
