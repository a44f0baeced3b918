//! `Sns.CallbackPrevFriendAdd`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Before friends are added.
    ///
    /// Fires when a client asks to add friends; the server API does not cause it. One request may name
    /// several friends, and each has a verdict of its own: a refusal keeps out that friend only. A code above
    /// 0 in the reply as a whole counts as a failure of the app's server: the reply is ignored, and the
    /// request goes on.
    SnsPrevFriendAdd = "Sns.CallbackPrevFriendAdd" {
        title: "Before friends are added",
        title_zh: "添加好友之前",
        doc: "https://www.tencentcloud.com/document/product/1047/43468",
        reply: PerFriend,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Sns.CallbackPrevFriendAdd",
  "Requester_Account": "alice",
  "From_Account": "alice",
  "FriendItem": [
    {
      "To_Account": "bob",
      "Remark": "Bob from chess",
      "GroupName": "Club",
      "AddSource": "AddSource_Type_Web",
      "AddWording": "We met on Friday"
    }
  ],
  "AddType": "Add_Type_Both",
  "ForceAddFlags": 0,
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who made the request.
        requester_account: String = "Requester_Account", always, personal;
        /// The user who gets the friends.
        from_account: String = "From_Account", always, personal;
        /// The friends asked for.
        friend_item: Vec<FriendItem> = "FriendItem", always;
        /// `Add_Type_Single` for one direction, `Add_Type_Both` for both.
        add_type: String = "AddType", always;
        /// `1` when an administrator forces it, else `0`.
        force_add_flags: i64 = "ForceAddFlags", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// A friend asked for.
    FriendItem {
        /// The friend to be added.
        to_account: String = "To_Account", always, personal;
        /// What the user wants to call the friend.
        remark: String = "Remark", sometimes, personal;
        /// The list of friends to put this one in.
        group_name: String = "GroupName", sometimes, personal;
        /// Where the request was made: `AddSource_Type_` and a word.
        add_source: String = "AddSource", always;
        /// What the user wrote to the friend.
        add_wording: String = "AddWording", sometimes, personal;
    }
}
