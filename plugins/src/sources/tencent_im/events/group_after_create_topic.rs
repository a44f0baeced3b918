//! `Group.CallbackAfterCreateTopic`.

use super::CustomField;

command! {
    /// A topic was created.
    ///
    /// Topics belong to community groups. The callback has no switch of its own: it comes together with
    /// `Group.CallbackAfterCreateGroup`.
    GroupAfterCreateTopic = "Group.CallbackAfterCreateTopic" {
        title: "A topic was created",
        title_zh: "创建话题之后",
        doc: "https://www.tencentcloud.com/document/product/1047/49464",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterCreateTopic",
  "GroupId": "@TGS#_@TGS#cycling01",
  "TopicId": "@TGS#_@TGS#cycling01@TOPIC#_@TOPIC#rides01",
  "Operator_Account": "mira",
  "Owner_Account": "mira",
  "Type": "Community",
  "Name": "Weekend rides",
  "UserDefinedDataList": [{"Key": "region", "Value": "north"}]
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group that the topic belongs to.
        group_id: String = "GroupId", always;
        /// The new topic.
        topic_id: String = "TopicId", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Who owns the topic.
        owner_account: String = "Owner_Account", always, personal;
        /// Type of the group: `Community`.
        kind: String = "Type", always;
        /// The name of the topic.
        name: String = "Name", always, personal;
        /// Fields of the topic that the app has defined.
        user_defined_data_list: Vec<CustomField> = "UserDefinedDataList", sometimes;
    }
}
