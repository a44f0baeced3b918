//! `OfficialAccount.CallbackAfterDeleteSubscriber`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Users unsubscribed from an official account.
    OfficialAccountAfterDeleteSubscriber = "OfficialAccount.CallbackAfterDeleteSubscriber" {
        title: "Users unsubscribed from an official account",
        title_zh: "取消订阅公众号之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60802",
        reply: Ignored,
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterDeleteSubscriber",
  "Official_Account": "@TOA#_chess-news",
  "Operator_Account": "bob",
  "SubscribeAccountList": [{"Subscriber_Account": "bob"}],
  "EventTime": 1767226200123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The users who are no longer subscribers.
        subscribe_account_list: Vec<Subscriber> = "SubscribeAccountList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A user who is no longer a subscriber.
    Subscriber {
        /// The account.
        subscriber_account: String = "Subscriber_Account", always, personal;
    }
}
