//! `OfficialAccount.CallbackAfterMsgWithDraw`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Messages of an official account were recalled.
    ///
    /// Fires when messages were recalled through the server API. The command is spelt `WithDraw`, with a
    /// capital D.
    OfficialAccountAfterMsgWithDraw = "OfficialAccount.CallbackAfterMsgWithDraw" {
        title: "Messages of an official account were recalled",
        title_zh: "公众号撤回消息之后",
        doc: "https://www.tencentcloud.com/document/product/1047/60805",
        reply: Ignored,
        natural_key: [],
        order_by: Official,
        sample: r#"{
  "CallbackCommand": "OfficialAccount.CallbackAfterMsgWithDraw",
  "Official_Account": "@TOA#_chess-news",
  "WithdrawMsgList": [{"MsgKey": "48374_2804799576_1767225600"}],
  "EventTime": 1767225642377
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The official account.
        official_account: String = "Official_Account", always;
        /// The messages that were recalled.
        withdraw_msg_list: Vec<WithdrawnMsg> = "WithdrawMsgList", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A message that was recalled.
    WithdrawnMsg {
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
    }
}
