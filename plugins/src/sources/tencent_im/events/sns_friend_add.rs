//! `Sns.CallbackFriendAdd`.

use crate::sources::tencent_im::wire::object;

command! {
    /// Friends were added.
    ///
    /// Fires when a client or the server API adds friends, or a friend request is accepted; importing friends
    /// does not cause it. It does not say when this happened.
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
  "Admin_Account": "",
  "ForceFlag": 0
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The new friendships.
        pair_list: Vec<Pair> = "PairList", always;
        /// What the client asked for: `friend_add` or `FriendAdd`, `friend_response` or `FriendResponse`.
        client_cmd: String = "ClientCmd", always;
        /// The administrator when the server API was used; else empty or missing.
        admin_account: String = "Admin_Account", sometimes, personal;
        /// `1` when an administrator forced it, else `0`.
        force_flag: i64 = "ForceFlag", always;
    }
}

object! {
    /// A new friendship: who got whom as a friend.
    Pair {
        /// The user who got the friend.
        from_account: String = "From_Account", always, personal;
        /// The friend.
        to_account: String = "To_Account", always, personal;
        /// Who had asked for the friendship.
        initiator_account: String = "Initiator_Account", always, personal;
    }
}
