//! Callbacks that come more than once.

use crate::harness::*;

#[test]
fn what_is_surely_the_same_event_is_kept_once_where_that_is_asked_for() {
    let config = CONFIG
        .replace("plugin = \"tencent-im\"", "plugin = \"tencent-im\"\ndedupe = \"10m\"")
        .replace("plugin = \"topic-info-changed\"", "plugin = \"forward\"\ncommands = [\"*\"]");
    let mut server = Server::start(&config);
    let command = "C2C.CallbackAfterSendMsg";
    let send = |server: &Server, key: &str| {
        let body = serde_json::json!({
            "CallbackCommand": command, "From_Account": "a", "To_Account": "b", "MsgKey": key,
            "MsgSeq": 7, "MsgRandom": 7, "MsgTime": 1_557_481_126, "SendMsgResult": 0,
        });
        let reply = post(server.address, &query(command), &body.to_string());
        assert_eq!((reply.status, reply.body.as_str()), (200, OK), "{key}");
    };
    send(&server, "one");
    send(&server, "one");
    server.signal("TERM");
    assert!(server.wait().success());
    let server = Server::start_in(server.folder.clone(), |_| ());
    send(&server, "one");
    send(&server, "two");
    server.lanes_settled();
    let lines = server.lines("topics.jsonl", 2);
    let keys: Vec<&str> =
        lines.iter().map(|line| if line.contains("\"one\"") { "one" } else { "two" }).collect();
    assert_eq!(keys, ["one", "two"]);
}
