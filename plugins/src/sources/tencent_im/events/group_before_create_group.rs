//! `Group.CallbackBeforeCreateGroup`.

use switchhook_api::Map;

use super::{Member, Milliseconds};

command! {
    /// Before a group is created.
    ///
    /// Fires when a client or the server API creates a group. There is no `GroupId` yet. A refusal keeps the
    /// group from being created.
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
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who makes the request; an administrator when the server API is used.
        operator_account: String = "Operator_Account", always, personal;
        /// Who is to own the group.
        owner_account: String = "Owner_Account", always, personal;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// The name of the group.
        name: String = "Name", always, personal;
        /// The first members.
        member_list: Vec<Member> = "MemberList", sometimes;
        /// When the request was made, in milliseconds since 1970; older senders write it as text or leave it
        /// out.
        event_time: Milliseconds = "EventTime", sometimes;
        /// How many groups of this type the user has created already.
        create_group_num: i64 = "CreateGroupNum", undocumented;
        /// How many groups the user has created already, by type.
        created_group_num: Map = "CreatedGroupNum", undocumented;
        /// How members may be invited.
        invite_option: String = "InviteOption", undocumented;
    }
}
