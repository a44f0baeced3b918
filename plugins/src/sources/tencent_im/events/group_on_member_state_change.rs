//! `Group.CallbackOnMemberStateChange`.

use super::{Member, Milliseconds};

command! {
    /// Audio-video group members went online or offline.
    ///
    /// Needs the online member list feature of a higher plan. URL carries neither `ClientIP` nor `OptPlatform`.
    /// Checked in steps of about 20 s, a heartbeat counts as lost after 30 s. The name begins with `CallbackOn` but
    /// it is an after-callback.
    GroupOnMemberStateChange = "Group.CallbackOnMemberStateChange" {
        title: "Audio-video group members went online or offline",
        title_zh: "直播群成员在线状态变更",
        doc: "https://www.tencentcloud.com/document/product/1047/48734",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackOnMemberStateChange",
  "GroupId": "@TGS#2CHESSCLUB",
  "EventType": "Online",
  "EventCause": "Join",
  "MemberList": [{"Member_Account": "bob"}, {"Member_Account": "carol"}],
  "Type": "AVChatRoom"
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// Online or Offline.
        event_type: String = "EventType", always;
        /// `HeartbeatInterrupt`, `HeartbeatRecover`, Join or Quit.
        event_cause: String = "EventCause", sometimes;
        /// The members concerned.
        member_list: Vec<Member> = "MemberList", always;
        /// When it happened, in milliseconds since 1970; also seen as text.
        event_time: Milliseconds = "EventTime", undocumented;
        /// `AVChatRoom`; one SDK only.
        kind: String = "Type", undocumented;
    }
}
