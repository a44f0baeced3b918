//! `Group.CallbackAfterTopicDestroyed`.

command! {
    /// Topics were deleted.
    ///
    /// The callback has no switch of its own: it comes together with `Group.CallbackAfterGroupDestroyed`.
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
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group that the topics belonged to.
        group_id: String = "GroupId", always;
        /// Type of the group: `Community`.
        kind: String = "Type", always;
        /// The topics that were deleted.
        topic_id_list: Vec<String> = "TopicIdList", always;
    }
}
