//! `Group.CallbackAfterCreateGroup`.

use super::{CustomField, Member, Milliseconds};

command! {
    /// A group was created.
    ///
    /// Group ids chosen by the app need not begin with `@TGS#`.
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
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
        /// Custom group fields.
        user_defined_data_list: Vec<CustomField> = "UserDefinedDataList", sometimes;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
        /// Seen in captured traffic, not documented.
        invite_option: String = "InviteOption", sometimes;
    }
}
