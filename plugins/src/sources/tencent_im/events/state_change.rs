//! `State.StateChange`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Online status of a user changed.
    ///
    /// Needs the console switch for user status query and notification. Heartbeat loss is noticed only after 400 s
    /// (about 60 s for an open web page that loses its network). A device pushed out by newer clients (native
    /// 5.6.1200+, web 2.14.0+) gives one Login with `KickedDevice`, older clients give Login and Logout. A quick
    /// re-login suppresses the pending Disconnect. `OptPlatform` may be upper-case IOS here. Fields carried for a
    /// custom status change are not documented.
    StateChange = "State.StateChange" {
        title: "Online status of a user changed",
        title_zh: "用户在线状态变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/34357",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
        sample: r#"{
  "CallbackCommand": "State.StateChange",
  "EventTime": 1767225600123,
  "Info": {"Action": "Login", "To_Account": "bob", "Reason": "Register"},
  "KickedDevice": [{"Platform": "Android"}]
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", sometimes;
        /// What happened to which user.
        info: Info = "Info", always;
        /// Devices that this login pushed out.
        kicked_device: Vec<KickedDevice> = "KickedDevice", sometimes;
    }
}

object! {
    /// What happened to which user.
    Info {
        /// Login, Logout or Disconnect; third-party code also maps `CustomStatusChange`.
        action: String = "Action", always;
        /// User whose status changed.
        to_account: String = "To_Account", always, personal;
        /// Register, Unregister, `LinkClose` or `TimeOut`.
        reason: String = "Reason", always;
    }
}

object! {
    /// One of the devices that this login pushed out.
    KickedDevice {
        /// IOS, Android, Web, Windows, iPad, Mac or Linux.
        platform: String = "Platform", sometimes;
    }
}
