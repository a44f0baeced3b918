//! `Sns.CallbackFriendAdd`.

use crate::sources::tencent_im::wire::object;

command! {
    /// Friends were added.
    ///
    /// No `EventTime`.
    SnsFriendAdd = "Sns.CallbackFriendAdd" {
        title: "Friends were added",
        title_zh: "添加好友之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34359",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Sns.CallbackFriendAdd",
  "PairList": [{"From_Account": "alice", "To_Account": "bob", "Initiator_Account": "alice"}],
  "ClientCmd": "friend_add",
  "Admin_Account": "administrator",
  "ForceFlag": 0
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// New relations.
        pair_list: Vec<Pair> = "PairList", always;
        /// `Friend_add`, `FriendAdd`, `friend_response` or `FriendResponse`.
        client_cmd: String = "ClientCmd", always;
        /// Administrator when the server API did it, else empty.
        admin_account: String = "Admin_Account", sometimes, personal;
        /// 1 forced, else 0.
        force_flag: i64 = "ForceFlag", always;
    }
}

object! {
    /// One of the new relations.
    Pair {
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// Who started it.
        initiator_account: String = "Initiator_Account", always, personal;
    }
}
