//! What a newcomer sees: the shipped configuration, one command, one callback all the way.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;

use crate::harness::*;

/// The shipped configuration, on free ports and in a folder of the test's.
fn server() -> Server {
    Server::start_in(Arc::new(folder_with(&shipped())), |command| {
        command
            .env("SWITCHHOOK_SERVER__LISTEN", "127.0.0.1:0")
            .env("SWITCHHOOK_ADMIN__LISTEN", "127.0.0.1:0");
    })
}

#[test]
fn a_topic_change_reaches_log_and_file() {
    let server = server();
    let url = format!("http://{}/", server.address);
    let sent = switchhook(server.folder.path())
        .args(["send", TOPIC_CHANGED, "--url", &url])
        .output()
        .expect("ran");
    let (out, err) = text(&sent);
    assert!(sent.status.success(), "{err}");
    assert!(out.contains(OK), "{out}");
    let line = server.lines("data/topic-changes.jsonl", 1).remove(0);
    let record: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(record["command"], TOPIC_CHANGED);
    assert_eq!(record["app"], "1400000000");
    assert!(record["topic"].is_null());
    let logged = server.log_line("switchhook::record");
    assert!(logged.contains(record["id"].as_str().expect("an id")), "{logged}");
    let warnings = server.log().matches("accepts unsigned callbacks").count();
    assert_eq!(warnings, 1, "one clear warning that strangers can call");
}

#[test]
fn the_vendors_request_is_answered_unsigned_and_signed() {
    let body =
        fs::read_to_string(repository("tests/fixtures/Group.CallbackAfterTopicInfoChanged.json"))
            .expect("there");
    let unsigned = server();
    let reply = post(unsigned.address, &query(TOPIC_CHANGED), &body);
    assert_eq!((reply.status, reply.body.as_str()), (200, OK));
    let config = CONFIG.replace(
        "options.apps.main.sdk_app_id = 1400000000",
        "options.apps.main = { sdk_app_id = 1400000000, tokens = [\"xxxxyyyy\"] }",
    );
    let signed = Server::start(&config);
    let reply = post(signed.address, &signed_query(TOPIC_CHANGED, "xxxxyyyy", now()), &body);
    assert_eq!((reply.status, reply.body.as_str()), (200, OK));
    signed.lines("topics.jsonl", 1);
}

#[test]
fn with_the_relay_enabled_listen_verifies_its_signature() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let folder = Arc::new(folder_with(&shipped()));
    let mut listening = switchhook(folder.path())
        .args([
            "listen",
            "--address",
            "127.0.0.1:0",
            "--secret",
            secret,
            "--count",
            "1",
            "--format",
            "json",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut announced = String::new();
    let mut stderr = std::io::BufReader::new(listening.stderr.take().expect("piped"));
    std::io::BufRead::read_line(&mut stderr, &mut announced).expect("a line");
    let address = announced
        .split("http://")
        .nth(1)
        .and_then(|rest| rest.split([' ', '/', '\n']).next())
        .expect("its address");
    let server = Server::start_in(folder, |command| {
        command
            .env("SWITCHHOOK_SERVER__LISTEN", "127.0.0.1:0")
            .env("SWITCHHOOK_ADMIN__LISTEN", "127.0.0.1:0")
            .env("SWITCHHOOK_HANDLERS__TOPIC_CHANGES__ACTIONS", "[\"console\", \"crm\"]")
            .env("SWITCHHOOK_ACTIONS__CRM__ENABLED", "true")
            .env("SWITCHHOOK_ACTIONS__CRM__OPTIONS__URL", format!("http://{address}/hooks/topics"))
            .env("SWITCHHOOK_ACTIONS__CRM__OPTIONS__SECRET", secret);
    });
    let reply = post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    assert_eq!(reply.status, 200);
    let (out, _) = text(&listening.wait_with_output().expect("ended after one"));
    let got: serde_json::Value = serde_json::from_str(out.trim()).expect("one JSON line");
    assert_eq!(got["signature"], "ok", "{out}");
    assert!(!server.log().contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "a secret in the log");
}
