//! `OfficialAccount.CallbackBeforeCreateOfficialAccount`.

use super::Milliseconds;

command! {
    /// Before an official account is created.
    OfficialAccountBeforeCreateOfficialAccount = "OfficialAccount.CallbackBeforeCreateOfficialAccount" {
        title: "Before an official account is created",
        title_zh: "创建公众号之前",
        doc: "https://www.tencentcloud.com/document/product/1047/60795",
        reply: Gate(Codes::plain().seen_as(20_006)),
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackBeforeCreateOfficialAccount",
  "Operator_Account": "alice",
  "Owner_Account": "alice",
  "Name": "Chess club",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
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
