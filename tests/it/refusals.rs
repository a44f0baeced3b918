//! A stranger gets nowhere: the answers of the design's table, a reason in log and metric, nothing delivered.

use crate::harness::*;

const TOKEN: &str = "xxxxyyyy";

fn signed_server() -> Server {
    Server::start(&CONFIG.replace(
        "options.apps.main.sdk_app_id = 1400000000",
        "options.apps.main = { sdk_app_id = 1400000000, tokens = [\"old-token\", \"xxxxyyyy\"] }",
    ))
}

#[test]
fn what_is_not_proven_is_refused_alike() {
    let server = signed_server();
    let good = signed_query(TOPIC_CHANGED, TOKEN, now());
    let check = |query: String, reason: &str| {
        let reply = post(server.address, &query, &topic_changed("Stranger"));
        assert_eq!(reply.status, 401, "{query}");
        assert_eq!(reply.json()["ActionStatus"], "FAIL");
        server.log_line(&format!("\"reason\":\"{reason}\""));
        let metric = format!("switchhook_refusals_total{{source=\"tencent\",reason=\"{reason}\"}}");
        assert!(server.metric(&metric).is_some_and(|n| n >= 1.0), "{metric}");
        reply.body
    };
    let bodies = [
        check(query(TOPIC_CHANGED), "missing_sign"),
        check(signed_query(TOPIC_CHANGED, "wrong", now()), "bad_sign"),
        check(signed_query(TOPIC_CHANGED, TOKEN, now() - 70), "stale_time"),
        check(signed_query(TOPIC_CHANGED, TOKEN, now() + 70), "future_time"),
        check(good.replace("SdkAppid=1400000000", "SdkAppid=1400000001"), "unknown_app"),
    ];
    assert!(bodies.iter().all(|body| *body == bodies[0]), "one answer for all: {bodies:?}");
    unharmed(&server);
}

#[test]
fn what_is_not_the_protocol_is_refused_by_kind() {
    let server = signed_server();
    let good = signed_query(TOPIC_CHANGED, TOKEN, now());
    let body = topic_changed("Stranger");
    let check = |request: String, status| {
        let reply = exchange(server.address, &request);
        assert_eq!(reply.status, status, "{}", &request[..request.len().min(200)]);
        reply
    };
    let target = format!("/?{good}");
    assert_eq!(check(request("GET", &target, ""), 405).json()["ActionStatus"], "FAIL");
    check(request("POST", &format!("{target}&sdkappid=1400000000"), &body), 400);
    check(request("POST", &target, "{\"CallbackCommand\":"), 400);
    check(request("POST", &target, "[]"), 400);
    check(request("POST", &target, &body.replace("TopicInfoChanged", "CreateTopic")), 400);
    check(request("POST", &target, &format!("{{\"Name\":\"{}\"}}", "x".repeat(2 << 20))), 413);
    check(request("POST", &target, &body).replace("Host:", "Content-Encoding: gzip\r\nHost:"), 415);
    check(request("POST", &format!("/elsewhere?{good}"), &body), 404);
    unharmed(&server);
}

#[test]
fn a_body_in_pieces_is_limited_too_and_its_connection_closed() {
    let server = signed_server();
    let head = |query: &str| {
        format!("POST /?{query} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
    };
    let piece = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let good = signed_query(TOPIC_CHANGED, TOKEN, now());
    let reply = exchange(
        server.address,
        &format!("{}{}0\r\n\r\n", head(&good), piece(&topic_changed("In pieces"))),
    );
    assert_eq!((reply.status, reply.body.as_str()), (200, OK));
    assert!(reply.head.to_lowercase().contains("connection: close"), "{}", reply.head);
    let large = format!("{}{}", head(&good), piece(&"x".repeat(64 << 10)).repeat(32));
    assert_eq!(exchange(server.address, &large).status, 413);
}

/// It goes on as before, and nothing of what was refused has been delivered.
fn unharmed(server: &Server) {
    let reply =
        post(server.address, &signed_query(TOPIC_CHANGED, TOKEN, now()), &topic_changed("Friend"));
    assert_eq!((reply.status, reply.body.as_str()), (200, OK));
    let reply = post(
        server.address,
        &signed_query(TOPIC_CHANGED, "old-token", now()),
        &topic_changed("Friend"),
    );
    assert_eq!(reply.status, 200, "the token before the change still counts");
    let lines = server.lines("topics.jsonl", 2);
    server.lanes_settled();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.contains("Friend")), "{lines:?}");
}
