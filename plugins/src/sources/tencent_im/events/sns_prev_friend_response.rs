//! `Sns.CallbackPrevFriendResponse`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Before a friend request is answered.
    ///
    /// The friend group is called `TagName` here and `GroupName` in `Sns.CallbackPrevFriendAdd`.
    SnsPrevFriendResponse = "Sns.CallbackPrevFriendResponse" {
        title: "Before a friend request is answered",
        title_zh: "回应好友申请之前",
        doc: "https://www.tencentcloud.com/document/product/1047/43467",
        reply: PerFriend,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Sns.CallbackPrevFriendResponse",
  "Requester_Account": "alice",
  "From_Account": "alice",
  "ResponseFriendItem": [
    {
      "To_Account": "bob",
      "Remark": "Bob from chess",
      "TagName": "Club",
      "ResponseAction": "Response_Action_AgreeAndAdd"
    }
  ],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who asked.
        requester_account: String = "Requester_Account", always, personal;
        /// User who answers.
        from_account: String = "From_Account", always, personal;
        /// Answers.
        response_friend_item: Vec<ResponseFriendItem> = "ResponseFriendItem", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// One of the answers.
    ResponseFriendItem {
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// Remark for the friend.
        remark: String = "Remark", sometimes, personal;
        /// Friend group name.
        tag_name: String = "TagName", sometimes, personal;
        /// `Response_Action_Agree`, `Response_Action_AgreeAndAdd` or `Response_Action_Reject`.
        response_action: String = "ResponseAction", always;
    }
}
