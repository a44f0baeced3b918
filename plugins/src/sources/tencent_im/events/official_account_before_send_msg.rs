//! `OfficialAccount.CallbackBeforeSendMsg`.

use super::{Milliseconds, MsgElement};

command! {
    /// Before an official account sends a message.
    OfficialAccountBeforeSendMsg = "OfficialAccount.CallbackBeforeSendMsg" {
        title: "Before an official account sends a message",
        title_zh: "公众号发送消息之前",
        doc: "https://www.tencentcloud.com/document/product/1047/60803",
        reply: Message(Codes::own(120_001..=130_000).seen_as(10_016)),
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackBeforeSendMsg",
  "Official_Account": "@TOA#_chess-club",
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "CloudCustomData": "{\"reply_to\":48370}",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// 1 for users who are online only, not stored; else 0.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
