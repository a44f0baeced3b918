//! `Group.CallbackAfterGroupInfoChanged`.

use super::{CustomField, Milliseconds};

command! {
    /// Group details changed.
    ///
    /// Only the changed fields are present.
    GroupAfterGroupInfoChanged = "Group.CallbackAfterGroupInfoChanged" {
        title: "Group details changed",
        title_zh: "群资料变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34378",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackAfterGroupInfoChanged",
  "GroupId": "@TGS#2CYCLING01",
  "Type": "Public",
  "Operator_Account": "mira",
  "Name": "City cyclists",
  "Introduction": "Rides, repairs and routes",
  "Notification": "Helmets on, please",
  "FaceUrl": "https://cdn.example.com/groups/cyclists.png",
  "EventTime": 1767225600123
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
        /// New announcement.
        notification: String = "Notification", sometimes, personal;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
        /// New name.
        name: String = "Name", sometimes, personal;
        /// New introduction.
        introduction: String = "Introduction", sometimes, personal;
        /// New avatar URL.
        face_url: String = "FaceUrl", sometimes, personal;
        /// Changed custom fields; one older SDK only.
        user_defined_data_list: Vec<CustomField> = "UserDefinedDataList", undocumented;
    }
}
