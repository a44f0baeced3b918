//! `Group.CallbackAfterGroupDestroyed`.

use super::{Member, Milliseconds};

command! {
    /// A group was dissolved.
    ///
    /// Community groups send no `MemberList`.
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
        /// Whose it is.
        owner_account: String = "Owner_Account", sometimes, personal;
        /// The name.
        name: String = "Name", always, personal;
        /// The members concerned.
        member_list: Vec<Member> = "MemberList", sometimes;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
