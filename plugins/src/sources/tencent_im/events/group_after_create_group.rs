//! `Group.CallbackAfterCreateGroup`.

use super::{CustomField, Member, Milliseconds};

command! {
    /// A group was created.
    ///
    /// Fires when a client or the server API created a group. An id that the app chose need not begin with
    /// `@TGS#`.
    GroupAfterCreateGroup = "Group.CallbackAfterCreateGroup" {
        title: "A group was created",
        title_zh: "创建群组之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34369",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterCreateGroup",
  "GroupId": "@TGS#2CYCLING01",
  "Operator_Account": "mira",
  "Owner_Account": "mira",
  "Type": "Public",
  "Name": "City cyclists",
  "MemberList": [{"Member_Account": "jonas"}, {"Member_Account": "aiko"}],
  "UserDefinedDataList": [{"Key": "city", "Value": "Basel"}],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Who owns the group.
        owner_account: String = "Owner_Account", always, personal;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// The name of the group.
        name: String = "Name", always, personal;
        /// The first members.
        member_list: Vec<Member> = "MemberList", sometimes;
        /// Fields of the group that the app has defined.
        user_defined_data_list: Vec<CustomField> = "UserDefinedDataList", sometimes;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
        /// How members may be invited.
        invite_option: String = "InviteOption", undocumented;
    }
}
