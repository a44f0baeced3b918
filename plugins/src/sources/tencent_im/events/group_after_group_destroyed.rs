//! `Group.CallbackAfterGroupDestroyed`.

use super::{Member, Milliseconds};

command! {
    /// A group was dissolved.
    ///
    /// Fires when a client or the server API dissolved a group. Community groups have no `MemberList` here.
    GroupAfterGroupDestroyed = "Group.CallbackAfterGroupDestroyed" {
        title: "A group was dissolved",
        title_zh: "解散群组之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34377",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterGroupDestroyed",
  "GroupId": "@TGS#2CYCLING01",
  "Type": "Public",
  "Owner_Account": "mira",
  "Name": "City cyclists",
  "MemberList": [{"Member_Account": "mira"}, {"Member_Account": "jonas"}, {"Member_Account": "aiko"}],
  "EventTime": 1767312000123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// Who owned the group.
        owner_account: String = "Owner_Account", sometimes, personal;
        /// The name of the group.
        name: String = "Name", always, personal;
        /// The last members; missing for community groups.
        member_list: Vec<Member> = "MemberList", sometimes;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
