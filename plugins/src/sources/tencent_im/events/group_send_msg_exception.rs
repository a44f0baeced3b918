//! `Group.CallbackSendMsgException`.

use super::{Milliseconds, MsgElement};

command! {
    /// Sending a group message failed.
    ///
    /// Fires when a group message could not be delivered, for example because too many were sent at once.
    /// `ErrorCode` and `ErrorInfo` say what went wrong; they are not part of a reply. The query has no
    /// `ClientIP`.
    GroupSendMsgException = "Group.CallbackSendMsgException" {
        title: "Sending a group message failed",
        title_zh: "发送群消息异常",
        doc: "https://www.tencentcloud.com/document/product/1047/49462",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackSendMsgException",
  "GroupId": "@TGS#2CHESSCLUB",
  "Type": "Public",
  "From_Account": "bob",
  "Operator_Account": "bob",
  "Random": 1193046471,
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Who is up for a game?"}}],
  "CloudCustomData": "{\"reply_to\":730}",
  "ErrorCode": 10023,
  "ErrorInfo": "too many messages in a short time",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// Who sent the message.
        from_account: String = "From_Account", always, personal;
        /// Who made the request: the sender, or an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Random number of the message, an unsigned 32-bit integer.
        random: i64 = "Random", always;
        /// `1` when the message is only for users who are online and is not stored, else `0`.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message, in their order.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// Code of the failure.
        error_code: i64 = "ErrorCode", always;
        /// The failure in words.
        error_info: String = "ErrorInfo", always;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
        /// The topic that the message was sent to.
        topic_id: String = "TopicId", undocumented;
    }
}
