//! `ContentCallback.ResultNotify`.

use crate::sources::tencent_im::wire::object;

command! {
    /// Content moderation gave a verdict.
    ///
    /// Fires when the moderation in the cloud has looked at a message or a profile; without further setting
    /// only for content that breaks its rules. The command stands in the query alone, not in the body. Some
    /// names are spelt in their own way, such as `SdkAppId` and `MsgID`. The query has neither `ClientIP` nor
    /// `OptPlatform`.
    ContentCallbackResultNotify = "ContentCallback.ResultNotify" {
        title: "Content moderation gave a verdict",
        title_zh: "内容审核结果通知",
        doc: "https://www.tencentcloud.com/document/product/1047/78240",
        reply: Ignored,
        natural_key: [CtxcbRequestId],
        order_by: Nothing,
        sample: r#"{
  "Scene": "C2C",
  "SdkAppId": 1400000000,
  "From_Account": "trudy",
  "ContactItem": {"ContactType": 1, "To_Account": "bob"},
  "ContentType": "Text",
  "TextContent": ["Buy followers now at half the price"],
  "MsgID": "48374_2804799576_1767225600",
  "CtxcbResult": 1,
  "CtxcbRequestId": "9b2f6c1e-51d0-4a6d-9f2c-3f1f5d1c7a11",
  "CtxcbKeywords": ["buy followers"],
  "CtxcbSuggestion": "Block",
  "CtxcbLabel": "Ad",
  "CtxcbSubLabel": "Promotion",
  "CtxcbSubLabelDesc": "Offers of paid services",
  "CtxcbLibName": "advertising",
  "CloudCustomData": "{\"campaign\":7}"
}"#,
    }
    fields {
        /// Where the content stands: `C2C`, `C2CCustom`, `Group`, `GroupCustom`, `GroupInfo`,
        /// `GroupMemberInfo`, `RelationChain` or `UserInfo`.
        scene: String = "Scene", always;
        /// The app.
        sdk_app_id: i64 = "SdkAppId", always;
        /// Whose content it is.
        from_account: String = "From_Account", always, personal;
        /// Whom the message was for.
        contact_item: ContactItem = "ContactItem", sometimes;
        /// `Text`, `Image`, `Audio` or `Video`.
        content_type: String = "ContentType", always;
        /// The texts that were looked at.
        text_content: Vec<String> = "TextContent", sometimes, personal;
        /// The message: its key when it was one-to-one, its sequence number in a group.
        msg_id: String = "MsgID", sometimes;
        /// `1` when the content was blocked, `0` when it passed.
        ctxcb_result: i64 = "CtxcbResult", always;
        /// The request to the moderation, a unique id.
        ctxcb_request_id: String = "CtxcbRequestId", always;
        /// The words that were found.
        ctxcb_keywords: Vec<String> = "CtxcbKeywords", sometimes, personal;
        /// What the moderation suggests: `Block`, `Review` or `Normal`.
        ctxcb_suggestion: String = "CtxcbSuggestion", always;
        /// Kind of violation, for example `Ad`.
        ctxcb_label: String = "CtxcbLabel", always;
        /// Finer kind of violation.
        ctxcb_sub_label: String = "CtxcbSubLabel", sometimes;
        /// The finer kind in words.
        ctxcb_sub_label_desc: String = "CtxcbSubLabelDesc", sometimes;
        /// The list of words that matched.
        ctxcb_lib_name: String = "CtxcbLibName", sometimes;
        /// Custom data of the app that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// Address of the file that was looked at; some senders spell it `FileUrl`.
        file_url: String = "FileURL", sometimes, personal;
        /// Whether the content came through the server API.
        is_rest_api: bool = "IsRestAPI", undocumented;
        /// The command; missing or empty.
        callback_command: String = "CallbackCommand", undocumented;
    }
}

object! {
    /// Whom a message was for.
    ContactItem {
        /// `1` for a user, `2` for a group.
        contact_type: i64 = "ContactType", sometimes;
        /// The user who received the message, when `ContactType` is `1`.
        to_account: String = "To_Account", sometimes, personal;
        /// The group that received the message, when `ContactType` is `2`.
        to_group_id: String = "ToGroupId", sometimes;
    }
}
