//! `Sns.CallbackFriendDelete`.

use crate::sources::tencent_im::wire::object;

command! {
    /// Friends were deleted.
    ///
    /// Fires for a client and for the server API. It says neither when this happened nor who did it.
    SnsFriendDelete = "Sns.CallbackFriendDelete" {
        title: "Friends were deleted",
        title_zh: "删除好友之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34360",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Sns.CallbackFriendDelete",
  "PairList": [{"From_Account": "alice", "To_Account": "bob"}]
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The friendships that ended.
        pair_list: Vec<Pair> = "PairList", always;
    }
}

object! {
    /// A friendship that ended: who lost whom as a friend.
    Pair {
        /// The user who lost the friend.
        from_account: String = "From_Account", always, personal;
        /// The former friend.
        to_account: String = "To_Account", always, personal;
    }
}
