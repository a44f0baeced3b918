//! `Group.CallbackOnMemberStateChange`.

use super::{Member, Milliseconds};

command! {
    /// Members of an audio-video group came or went.
    ///
    /// Fires when the first client of a member joins an audio-video group, the last one leaves, or its
    /// heartbeats stop or come back. Heartbeats count as lost after 30 s, and are looked at about every 20 s.
    /// It needs the list of online members, a feature of the higher plans. The query has neither `ClientIP`
    /// nor `OptPlatform`.
    GroupOnMemberStateChange = "Group.CallbackOnMemberStateChange" {
        title: "Members of an audio-video group came or went",
        title_zh: "直播群成员在线状态变更之后",
        doc: "https://www.tencentcloud.com/document/product/1047/48734",
        reply: Ignored,
        natural_key: [],
        order_by: Group,
        sample: r#"{
  "CallbackCommand": "Group.CallbackOnMemberStateChange",
  "GroupId": "@TGS#aMATCHLIVE",
  "EventType": "Online",
  "EventCause": "Join",
  "MemberList": [{"Member_Account": "bob"}, {"Member_Account": "carol"}]
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The group.
        group_id: String = "GroupId", always;
        /// `Online` or `Offline`.
        event_type: String = "EventType", always;
        /// Why: `Join`, `Quit`, `HeartbeatInterrupt` or `HeartbeatRecover`.
        event_cause: String = "EventCause", sometimes;
        /// The members concerned.
        member_list: Vec<Member> = "MemberList", always;
        /// When it happened, in milliseconds since 1970; may be text.
        event_time: Milliseconds = "EventTime", undocumented;
        /// Type of the group: `AVChatRoom`.
        kind: String = "Type", undocumented;
    }
}
