//! `Push.AllMemberPush`.

use super::Seconds;

command! {
    /// A push to all or to tagged users made progress.
    ///
    /// Fires at each stage of a push to one user. A request holds 1 to 100 of these in its `Events`; each is
    /// an event of its own here. At most 1000 requests come in a second, the others later. The result is in
    /// `ErrCode` and `ErrInfo`, and times are in seconds. The query has neither `ClientIP` nor `OptPlatform`.
    PushAllMemberPush = "Push.AllMemberPush" {
        title: "A push to all or to tagged users made progress",
        title_zh: "全员或标签推送进展",
        doc: "https://www.tencentcloud.com/document/product/1047/67551",
        reply: Ignored,
        natural_key: [],
        order_by: Receiver,
        sample: r#"{
  "CallbackCommand": "Push.AllMemberPush",
  "EventType": 1,
  "TaskId": "task-7f3a",
  "TaskTime": 1767225500,
  "EventTime": 1767225600,
  "To_Account": "bob",
  "PushPlatform": 4,
  "PushStage": 2,
  "ErrCode": 0,
  "ErrInfo": "success",
  "DataId": "campaign-12"
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// `1` for an offline push, `2` for an online push.
        event_type: i64 = "EventType", always;
        /// The push.
        task_id: String = "TaskId", always;
        /// When the push was ordered, in seconds since 1970.
        task_time: Seconds = "TaskTime", always;
        /// When it happened, in seconds since 1970.
        event_time: Seconds = "EventTime", always;
        /// Who gets the push.
        to_account: String = "To_Account", always, personal;
        /// The channel that it went through: `0` none, `1` APNs, `2` Xiaomi, `3` Huawei, `4` FCM, `5` Meizu,
        /// `6` OPPO, `7` vivo, `8` Honor.
        push_platform: i64 = "PushPlatform", always;
        /// How far it came: `1` sent, `2` reached the device, `3` clicked.
        push_stage: i64 = "PushStage", always;
        /// `0` for success, else the code of the failure.
        err_code: i64 = "ErrCode", always;
        /// The result in words.
        err_info: String = "ErrInfo", always;
        /// The app's own id of the push, given with the order.
        data_id: String = "DataId", sometimes;
        /// Kind of the device.
        device_type: i64 = "DeviceType", undocumented;
    }
}
