//! `Group.CallbackAfterTopicInfoChanged`.

command! {
    /// Topic details changed.
    ///
    /// Shares the switch of `Group.CallbackAfterGroupInfoChanged`. The page documents NO `TopicId`. Only changed
    /// fields are present.
    GroupAfterTopicInfoChanged = "Group.CallbackAfterTopicInfoChanged" {
        title: "Topic details changed",
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The name.
        name: String = "Name", sometimes, personal;
        /// New introduction.
        introduction: String = "Introduction", sometimes, personal;
        /// New announcement.
        notification: String = "Notification", sometimes, personal;
        /// New avatar URL.
        face_url: String = "FaceUrl", sometimes, personal;
        /// Not documented for this callback.
        topic_id: String = "TopicId", undocumented;
    }
}
