//! `OfficialAccount.CallbackAfterOfficialAccountInfoChanged`.

use super::Milliseconds;

command! {
    /// Details of an official account changed.
    ///
    /// Only changed fields are present.
    OfficialAccountAfterOfficialAccountInfoChanged = "OfficialAccount.CallbackAfterOfficialAccountInfoChanged" {
        title: "Details of an official account changed",
        title_zh: "公众号资料变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60797",
        reply: Ignored,
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterOfficialAccountInfoChanged",
  "Official_Account": "@TOA#_chess-club",
  "Operator_Account": "alice",
  "Introduction": "We play on Fridays",
  "Name": "Chess club",
  "FaceUrl": "https://img.example.com/chess.png",
  "Organization": "Chess Ltd",
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
        /// New introduction.
        introduction: String = "Introduction", sometimes, personal;
        /// The name.
        name: String = "Name", sometimes, personal;
        /// New avatar URL.
        face_url: String = "FaceUrl", sometimes, personal;
        /// New organization.
        organization: String = "Organization", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
