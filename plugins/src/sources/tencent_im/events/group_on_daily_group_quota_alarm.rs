//! `Group.CallbackOnDailyGroupQuotaAlarm`.

use super::Milliseconds;

command! {
    /// The day's quota of new groups was nearly used up.
    ///
    /// Fires when an app has used more than 70 percent of its quota of the day: the groups created, less
    /// those dissolved.
    GroupOnDailyGroupQuotaAlarm = "Group.CallbackOnDailyGroupQuotaAlarm" {
        title: "The day's quota of new groups was nearly used up",
        title_zh: "每日净增群组额度告警",
        doc: "https://www.tencentcloud.com/document/product/1047/57455",
        reply: Ignored,
        natural_key: [],
        order_by: Nothing,
        sample: r#"{
  "CallbackCommand": "Group.CallbackOnDailyGroupQuotaAlarm",
  "QuotaUsed": 7100,
  "Quota": 10000,
  "EventTime": 1767225600123
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// How many groups the app has created today, less those dissolved.
        quota_used: i64 = "QuotaUsed", always;
        /// How many groups the app may create in a day, less those dissolved.
        quota: i64 = "Quota", always;
        /// When it happened, in milliseconds since 1970; older senders write it as text or leave it out.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
