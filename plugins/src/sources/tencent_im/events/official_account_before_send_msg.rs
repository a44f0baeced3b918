//! `OfficialAccount.CallbackBeforeSendMsg`.

use super::{Milliseconds, MsgElement};

command! {
    /// Before an official account sends a message.
    ///
    /// Fires when an official account sends a message to its subscribers through the server API. A refusal
    /// shows the caller an error, a drop lets the caller believe that the message was sent, a replacement
    /// sends other elements or custom data.
    OfficialAccountBeforeSendMsg = "OfficialAccount.CallbackBeforeSendMsg" {
        title: "Before an official account sends a message",
        title_zh: "公众号发送消息之前",
        doc: "https://www.tencentcloud.com/document/product/1047/60803",
        reply: Message(Codes::own(120_001..=130_000).seen_as(10_016)),
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackBeforeSendMsg",
  "Official_Account": "@TOA#_chess-news",
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
        /// `1` when the message is only for users who are online and is not stored, else `0`.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message, in their order.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// When the request was made, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
