//! Objects that several commands have.

use switchhook_api::Map;

use crate::sources::tencent_im::wire::object;

object! {
    /// One element of a message.
    MsgElement {
        /// Its kind, for example `TIMTextElem`, `TIMCustomElem` or `TIMImageElem`.
        msg_type: String = "MsgType", always;
        /// Its content; what stands in it depends on the kind.
        msg_content: Map = "MsgContent", always, personal;
    }
}

impl MsgElement {
    /// The text of a `TIMTextElem`.
    pub fn text(&self) -> Option<&str> {
        let content =
            self.msg_content.as_ref().filter(|_| self.msg_type.as_deref() == Some("TIMTextElem"));
        content?.get("Text")?.as_str()
    }
}

object! {
    /// A member of a group or room.
    Member {
        /// The account.
        member_account: String = "Member_Account", always, personal;
    }
}

object! {
    /// A field of the app's own.
    CustomField {
        /// Its name.
        key: String = "Key", always;
        /// Its value; mostly text.
        value: serde_json::Value = "Value", always, personal;
    }
}
