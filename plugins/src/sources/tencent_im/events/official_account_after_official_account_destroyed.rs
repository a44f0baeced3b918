//! `OfficialAccount.CallbackAfterOfficialAccountDestroyed`.

use super::Milliseconds;

command! {
    /// An official account was destroyed.
    ///
    /// This is done through the server API.
    OfficialAccountAfterOfficialAccountDestroyed = "OfficialAccount.CallbackAfterOfficialAccountDestroyed" {
        title: "An official account was destroyed",
        title_zh: "销毁公众号之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60798",
        reply: Ignored,
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterOfficialAccountDestroyed",
  "Official_Account": "@TOA#_chess-news",
  "Owner_Account": "alice",
  "Name": "Chess news weekly",
  "EventTime": 1767312000123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// Who owned the official account.
        owner_account: String = "Owner_Account", always, personal;
        /// The name of the official account.
        name: String = "Name", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
