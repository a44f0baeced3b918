//! `Follow.CallbackAfterFollowAdd`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// A user followed others.
    ///
    /// Fires for a client and for the server API. The users are objects in `FollowList` here, and plain texts
    /// in `To_Account` of `Follow.CallbackAfterFollowDelete`.
    FollowAfterFollowAdd = "Follow.CallbackAfterFollowAdd" {
        title: "A user followed others",
        title_zh: "关注用户之后",
        doc: "https://www.tencentcloud.com/document/product/1047/70355",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Follow.CallbackAfterFollowAdd",
  "From_Account": "alice",
  "FollowList": [{"To_Account": "bob"}, {"To_Account": "carol"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The follower.
        from_account: String = "From_Account", always, personal;
        /// The users who are followed now.
        follow_list: Vec<Follow> = "FollowList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A user who is followed now.
    Follow {
        /// The account.
        to_account: String = "To_Account", always, personal;
    }
}
