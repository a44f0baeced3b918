//! `Sns.CallbackBlackListAdd`.

use crate::sources::tencent_im::wire::object;

command! {
    /// Users were blocked.
    ///
    /// Fires for a client and for the server API. It says neither when this happened nor who did it.
    SnsBlackListAdd = "Sns.CallbackBlackListAdd" {
        title: "Users were blocked",
        title_zh: "拉入黑名单之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34361",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Sns.CallbackBlackListAdd",
  "PairList": [{"From_Account": "alice", "To_Account": "bob"}]
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who blocks whom from now on.
        pair_list: Vec<Pair> = "PairList", always;
    }
}

object! {
    /// A user and one whom that user blocked.
    Pair {
        /// The user whose block list it is.
        from_account: String = "From_Account", always, personal;
        /// The user who was blocked.
        to_account: String = "To_Account", always, personal;
    }
}
