//! `Follow.CallbackAfterFollowAdd`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// A user followed others.
    ///
    /// List of objects, unlike the unfollow callback.
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
  "FollowList": [{"To_Account": "bob"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Follower.
        from_account: String = "From_Account", always, personal;
        /// Users now followed.
        follow_list: Vec<Follow> = "FollowList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// One of the users now followed.
    Follow {
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
    }
}
