//! `Follow.CallbackAfterFollowDelete`.

use super::Milliseconds;

command! {
    /// A user unfollowed others.
    ///
    /// Fires for a client and for the server API. `To_Account` is a list here, where most commands have a
    /// single account.
    FollowAfterFollowDelete = "Follow.CallbackAfterFollowDelete" {
        title: "A user unfollowed others",
        title_zh: "取消关注用户之后",
        doc: "https://www.tencentcloud.com/document/product/1047/70356",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Follow.CallbackAfterFollowDelete",
  "From_Account": "alice",
  "To_Account": ["bob", "carol"],
  "EventTime": 1767226200123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The former follower.
        from_account: String = "From_Account", always, personal;
        /// The users who are no longer followed.
        to_account: Vec<String> = "To_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
