//! `Room.CallbackAfterCreateRoom`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A conference room was created.
    RoomAfterCreateRoom = "Room.CallbackAfterCreateRoom" {
        title: "A conference room was created",
        title_zh: "创建会议房间之后",
        doc: "https://trtc.io/document/60733",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Room.CallbackAfterCreateRoom",
  "Operator_Account": "alice",
  "RoomInfo": {
    "RoomId": "room-42",
    "RoomName": "Evening show",
    "RoomType": "Meeting",
    "Owner_Account": "alice",
    "MaxMemberCount": 300,
    "MaxSeatCount": 8,
    "IsVideoDisabled": false,
    "IsAudioDisabled": false,
    "IsMessageDisabled": false,
    "IsScreenSharingDisabled": false,
    "IsCloudRecordingDisabled": true,
    "CustomInfo": "{\"theme\":\"dark\"}",
    "ScheduleStartTime": 1767229200,
    "ScheduleEndTime": 1767232800,
    "RoomStatus": "Running",
    "IsSeatEnabled": true,
    "TakeSeatMode": "ApplyToTake",
    "CreateTime": 1767225500
  },
  "ScheduleInviteeList_Account": ["bob", "carol"],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator where a server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// Room details.
        room_info: RoomInfo = "RoomInfo", always;
        /// Invited users, plain array.
        schedule_invitee_list_account: Vec<String> = "ScheduleInviteeList_Account", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// Room details.
    RoomInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// Room name.
        room_name: String = "RoomName", always, personal;
        /// Live or Meeting.
        room_type: String = "RoomType", always;
        /// Whose it is.
        owner_account: String = "Owner_Account", always, personal;
        /// Member limit.
        max_member_count: i64 = "MaxMemberCount", always;
        /// Seat limit.
        max_seat_count: i64 = "MaxSeatCount", always;
        /// Video off.
        is_video_disabled: bool = "IsVideoDisabled", always;
        /// Audio off.
        is_audio_disabled: bool = "IsAudioDisabled", always;
        /// Messages off.
        is_message_disabled: bool = "IsMessageDisabled", always;
        /// Screen sharing off.
        is_screen_sharing_disabled: bool = "IsScreenSharingDisabled", always;
        /// Cloud recording off.
        is_cloud_recording_disabled: bool = "IsCloudRecordingDisabled", always;
        /// Custom text.
        custom_info: String = "CustomInfo", always, personal;
        /// Planned start, seconds.
        schedule_start_time: Seconds = "ScheduleStartTime", sometimes;
        /// Planned end, seconds.
        schedule_end_time: Seconds = "ScheduleEndTime", sometimes;
        /// For example Running.
        room_status: String = "RoomStatus", always;
        /// Seats on.
        is_seat_enabled: bool = "IsSeatEnabled", always;
        /// `FreeToTake` or `ApplyToTake`.
        take_seat_mode: String = "TakeSeatMode", always;
        /// Creation time, seconds.
        create_time: Seconds = "CreateTime", always;
    }
}
