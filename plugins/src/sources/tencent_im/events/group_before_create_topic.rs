//! `Group.CallbackBeforeCreateTopic`.

command! {
    /// Before a topic is created.
    ///
    /// Fires when a client or the server API creates a topic in a community group; it does not name the
    /// group. A refusal keeps the topic from being created. The callback has no switch of its own: it comes
    /// together with `Group.CallbackBeforeCreateGroup`.
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
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who makes the request; an administrator when the server API is used.
        operator_account: String = "Operator_Account", always, personal;
        /// Type of the group: `Community`.
        kind: String = "Type", always;
        /// The name of the topic.
        name: String = "Name", always, personal;
        /// The group that the topic is to belong to.
        group_id: String = "GroupId", undocumented;
    }
}
