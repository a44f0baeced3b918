//! `OfficialAccount.CallbackAfterOfficialAccountFull`.

use super::Milliseconds;

command! {
    /// An official account became full.
    ///
    /// Fires when an official account reached the number of subscribers that it may have.
    OfficialAccountAfterOfficialAccountFull = "OfficialAccount.CallbackAfterOfficialAccountFull" {
        title: "An official account became full",
        title_zh: "公众号订阅满员之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60801",
        reply: Ignored,
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterOfficialAccountFull",
  "Official_Account": "@TOA#_chess-news",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
