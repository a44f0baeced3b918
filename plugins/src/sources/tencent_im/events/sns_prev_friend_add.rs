//! `Sns.CallbackPrevFriendAdd`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Before friends are added.
    ///
    /// One request may name several friends, each needs its own verdict.
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who asked.
        requester_account: String = "Requester_Account", always, personal;
        /// User who gets the friend.
        from_account: String = "From_Account", always, personal;
        /// Friends asked for.
        friend_item: Vec<FriendItem> = "FriendItem", always;
        /// `Add_Type_Single` or `Add_Type_Both`.
        add_type: String = "AddType", always;
        /// 1 forced by an administrator, else 0.
        force_add_flags: i64 = "ForceAddFlags", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// One of the friends asked for.
    FriendItem {
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// Remark for the friend.
        remark: String = "Remark", sometimes, personal;
        /// Friend group.
        group_name: String = "GroupName", sometimes, personal;
        /// Where the request came from.
        add_source: String = "AddSource", always;
        /// Words of the request.
        add_wording: String = "AddWording", sometimes, personal;
    }
}
