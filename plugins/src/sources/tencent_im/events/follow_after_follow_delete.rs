//! `Follow.CallbackAfterFollowDelete`.

use super::Milliseconds;

command! {
    /// A user unfollowed others.
    ///
    /// `To_Account` is an ARRAY of strings here and a single string everywhere else.
    FollowAfterFollowDelete = "Follow.CallbackAfterFollowDelete" {
        title: "A user unfollowed others",
        title_zh: "取消关注之后",
        doc: "https://www.tencentcloud.com/document/product/1047/70356",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Follow.CallbackAfterFollowDelete",
  "From_Account": "alice",
  "To_Account": ["bob"],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Follower.
        from_account: String = "From_Account", always, personal;
        /// Plain array of user ids no longer followed.
        to_account: Vec<String> = "To_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}
