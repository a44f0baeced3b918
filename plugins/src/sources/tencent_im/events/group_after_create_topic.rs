//! `Group.CallbackAfterCreateTopic`.

use super::CustomField;

command! {
    /// A topic was created.
    ///
    /// Shares the switch of `Group.CallbackAfterCreateGroup`.
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// The topic; missing or empty outside of topics.
        topic_id: String = "TopicId", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// The name.
        name: String = "Name", always, personal;
        /// Custom group fields.
        user_defined_data_list: Vec<CustomField> = "UserDefinedDataList", sometimes;
    }
}
