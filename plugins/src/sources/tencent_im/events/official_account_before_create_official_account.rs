//! `OfficialAccount.CallbackBeforeCreateOfficialAccount`.

use super::Milliseconds;

command! {
    /// Before an official account is created.
    ///
    /// Fires when an administrator creates an official account through the server API. There is no
    /// `Official_Account` yet. A refusal keeps it from being created.
    OfficialAccountBeforeCreateOfficialAccount = "OfficialAccount.CallbackBeforeCreateOfficialAccount" {
        title: "Before an official account is created",
        title_zh: "创建公众号之前",
        doc: "https://www.tencentcloud.com/document/product/1047/60795",
        reply: Gate(Codes::plain().seen_as(20_006)),
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackBeforeCreateOfficialAccount",
  "Operator_Account": "administrator",
  "Owner_Account": "alice",
  "Name": "Chess news",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The administrator who makes the request.
        operator_account: String = "Operator_Account", always, personal;
        /// Who is to own the official account.
        owner_account: String = "Owner_Account", always, personal;
        /// The name of the official account.
        name: String = "Name", always, personal;
        /// When the request was made, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
