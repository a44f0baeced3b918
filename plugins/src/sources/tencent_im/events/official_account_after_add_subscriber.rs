//! `OfficialAccount.CallbackAfterAddSubscriber`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Users subscribed to an official account.
    ///
    /// Fires when users became subscribers, by themselves or through the server API.
    OfficialAccountAfterAddSubscriber = "OfficialAccount.CallbackAfterAddSubscriber" {
        title: "Users subscribed to an official account",
        title_zh: "订阅公众号之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60800",
        reply: Ignored,
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterAddSubscriber",
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
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The users who subscribed.
        subscribe_account_list: Vec<Subscriber> = "SubscribeAccountList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A user who subscribed.
    Subscriber {
        /// The account.
        subscriber_account: String = "Subscriber_Account", always, personal;
    }
}
