//! `OfficialAccount.CallbackAfterCreateOfficialAccount`.

use super::Milliseconds;

command! {
    /// An official account was created.
    OfficialAccountAfterCreateOfficialAccount = "OfficialAccount.CallbackAfterCreateOfficialAccount" {
        title: "An official account was created",
        title_zh: "创建公众号之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60796",
        reply: Ignored,
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterCreateOfficialAccount",
  "Official_Account": "@TOA#_chess-club",
  "Operator_Account": "alice",
  "Owner_Account": "alice",
  "Name": "Chess club",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
        /// The name.
        name: String = "Name", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
