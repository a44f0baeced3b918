//! `ContentCallback.ResultNotify`.

use crate::sources::tencent_im::wire::object;

command! {
    /// Result of content moderation.
    ///
    /// The BODY HAS NO `CallbackCommand`: route by the query parameter. URL carries neither `ClientIP` nor
    /// `OptPlatform`. Spelt `MsgID` and `SdkAppId` here.
    ContentCallbackResultNotify = "ContentCallback.ResultNotify" {
        title: "Result of content moderation",
        title_zh: "内容审核结果通知",
        doc: "https://www.tencentcloud.com/document/product/1047/78240",
        reply: Ignored,
        natural_key: [CtxcbRequestId],
        order_by: Nothing,
        sample: r#"{
  "Scene": "C2C",
  "SdkAppId": 1400000000,
  "From_Account": "alice",
  "ContactItem": {"ContactType": 1, "To_Account": "bob", "ToGroupId": ""},
  "ContentType": "Text",
  "TextContent": ["Lunch at noon?"],
  "MsgID": "144115198000000001-1767225600-2804799576",
  "CtxcbResult": 0,
  "CtxcbRequestId": "9b2f6c1e-51d0-4a6d-9f2c-3f1f5d1c7a11",
  "CtxcbKeywords": ["noon"],
  "CtxcbSuggestion": "Pass",
  "CtxcbLabel": "Normal",
  "CtxcbSubLabel": "",
  "CtxcbSubLabelDesc": "",
  "CtxcbLibName": "",
  "CloudCustomData": "{\"reply_to\":48370}",
  "FileURL": ""
}"#,
    }
    fields {
        /// `C2C`, `C2CCustom`, Group, `GroupCustom`, `GroupInfo`, `GroupMemberInfo`, `RelationChain` or `UserInfo`.
        scene: String = "Scene", always;
        /// App id, number, in the body.
        sdk_app_id: i64 = "SdkAppId", always;
        /// Who sent it or acted.
        from_account: String = "From_Account", always, personal;
        /// Receiver of the message.
        contact_item: ContactItem = "ContactItem", sometimes;
        /// Text, Image, Audio or Video.
        content_type: String = "ContentType", always;
        /// Text pieces checked.
        text_content: Vec<String> = "TextContent", sometimes, personal;
        /// Message key (one-to-one) or sequence (group).
        msg_id: String = "MsgID", sometimes;
        /// 1 blocked, 0 passed.
        ctxcb_result: i64 = "CtxcbResult", always;
        /// Moderation request id.
        ctxcb_request_id: String = "CtxcbRequestId", always;
        /// Words found.
        ctxcb_keywords: Vec<String> = "CtxcbKeywords", sometimes, personal;
        /// Block, Review or Normal.
        ctxcb_suggestion: String = "CtxcbSuggestion", always;
        /// Class of violation.
        ctxcb_label: String = "CtxcbLabel", always;
        /// Sub-class.
        ctxcb_sub_label: String = "CtxcbSubLabel", sometimes;
        /// Sub-class text.
        ctxcb_sub_label_desc: String = "CtxcbSubLabelDesc", sometimes;
        /// Word list that matched.
        ctxcb_lib_name: String = "CtxcbLibName", sometimes;
        /// Custom data that is kept with the message.
        cloud_custom_data: String = "CloudCustomData", sometimes, personal;
        /// File checked; one SDK spells it `FileUrl`.
        file_url: String = "FileURL", sometimes, personal;
        /// Asked through the server API; one SDK only.
        is_rest_api: bool = "IsRestAPI", undocumented;
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", undocumented;
    }
}

object! {
    /// Receiver of the message.
    ContactItem {
        /// 1 user, 2 group.
        contact_type: i64 = "ContactType", sometimes;
        /// Whom it concerns.
        to_account: String = "To_Account", sometimes, personal;
        /// Group, when `ContactType` is 2.
        to_group_id: String = "ToGroupId", sometimes;
    }
}
