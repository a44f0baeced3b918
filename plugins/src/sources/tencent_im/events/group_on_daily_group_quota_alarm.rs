//! `Group.CallbackOnDailyGroupQuotaAlarm`.

use super::Milliseconds;

command! {
    /// Daily new-group quota is nearly used.
    ///
    /// The page says that it shares the switch of `Group.CallbackAfterGroupInfoChanged`, probably a slip of the page.
    GroupOnDailyGroupQuotaAlarm = "Group.CallbackOnDailyGroupQuotaAlarm" {
        title: "Daily new-group quota is nearly used",
        title_zh: "每日新增群额度告警",
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// Net new groups today.
        quota_used: i64 = "QuotaUsed", always;
        /// Allowed per day.
        quota: i64 = "Quota", always;
        /// When it happened, in milliseconds since 1970; text in older samples, missing before mid-2022.
        event_time: Milliseconds = "EventTime", sometimes;
    }
}
