//! `Room.CallbackAfterUpdateRoomInfo`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Details of a conference room changed.
    ///
    /// Details that are missing did not change.
    RoomAfterUpdateRoomInfo = "Room.CallbackAfterUpdateRoomInfo" {
        title: "Details of a conference room changed",
        title_zh: "会议房间信息变更之后",
        doc: "https://trtc.io/document/60731",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Room.CallbackAfterUpdateRoomInfo",
  "Operator_Account": "alice",
  "RoomInfo": {
    "RoomId": "meeting-7",
    "RoomName": "Weekly planning and review",
    "Owner_Account": "bob",
    "TakeSeatMode": "FreeToTake",
    "MaxMemberCount": 80,
    "IsVideoDisabled": false,
    "IsAudioDisabled": false,
    "IsMessageDisabled": true,
    "IsScreenSharingDisabled": false,
    "IsCloudRecordingDisabled": true,
    "CustomInfo": "{\"team\":\"maps\"}"
  },
  "EventTime": 1767226200123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Who did it; an administrator when the server API was used.
        operator_account: String = "Operator_Account", always, personal;
        /// The room and what changed.
        room_info: RoomInfo = "RoomInfo", always;
        /// When it happened, in milliseconds since 1970.
        event_time: Milliseconds = "EventTime", always;
    }
}

object! {
    /// The room and what changed.
    RoomInfo {
        /// The room.
        room_id: String = "RoomId", always;
        /// The name of the room.
        room_name: String = "RoomName", sometimes, personal;
        /// Who owns the room.
        owner_account: String = "Owner_Account", sometimes, personal;
        /// How a seat is taken: `FreeToTake`, or `ApplyToTake` when the owner has to agree.
        take_seat_mode: String = "TakeSeatMode", sometimes;
        /// How many members the room may have.
        max_member_count: i64 = "MaxMemberCount", sometimes;
        /// Whether video is switched off.
        is_video_disabled: bool = "IsVideoDisabled", sometimes;
        /// Whether audio is switched off.
        is_audio_disabled: bool = "IsAudioDisabled", sometimes;
        /// Whether messages are switched off.
        is_message_disabled: bool = "IsMessageDisabled", sometimes;
        /// Whether screen sharing is switched off.
        is_screen_sharing_disabled: bool = "IsScreenSharingDisabled", sometimes;
        /// Whether recording in the cloud is switched off; some senders write it as text.
        is_cloud_recording_disabled: bool = "IsCloudRecordingDisabled", sometimes;
        /// Text of the app that is kept with the room.
        custom_info: String = "CustomInfo", sometimes, personal;
    }
}
