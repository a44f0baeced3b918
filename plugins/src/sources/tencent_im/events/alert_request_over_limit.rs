//! `Alert.RequestOverLimit`.

command! {
    /// A server API is near its rate limit.
    ///
    /// On as soon as a URL is set, no switch. URL carries `OptPlatform` but no `ClientIP`.
    AlertRequestOverLimit = "Alert.RequestOverLimit" {
        title: "A server API is near its rate limit",
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
        /// The command, as in the query.
        callback_command: String = "CallbackCommand", always;
        /// API service.
        service_name: String = "ServiceName", always;
        /// API command.
        command: String = "Command", always;
        /// Calls per second seen.
        request: i64 = "Request", always;
        /// Calls per second allowed.
        limit: i64 = "Limit", always;
    }
}
