//! `Room.CallbackAfterUpdateRoomInfo`.

use super::Milliseconds;
use crate::sources::tencent_im::wire::object;

command! {
    /// Conference room details changed.
    ///
    /// `IsCloudRecordingDisabled` is the STRING false in the sample. One Chinese list names it
    /// `Room.CallbackUpdateRoomInfo`.
    RoomAfterUpdateRoomInfo = "Room.CallbackAfterUpdateRoomInfo" {
        title: "Conference room details changed",
        title_zh: "会议房间信息变更之后",
        doc: "https://trtc.io/document/60731",
        reply: Ignored,
        natural_key: [],
        order_by: Room,
        sample: r#"{
  "CallbackCommand": "Room.CallbackAfterUpdateRoomInfo",
  "Operator_Account": "alice",
  "RoomInfo": {
    "RoomId": "room-42",
    "RoomName": "Evening show",
    "Owner_Account": "alice",
    "TakeSeatMode": "ApplyToTake",
    "MaxMemberCount": 300,
    "IsVideoDisabled": false,
    "IsAudioDisabled": false,
    "IsMessageDisabled": false,
    "IsScreenSharingDisabled": false,
    "IsCloudRecordingDisabled": true,
    "CustomInfo": "{\"theme\":\"dark\"}"
  },
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
        room_name: String = "RoomName", sometimes, personal;
        /// Whose it is.
        owner_account: String = "Owner_Account", sometimes, personal;
        /// `FreeToTake` or `ApplyToTake`.
        take_seat_mode: String = "TakeSeatMode", sometimes;
        /// Member limit.
        max_member_count: i64 = "MaxMemberCount", sometimes;
        /// Video off.
        is_video_disabled: bool = "IsVideoDisabled", sometimes;
        /// Audio off.
        is_audio_disabled: bool = "IsAudioDisabled", sometimes;
        /// Messages off.
        is_message_disabled: bool = "IsMessageDisabled", sometimes;
        /// Screen sharing off.
        is_screen_sharing_disabled: bool = "IsScreenSharingDisabled", sometimes;
        /// Cloud recording off.
        is_cloud_recording_disabled: bool = "IsCloudRecordingDisabled", sometimes;
        /// Custom text.
        custom_info: String = "CustomInfo", sometimes, personal;
    }
}
