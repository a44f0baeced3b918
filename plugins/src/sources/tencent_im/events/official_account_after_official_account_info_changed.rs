//! `OfficialAccount.CallbackAfterOfficialAccountInfoChanged`.

use super::Milliseconds;

command! {
    /// Details of an official account changed.
    ///
    /// Fires when details were changed through the server API, and holds only those that changed.
    OfficialAccountAfterOfficialAccountInfoChanged = "OfficialAccount.CallbackAfterOfficialAccountInfoChanged" {
        title: "Details of an official account changed",
        title_zh: "公众号资料变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60797",
        reply: Ignored,
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterOfficialAccountInfoChanged",
  "Official_Account": "@TOA#_chess-news",
  "Operator_Account": "administrator",
  "Introduction": "Results and games of the week",
  "Name": "Chess news weekly",
  "FaceUrl": "https://cdn.example.com/accounts/chess-news.png",
  "Organization": "Riverside chess club",
  "EventTime": 1767226200123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// Who did it: an administrator, through the server API.
        operator_account: String = "Operator_Account", always, personal;
        /// The new introduction.
        introduction: String = "Introduction", sometimes, personal;
        /// The new name.
        name: String = "Name", sometimes, personal;
        /// Address of the new picture.
        face_url: String = "FaceUrl", sometimes, personal;
        /// The new organization behind it.
        organization: String = "Organization", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
