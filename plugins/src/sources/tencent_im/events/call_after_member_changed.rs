//! `Call.CallbackAfterMemberChanged`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// The state of a call member changed.
    ///
    /// Spelling of `ActionType` differs between sample comment, table and language (Answer or Accept; Hangup,
    /// `HangUp` or Hang Up; Invite or Invited; `Cancel_Invite` or `Canncel_Invite`).
    CallAfterMemberChanged = "Call.CallbackAfterMemberChanged" {
        title: "The state of a call member changed",
        title_zh: "通话成员状态变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/69215",
        reply: Ignored,
        natural_key: [],
        order_by: Call,
        sample: r#"{
  "CallbackCommand": "Call.CallbackAfterMemberChanged",
  "CallId": "call-91",
  "UserList": [{"User_Account": "bob", "Status": "Calling"}],
  "ChangedUserList": [{"User_Account": "bob", "ActionType": "Accept"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Call id.
        call_id: String = "CallId", always;
        /// Members of the call.
        user_list: Vec<User> = "UserList", always;
        /// Who changed.
        changed_user_list: Vec<ChangedUser> = "ChangedUserList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// One of the members of the call.
    User {
        /// The account.
        user_account: String = "User_Account", always, personal;
        /// Calling or Waiting.
        status: String = "Status", always;
    }
}

object! {
    /// One of the who changed.
    ChangedUser {
        /// The account.
        user_account: String = "User_Account", always, personal;
        /// Accept (sample: Answer), Reject, `NotAnswer`, Hangup/`HangUp`, Join, Offline, Invite/Invited,
        /// `Cancel_Invite`.
        action_type: String = "ActionType", always;
    }
}
