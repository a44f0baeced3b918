//! `Group.CallbackAfterTopicDestroyed`.

command! {
    /// Topics were deleted.
    ///
    /// Shares the switch of `Group.CallbackAfterGroupDestroyed`.
    GroupAfterTopicDestroyed = "Group.CallbackAfterTopicDestroyed" {
        title: "Topics were deleted",
        title_zh: "删除话题之后",
        doc: "https://www.tencentcloud.com/document/product/1047/49465",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterTopicDestroyed",
  "GroupId": "@TGS#_@TGS#cycling01",
  "Type": "Community",
  "TopicIdList": ["@TGS#_@TGS#cycling01@TOPIC#_@TOPIC#rides01", "@TGS#_@TGS#cycling01@TOPIC#_@TOPIC#gear02"]
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Group type, for example Public, Work, Meeting, `AVChatRoom`, Community, Live.
        kind: String = "Type", always;
        /// Deleted topics; table says String, sample is an array.
        topic_id_list: Vec<String> = "TopicIdList", always;
    }
}
