//! `Sns.CallbackPrevFriendResponse`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Before friend requests are answered.
    ///
    /// Fires when a client answers friend requests; the server API does not cause it. Each answer has a
    /// verdict of its own: a refusal keeps back that answer only. A code above 0 in the reply as a whole
    /// counts as a failure of the app's server: the reply is ignored, and the request goes on. What is
    /// `TagName` here is `GroupName` in `Sns.CallbackPrevFriendAdd`.
    SnsPrevFriendResponse = "Sns.CallbackPrevFriendResponse" {
        title: "Before friend requests are answered",
        title_zh: "回应好友申请之前",
        doc: "https://www.tencentcloud.com/document/product/1047/43467",
        reply: PerFriend,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Sns.CallbackPrevFriendResponse",
  "Requester_Account": "bob",
  "From_Account": "bob",
  "ResponseFriendItem": [
    {
      "To_Account": "alice",
      "Remark": "Alice from chess",
      "TagName": "Club",
      "ResponseAction": "Response_Action_AgreeAndAdd"
    }
  ],
  "EventTime": 1767225660123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who made the request.
        requester_account: String = "Requester_Account", always, personal;
        /// The user who answers.
        from_account: String = "From_Account", always, personal;
        /// The answers.
        response_friend_item: Vec<ResponseFriendItem> = "ResponseFriendItem", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// An answer to a friend request.
    ResponseFriendItem {
        /// The user who had asked, and is answered.
        to_account: String = "To_Account", always, personal;
        /// What the user wants to call the friend.
        remark: String = "Remark", sometimes, personal;
        /// The list of friends to put this one in.
        tag_name: String = "TagName", sometimes, personal;
        /// `Response_Action_Agree`, `Response_Action_AgreeAndAdd` (agree, and add the other as well) or
        /// `Response_Action_Reject`.
        response_action: String = "ResponseAction", always;
    }
}
