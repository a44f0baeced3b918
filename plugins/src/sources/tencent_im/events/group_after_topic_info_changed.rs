//! `Group.CallbackAfterTopicInfoChanged`.

command! {
    /// Details of a topic changed.
    ///
    /// It holds only the details that changed, and names the group but not the topic. The callback has no
    /// switch of its own: it comes together with `Group.CallbackAfterGroupInfoChanged`.
    GroupAfterTopicInfoChanged = "Group.CallbackAfterTopicInfoChanged" {
        title: "Details of a topic changed",
        title_zh: "话题资料变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/49466",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterTopicInfoChanged",
  "GroupId": "@TGS#_@TGS#cycling01",
  "Type": "Community",
  "Operator_Account": "mira",
  "Name": "Sunday rides",
  "Introduction": "Where we meet and how far we go",
  "Notification": "This Sunday: 9:30 at the old bridge",
  "FaceUrl": "https://cdn.example.com/topics/rides.png"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group that the topic belongs to.
        group_id: String = "GroupId", always;
        /// Type of the group: `Community`.
        kind: String = "Type", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The new name.
        name: String = "Name", sometimes, personal;
        /// The new introduction.
        introduction: String = "Introduction", sometimes, personal;
        /// The new announcement.
        notification: String = "Notification", sometimes, personal;
        /// Address of the new picture.
        face_url: String = "FaceUrl", sometimes, personal;
        /// The topic; mostly missing.
        topic_id: String = "TopicId", undocumented;
    }
}
