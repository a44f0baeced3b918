//! `OfficialAccount.CallbackAfterCreateOfficialAccount`.

use super::Milliseconds;

command! {
    /// An official account was created.
    ///
    /// Fires when an administrator created an official account through the server API. Its id begins with
    /// `@TOA#_`.
    OfficialAccountAfterCreateOfficialAccount = "OfficialAccount.CallbackAfterCreateOfficialAccount" {
        title: "An official account was created",
        title_zh: "创建公众号之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60796",
        reply: Ignored,
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterCreateOfficialAccount",
  "Official_Account": "@TOA#_chess-news",
  "Operator_Account": "administrator",
  "Owner_Account": "alice",
  "Name": "Chess news",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// Who did it: an administrator, through the server API.
        operator_account: String = "Operator_Account", always, personal;
        /// Who owns the official account.
        owner_account: String = "Owner_Account", always, personal;
        /// The name of the official account.
        name: String = "Name", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
