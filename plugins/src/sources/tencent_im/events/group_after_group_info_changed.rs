//! `Group.CallbackAfterGroupInfoChanged`.

use super::{CustomField, Milliseconds};

command! {
    /// Details of a group changed.
    ///
    /// Fires when a client or the server API changed details of a group, and holds only those that changed.
    GroupAfterGroupInfoChanged = "Group.CallbackAfterGroupInfoChanged" {
        title: "Details of a group changed",
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
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Type of the group, for example `Public`, `Work`, `Meeting`, `AVChatRoom`, `Community` or `Live`.
        kind: String = "Type", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The new announcement.
        notification: String = "Notification", sometimes, personal;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
        /// The new name.
        name: String = "Name", sometimes, personal;
        /// The new introduction.
        introduction: String = "Introduction", sometimes, personal;
        /// Address of the new picture.
        face_url: String = "FaceUrl", sometimes, personal;
        /// Fields of the app that changed.
        user_defined_data_list: Vec<CustomField> = "UserDefinedDataList", undocumented;
    }
}
