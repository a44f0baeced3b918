//! `Profile.CallbackPortraitSet`.

use serde_json::Value;

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Profile fields of a user changed.
    ///
    /// Fires when a client or the server API sets profile fields, and holds only those that changed. It needs
    /// the console switch for profile change subscription.
    ProfilePortraitSet = "Profile.CallbackPortraitSet" {
        title: "Profile fields of a user changed",
        title_zh: "用户资料变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/48733",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "Profile.CallbackPortraitSet",
  "Operator_Account": "alice",
  "From_Account": "alice",
  "EventTime": 1767225600123,
  "ProfileItem": [
    {"Tag": "Tag_Profile_IM_Nick", "Value": "Alice B."},
    {"Tag": "Tag_Profile_IM_Level", "Value": 3}
  ]
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The user whose profile changed.
        from_account: String = "From_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// The fields that changed.
        profile_item: Vec<ProfileItem> = "ProfileItem", always;
    }
}

object! {
    /// A profile field that changed.
    ProfileItem {
        /// Name of the field: `Tag_Profile_IM_` or `Tag_Profile_Custom_` and a word.
        tag: String = "Tag", always;
        /// The new value: text or a number, depending on `Tag`.
        value: Value = "Value", always, personal;
    }
}
