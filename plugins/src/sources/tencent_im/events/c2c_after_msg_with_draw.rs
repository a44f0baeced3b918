//! `C2C.CallbackAfterMsgWithDraw`.

command! {
    /// A one-to-one message was recalled.
    ///
    /// Spelt `WithDraw`, with a capital D.
    C2cAfterMsgWithDraw = "C2C.CallbackAfterMsgWithDraw" {
        title: "A one-to-one message was recalled",
        title_zh: "撤回单聊消息之后",
        doc: "https://www.tencentcloud.com/document/product/1047/43466",
        reply: Ignored,
        natural_key: [MsgKey] or without [FromAccount, ToAccount],
        order_by: Conversation,
        sample: r#"{
  "CallbackCommand": "C2C.CallbackAfterMsgWithDraw",
  "From_Account": "alice",
  "To_Account": "bob",
  "MsgKey": "48374_2804799576_1767225600",
  "UnreadMsgNum": 7
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// Key of the message: its number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// Unread count.
        unread_msg_num: i64 = "UnreadMsgNum", sometimes;
    }
}
