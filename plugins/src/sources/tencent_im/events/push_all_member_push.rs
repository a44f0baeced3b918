//! `Push.AllMemberPush`.

use super::Seconds;

command! {
    /// Results of a push to all or to tagged users.
    ///
    /// Batched: the body is `{"Events":[...]}` with no top-level `CallbackCommand`. At most 1000 requests per second
    /// by default, above that delayed and retried. URL carries neither `ClientIP` nor `OptPlatform`. `ErrCode` and
    /// `ErrInfo`, not `ErrorCode`.
    PushAllMemberPush = "Push.AllMemberPush" {
        title: "Results of a push to all or to tagged users",
        title_zh: "全员或标签推送结果",
        doc: "https://www.tencentcloud.com/document/product/1047/67551",
        reply: Ignored,
        natural_key: [],
        order_by: Account,
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// 1 offline push, 2 online push.
        event_type: i64 = "EventType", always;
        /// Task id.
        task_id: String = "TaskId", always;
        /// In seconds since 1970.
        task_time: Seconds = "TaskTime", always;
        /// When it happened, in SECONDS since 1970, unlike everywhere else.
        event_time: Seconds = "EventTime", always;
        /// Whom it concerns.
        to_account: String = "To_Account", always, personal;
        /// 0 none, 1-8 vendor channel (APNs, Xiaomi, Huawei, FCM, Meizu, OPPO, vivo, Honor).
        push_platform: i64 = "PushPlatform", always;
        /// 1 sent, 2 reached, 3 clicked.
        push_stage: i64 = "PushStage", always;
        /// Push result, 0 success.
        err_code: i64 = "ErrCode", always;
        /// Push result text.
        err_info: String = "ErrInfo", always;
        /// Tracing id given when pushing.
        data_id: String = "DataId", sometimes;
        /// Device kind.
        device_type: i64 = "DeviceType", undocumented;
    }
}
