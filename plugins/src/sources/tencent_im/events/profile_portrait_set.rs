//! `Profile.CallbackPortraitSet`.

use serde_json::Value;

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// User profile fields were changed.
    ///
    /// Needs the console switch for profile change subscription.
    ProfilePortraitSet = "Profile.CallbackPortraitSet" {
        title: "User profile fields were changed",
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
  "ProfileItem": [{"Tag": "Tag_Profile_IM_Nick", "Value": "Alice B."}]
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// User whose profile changed.
        from_account: String = "From_Account", always, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
        /// Only the fields that changed.
        profile_item: Vec<ProfileItem> = "ProfileItem", always;
    }
}

object! {
    /// One of the only the fields that changed.
    ProfileItem {
        /// Profile field name, `Tag_Profile_IM_*` or `Tag_Profile_Custom_*`.
        tag: String = "Tag", always;
        /// New value; its JSON type depends on the Tag.
        value: Value = "Value", always, personal;
    }
}
