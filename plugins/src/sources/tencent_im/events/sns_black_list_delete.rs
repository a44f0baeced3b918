//! `Sns.CallbackBlackListDelete`.

use crate::sources::tencent_im::wire::object;

command! {
    /// Users were taken off a block list.
    ///
    /// No `EventTime`, no operator field.
    SnsBlackListDelete = "Sns.CallbackBlackListDelete" {
        title: "Users were taken off a block list",
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Affected relations.
        pair_list: Vec<Pair> = "PairList", always;
    }
}

object! {
    /// One of the affected relations.
    Pair {
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
    }
}
