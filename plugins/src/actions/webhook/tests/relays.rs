//! What a relay looks like to its target.

use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use switchhook_api::standard_webhooks::{Secret, SignatureHeaders};
use switchhook_api::{Decision, Record};

use super::target::{Answer, Received, Target, say};
use super::{BODY, SECRET, record, relay_to};

fn now() -> Timestamp {
    switchhook_testkit::build_context("crm", "/").clock.wall()
}

fn verified(request: &Received) -> bool {
    let headers = SignatureHeaders {
        id: request.header("webhook-id"),
        timestamp: request.header("webhook-timestamp"),
        signatures: request.header("webhook-signature"),
    };
    let secret = Secret::parse(SECRET).expect("a secret");
    secret.verify(headers, &request.body, now(), Duration::from_secs(30)).is_ok()
}

/// Delivers one record and gives what the target saw.
async fn seen(record: &Record, more: &str) -> Received {
    let target = Target::start([say("204 No Content")]).await;
    relay_to(&target, more).await.deliver(record).await.expect("delivered");
    target.received().pop().expect("a request")
}

#[tokio::test]
async fn a_relay_carries_the_body_verbatim_and_the_facts_as_headers() {
    let mut record = record();
    record.facts.sent = Some("2026-05-04T03:02:00Z".parse().expect("a time"));
    record.facts.client.ip = Some("203.0.113.9".into());
    record.facts.client.platform = Some("Android".into());
    let decision = Decision { verdict: "deny".into(), ..Decision::default() };
    record.facts.decision = Some(decision);
    record.replay = Some(switchhook_api::Uuid::from_u128(9));
    let more = format!("secret = \"{SECRET}\"\nheaders = {{ authorization = \"Bearer abc\" }}");
    let request = seen(&record, &more).await;
    assert_eq!(request.line, "POST /hook?key=in-the-url HTTP/1.1");
    assert_eq!(request.body, BODY);
    let (id, callback) = (record.id(), record.facts.id.to_string());
    for (name, expected) in [
        ("content-type", "application/json"),
        ("user-agent", concat!("switchhook/", env!("CARGO_PKG_VERSION"))),
        ("authorization", "Bearer abc"),
        ("webhook-id", id.as_str()),
        ("switchhook-callback", callback.as_str()),
        ("switchhook-command", "Group.CallbackAfterTopicInfoChanged"),
        ("switchhook-app", "1400000000"),
        ("switchhook-phase", "after"),
        ("switchhook-source", "tencent"),
        ("switchhook-handler", "topic_changes"),
        ("switchhook-received", "2026-05-04T03:02:01.5Z"),
        ("switchhook-sent", "2026-05-04T03:02:00Z"),
        ("switchhook-client-ip", "203.0.113.9"),
        ("switchhook-client-platform", "Android"),
        ("switchhook-decision", "deny"),
        ("switchhook-replayed", "true"),
    ] {
        assert_eq!(request.header(name), expected, "{name}");
        assert_eq!(request.headers.get_all(name).iter().count(), 1, "{name}");
    }
    assert!(verified(&request));
}

#[tokio::test]
async fn without_a_secret_there_is_no_signature_and_what_is_unknown_is_left_out() {
    let request = seen(&record(), "").await;
    let sent: i64 = request.header("webhook-timestamp").parse().expect("seconds");
    assert!(now().as_second().abs_diff(sent) <= 5, "{sent}");
    let absent = [
        "webhook-signature",
        "switchhook-sent",
        "switchhook-client-ip",
        "switchhook-client-platform",
        "switchhook-decision",
        "switchhook-replayed",
        "accept-encoding",
    ];
    for name in absent {
        assert!(!request.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn the_id_is_the_same_at_every_attempt() {
    let target = Target::start([say("500 Oops"), say("503 Busy"), say("200 OK")]).await;
    let action = relay_to(&target, &format!("secret = \"{SECRET}\"")).await;
    let record = record();
    assert!(action.deliver(&record).await.is_err());
    assert!(action.deliver(&record).await.is_err());
    assert!(action.deliver(&record).await.is_ok());
    let received = target.received();
    assert_eq!(received.len(), 3);
    for request in &received {
        assert_eq!(request.header("webhook-id"), record.id());
        assert!(verified(request));
    }
}

#[tokio::test]
async fn a_changed_body_or_id_does_not_verify() {
    let mut request = seen(&record(), &format!("secret = \"{SECRET}\"")).await;
    assert!(verified(&request));
    request.body = "{}".into();
    assert!(!verified(&request));
}

#[tokio::test]
async fn user_text_never_becomes_a_header_of_its_own() {
    let mut record = record();
    record.facts.command = "Group.X\r\nx-injected: yes\r\n\r\nPOST / HTTP/1.1".into();
    record.facts.client.ip = Some("1.1.1.1\nx-injected: yes\u{0}".into());
    record.facts.client.platform = Some("群".repeat(100_000).into());
    record.facts.app = "%0d%0a".into();
    let request = seen(&record, "").await;
    assert!(!request.headers.contains_key("x-injected"));
    assert_eq!(
        request.header("switchhook-command"),
        "Group.X%0D%0Ax-injected: yes%0D%0A%0D%0APOST / HTTP/1.1"
    );
    assert_eq!(request.header("switchhook-client-ip"), "1.1.1.1%0Ax-injected: yes%00");
    assert_eq!(request.header("switchhook-client-platform"), "%E7%BE%A4".repeat(85));
    assert_eq!(request.header("switchhook-app"), "%250d%250a");
}

#[tokio::test]
async fn deliveries_share_a_connection() {
    let with_body = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned();
    let chunked =
        "HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let failed = "HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy".to_owned();
    let answers = [
        Answer::Say(with_body),
        Answer::Say(chunked.to_owned()),
        Answer::Say(failed),
        say("200 OK"),
    ];
    let target = Target::start(answers).await;
    let action = relay_to(&target, "").await;
    for _ in 0..100 {
        _ = action.deliver(&record()).await;
    }
    let received = target.received();
    assert_eq!(received.len(), 100);
    assert_eq!(received.iter().map(|request| request.connection).max(), Some(1));
}

/// Runs another test of this file in a process of its own, for variables cannot be set safely in this one.
#[test]
fn proxy_variables_are_ignored() {
    let test = module_path!().split_once("::").expect("a module").1;
    let test = format!("{test}::a_relay_carries_the_body_verbatim_and_the_facts_as_headers");
    let mut child = Command::new(std::env::current_exe().expect("this test"));
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, "http://127.0.0.1:1");
    }
    let output = child.args([&test, "--exact"]).output().expect("run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
