//! `Alert.RequestOverLimit`.

command! {
    /// Calls of a server API came near their limit.
    ///
    /// Fires when an app makes more than 80 percent of the calls that it may make. It has no switch of its
    /// own and comes as soon as an address for callbacks is set. The query has no `ClientIP`.
    AlertRequestOverLimit = "Alert.RequestOverLimit" {
        title: "Calls of a server API came near their limit",
        title_zh: "服务端接口频率告警",
        doc: "https://www.tencentcloud.com/document/product/1047/60256",
        reply: Ignored,
        natural_key: [],
        order_by: Nothing,
        sample: r#"{
  "CallbackCommand": "Alert.RequestOverLimit",
  "ServiceName": "group_open_http_svc",
  "Command": "send_group_msg",
  "Request": 170,
  "Limit": 200
}"#,
    }
    fields {
        /// The command, the same as in the query.
        callback_command: String = "CallbackCommand", always;
        /// The service that the API belongs to.
        service_name: String = "ServiceName", always;
        /// The API.
        command: String = "Command", always;
        /// How many calls were made in a second.
        request: i64 = "Request", always;
        /// How many calls may be made in a second.
        limit: i64 = "Limit", always;
    }
}
