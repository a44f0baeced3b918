//! `State.StateChange`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// The online status of a user changed.
    ///
    /// Fires when a user logs in or out, loses or regains the connection, sets a custom status, or is kicked
    /// through the server API. It needs the console switch for user status query and notification. A lost
    /// network is noticed after 400 s without heartbeats, about 60 s for a web page left open; a quick new
    /// login suppresses the `Disconnect`. A device that a newer client (native from 5.6.1200, web from
    /// 2.14.0) pushes out shows in `KickedDevice` of the `Login`; older clients cause a `Login` and a
    /// `Logout`. In the query, `OptPlatform` may be `IOS` in capitals.
    StateChange = "State.StateChange" {
        title: "The online status of a user changed",
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
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", sometimes;
        /// What happened, and to whom.
        info: Info = "Info", always;
        /// The devices that this login pushed out.
        kicked_device: Vec<KickedDevice> = "KickedDevice", sometimes;
    }
}

object! {
    /// What happened, and to whom.
    Info {
        /// `Login`, `Logout` or `Disconnect`; a custom status may bring other values, such as
        /// `CustomStatusChange`.
        action: String = "Action", always;
        /// The user whose status changed.
        to_account: String = "To_Account", always, personal;
        /// Why: `Register` for a login, `Unregister` for a logout, `LinkClose` or `TimeOut` for a lost
        /// connection.
        reason: String = "Reason", always;
    }
}

object! {
    /// A device that was pushed out.
    KickedDevice {
        /// Its platform: `iOS`, `Android`, `Web`, `Windows`, `iPad`, `Mac` or `Linux`.
        platform: String = "Platform", sometimes;
    }
}
