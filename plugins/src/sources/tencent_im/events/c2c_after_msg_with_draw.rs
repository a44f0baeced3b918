//! `C2C.CallbackAfterMsgWithDraw`.

command! {
    /// A one-to-one message was recalled.
    ///
    /// Fires when a client or the server API recalls a message. The command is spelt `WithDraw`, with a
    /// capital D.
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
  "UnreadMsgNum": 6
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who sent the message.
        from_account: String = "From_Account", always, personal;
        /// Who received the message.
        to_account: String = "To_Account", always, personal;
        /// Key of the message: its sequence number, its random number and its time, joined by `_`.
        msg_key: String = "MsgKey", always;
        /// All unread messages of the receiver.
        unread_msg_num: i64 = "UnreadMsgNum", sometimes;
    }
}
