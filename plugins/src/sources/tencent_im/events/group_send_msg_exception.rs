//! `Group.CallbackSendMsgException`.

use super::{Milliseconds, MsgElement};

command! {
    /// Sending a group message failed.
    ///
    /// The name begins with neither Before nor After. The REQUEST holds `ErrorCode` and `ErrorInfo`, do not mix them
    /// up with the reply's.
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
  "Type": "Community",
  "From_Account": "alice",
  "Operator_Account": "alice",
  "Random": 2804799576,
  "OnlineOnlyFlag": 0,
  "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "Lunch at noon?"}}],
  "CloudCustomData": "{\"reply_to\":48370}",
  "ErrorCode": 10017,
  "ErrorInfo": "send msg succeed",
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Random number of the message, unsigned 32-bit.
        random: i64 = "Random", always;
        /// 1 for users who are online only, not stored; else 0.
        online_only_flag: i64 = "OnlineOnlyFlag", sometimes;
        /// The elements of the message.
        msg_body: Vec<MsgElement> = "MsgBody", always;
        /// Custom data that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// Why sending failed (request field).
        error_code: i64 = "ErrorCode", always;
        /// Failure text (request field).
        error_info: String = "ErrorInfo", always;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
        /// Topic; not in the sample.
        topic_id: String = "TopicId", undocumented;
    }
}
