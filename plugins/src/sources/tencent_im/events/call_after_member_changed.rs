//! `Call.CallbackAfterMemberChanged`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Members of a call changed their state.
    ///
    /// Fires when members of a call answer, refuse, hang up, join, are invited or are lost. The words of
    /// `ActionType` come in more than one spelling: compare them without case, and expect both of a pair.
    CallAfterMemberChanged = "Call.CallbackAfterMemberChanged" {
        title: "Members of a call changed their state",
        title_zh: "通话成员状态变更之后",
        doc: "https://www.tencentcloud.com/document/product/647/69215",
        reply: Ignored,
        natural_key: [],
        order_by: Call,
        sample: r#"{
  "CallbackCommand": "Call.CallbackAfterMemberChanged",
  "CallId": "call-91",
  "UserList": [
    {"User_Account": "alice", "Status": "Calling"},
    {"User_Account": "bob", "Status": "Calling"},
    {"User_Account": "carol", "Status": "Waiting"}
  ],
  "ChangedUserList": [{"User_Account": "bob", "ActionType": "Accept"}],
  "EventTime": 1767225610123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The call.
        call_id: String = "CallId", always;
        /// All members of the call.
        user_list: Vec<User> = "UserList", always;
        /// The members whose state changed.
        changed_user_list: Vec<ChangedUser> = "ChangedUserList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A member of the call.
    User {
        /// The account.
        user_account: String = "User_Account", always, personal;
        /// `Calling` when in the call, `Waiting` when not answered yet.
        status: String = "Status", always;
    }
}

object! {
    /// A member whose state changed.
    ChangedUser {
        /// The account.
        user_account: String = "User_Account", always, personal;
        /// What happened: `Accept` or `Answer`, `Reject`, `NotAnswer`, `Hangup` or `HangUp`, `Join`,
        /// `Offline`, `Invite` or `Invited`, `Cancel_Invite`.
        action_type: String = "ActionType", always;
    }
}
