//! `Room.CallbackAfterCreateRoom`.

use super::{Milliseconds, Seconds};
use crate::sources::tencent_im::wire::object;

command! {
    /// A conference room was created.
    ///
    /// Fires also when a conference is scheduled, and says then when it is to begin and end.
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
    "RoomId": "meeting-7",
    "RoomName": "Weekly planning",
    "RoomType": "Meeting",
    "Owner_Account": "alice",
    "MaxMemberCount": 50,
    "MaxSeatCount": 8,
    "IsVideoDisabled": false,
    "IsAudioDisabled": false,
    "IsMessageDisabled": false,
    "IsScreenSharingDisabled": false,
    "IsCloudRecordingDisabled": true,
    "CustomInfo": "{\"team\":\"maps\"}",
    "ScheduleStartTime": 1767225600,
    "ScheduleEndTime": 1767229200,
    "RoomStatus": "Running",
    "IsSeatEnabled": true,
    "TakeSeatMode": "ApplyToTake",
    "CreateTime": 1767225600
  },
  "ScheduleInviteeList_Account": ["bob", "carol"],
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room and its details.
        room_info: RoomInfo = "RoomInfo", always;
        /// The users who are invited to the conference.
        schedule_invitee_list_account: Vec<String> = "ScheduleInviteeList_Account", sometimes, personal;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// The room and its details.
    RoomInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// The name of the room.
        room_name: String = "RoomName", always, personal;
        /// `Live` or `Meeting`.
        room_type: String = "RoomType", always;
        /// Who owns the room.
        owner_account: String = "Owner_Account", always, personal;
        /// How many members the room may have.
        max_member_count: i64 = "MaxMemberCount", always;
        /// How many seats the room has.
        max_seat_count: i64 = "MaxSeatCount", always;
        /// Whether video is switched off.
        is_video_disabled: bool = "IsVideoDisabled", always;
        /// Whether audio is switched off.
        is_audio_disabled: bool = "IsAudioDisabled", always;
        /// Whether messages are switched off.
        is_message_disabled: bool = "IsMessageDisabled", always;
        /// Whether screen sharing is switched off.
        is_screen_sharing_disabled: bool = "IsScreenSharingDisabled", always;
        /// Whether recording in the cloud is switched off; some senders write it as text.
        is_cloud_recording_disabled: bool = "IsCloudRecordingDisabled", always;
        /// Text of the app that is kept with the room.
        custom_info: String = "CustomInfo", always, personal;
        /// When the conference is to begin, in seconds since 1970.
        schedule_start_time: Seconds = "ScheduleStartTime", sometimes;
        /// When the conference is to end, in seconds since 1970.
        schedule_end_time: Seconds = "ScheduleEndTime", sometimes;
        /// State of the room, for example `Running`.
        room_status: String = "RoomStatus", always;
        /// Whether the room has seats for speakers.
        is_seat_enabled: bool = "IsSeatEnabled", always;
        /// How a seat is taken: `FreeToTake`, or `ApplyToTake` when the owner has to agree.
        take_seat_mode: String = "TakeSeatMode", always;
        /// When the room was created, in seconds since 1970.
        create_time: Seconds = "CreateTime", always;
    }
}
