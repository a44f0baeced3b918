//! `Sns.CallbackBlackListDelete`.

use crate::sources::tencent_im::wire::object;

command! {
    /// Users were unblocked.
    ///
    /// Fires for a client and for the server API. It says neither when this happened nor who did it.
    SnsBlackListDelete = "Sns.CallbackBlackListDelete" {
        title: "Users were unblocked",
        title_zh: "移出黑名单之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34362",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Sns.CallbackBlackListDelete",
  "PairList": [{"From_Account": "alice", "To_Account": "bob"}]
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who no longer blocks whom.
        pair_list: Vec<Pair> = "PairList", always;
    }
}

object! {
    /// A user and one whom that user unblocked.
    Pair {
        /// The user whose block list it is.
        from_account: String = "From_Account", always, personal;
        /// The user who was unblocked.
        to_account: String = "To_Account", always, personal;
    }
}
