//! `OfficialAccount.CallbackBeforeAddSubscriber`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Before users subscribe to an official account.
    ///
    /// Fires when a client or the server API subscribes users to an official account. A refusal keeps all of
    /// them out; a list of refused subscribers in the reply keeps out only those.
    OfficialAccountBeforeAddSubscriber = "OfficialAccount.CallbackBeforeAddSubscriber" {
        title: "Before users subscribe to an official account",
        title_zh: "订阅公众号之前",
        doc: "https://www.tencentcloud.com/document/product/1047/60799",
        reply: Partly(Codes::plain(), rule::REFUSED_SUBSCRIBERS),
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackBeforeAddSubscriber",
  "Official_Account": "@TOA#_chess-news",
  "Operator_Account": "administrator",
  "SubscribeAccountList": [{"Subscriber_Account": "bob"}, {"Subscriber_Account": "carol"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// Who makes the request; an administrator when the server API is used.
        operator_account: String = "Operator_Account", always, personal;
        /// The users who are to become subscribers.
        subscribe_account_list: Vec<Subscriber> = "SubscribeAccountList", always;
        /// When the request was made, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A user who is to become a subscriber.
    Subscriber {
        /// The account.
        subscriber_account: String = "Subscriber_Account", always, personal;
    }
}
