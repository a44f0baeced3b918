//! `Group.CallbackBeforeCreateTopic`.

command! {
    /// Before a topic is created.
    ///
    /// Shares the switch of `Group.CallbackBeforeCreateGroup`. No `GroupId` and no `EventTime` in the sample.
    GroupBeforeCreateTopic = "Group.CallbackBeforeCreateTopic" {
        title: "Before a topic is created",
        title_zh: "创建话题之前",
        doc: "https://www.tencentcloud.com/document/product/1047/49463",
        reply: Gate(Codes::own(10_100..=10_200).seen_as(10_016)),
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Group.CallbackBeforeCreateTopic",
  "Operator_Account": "mira",
  "Type": "Community",
  "Name": "Weekend rides"
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// The name.
        name: String = "Name", always, personal;
        /// When it happened, in milliseconds since 1970; missing in the documented sample.
        group_id: String = "GroupId", undocumented;
    }
}
