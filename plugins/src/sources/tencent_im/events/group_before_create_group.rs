//! `Group.CallbackBeforeCreateGroup`.

use switchhook_core::Map;

use super::{Member, Milliseconds};

command! {
    /// Before a group is created.
    ///
    /// No `GroupId` yet.
    GroupBeforeCreateGroup = "Group.CallbackBeforeCreateGroup" {
        title: "Before a group is created",
        title_zh: "创建群组之前",
        doc: "https://www.tencentcloud.com/document/product/1047/34368",
        reply: Gate(Codes::own(10_100..=10_200).seen_as(10_016)),
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Group.CallbackBeforeCreateGroup",
  "Operator_Account": "mira",
  "Owner_Account": "mira",
  "Type": "Public",
  "Name": "City cyclists",
  "MemberList": [{"Member_Account": "jonas"}, {"Member_Account": "aiko"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// The name.
        name: String = "Name", always, personal;
        /// The members concerned.
        member_list: Vec<Member> = "MemberList", sometimes;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
        /// Groups of this type the user has made; older SDK sources only.
        create_group_num: i64 = "CreateGroupNum", undocumented;
        /// Groups made, by type; one SDK only.
        created_group_num: Map = "CreatedGroupNum", undocumented;
        /// One SDK and captured traffic only.
        invite_option: String = "InviteOption", undocumented;
    }
}
