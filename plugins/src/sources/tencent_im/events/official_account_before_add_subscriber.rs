//! `OfficialAccount.CallbackBeforeAddSubscriber`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Before users subscribe to an official account.
    OfficialAccountBeforeAddSubscriber = "OfficialAccount.CallbackBeforeAddSubscriber" {
        title: "Before users subscribe to an official account",
        title_zh: "订阅公众号之前",
        doc: "https://www.tencentcloud.com/document/product/1047/60799",
        reply: Partly(Codes::plain(), rule::REFUSED_SUBSCRIBERS),
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackBeforeAddSubscriber",
  "Official_Account": "@TOA#_chess-club",
  "Operator_Account": "alice",
  "SubscribeAccountList": [{"Subscriber_Account": "bob"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Subscribers concerned.
        subscribe_account_list: Vec<Subscriber> = "SubscribeAccountList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// One of the subscribers concerned.
    Subscriber {
        /// The account.
        subscriber_account: String = "Subscriber_Account", always, personal;
    }
}
