//! Two systems of our own, known by configuration alone: a chat that signs, a desk that shows a token.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::*;

const SECRET: &str = "change-me-on-both-sides";

/// The example's configuration, as it stands.
fn start() -> Server {
    start_with(&fs::read_to_string(repository("examples/in_house/config.toml")).expect("there"))
}

fn start_with(config: &str) -> Server {
    Server::start_in(Arc::new(folder_with(config)), |command| {
        command
            .env("SWITCHHOOK_SERVER__LISTEN", "127.0.0.1:0")
            .env("SWITCHHOOK_ADMIN__LISTEN", "127.0.0.1:0");
    })
}

/// HMAC-SHA-256 by its definition, for keys of up to 64 bytes.
fn hmac(key: &str, message: &str) -> String {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key.bytes()).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().fold(String::new(), |mut hex, byte| {
        _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn call(server: &Server, target: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = headers.iter().fold(String::new(), |mut lines, (name, value)| {
        _ = write!(lines, "{name}: {value}\r\n");
        lines
    });
    let request = request("POST", target, body);
    exchange(server.address, &request.replacen("\r\n", &format!("\r\n{headers}"), 1))
}

fn chat(server: &Server, event: &str, time: i64, secret: &str, body: &Value) -> Reply {
    let (body, time) = (body.to_string(), time.to_string());
    let signature = format!("sha256={}", hmac(secret, &format!("{time}.{body}")));
    let headers = [("X-Event", event), ("X-Timestamp", &time), ("X-Signature", &signature)];
    call(server, "/chat", &headers, &body)
}

fn desk(server: &Server, event: &str, token: &str) -> Reply {
    let headers = [("Authorization", token)];
    call(server, &format!("/desk{event}"), &headers, "{\"ticket\": 17}")
}

fn message(id: &str) -> Value {
    json!({"event_id": id, "room": {"id": "r1"}, "sent_at": 1_700_000_000, "text": "hi"})
}

fn answered(reply: &Reply) -> (u16, &str) {
    (reply.status, &reply.body)
}

const YES: (u16, &str) = (200, "{\"ok\":true}");

/// What has been delivered, as source, command and body.
fn delivered(server: &Server, count: usize) -> Vec<(String, String, Value)> {
    let lines = server.lines("data/callbacks.jsonl", count);
    server.lanes_settled();
    assert_eq!(server.lines("data/callbacks.jsonl", count).len(), count, "{lines:?}");
    let line = |line: &String| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let text = |name: &str| line[name].as_str().expect(name).to_owned();
        (text("app"), text("command"), line["body"].clone())
    };
    lines.iter().map(line).collect()
}

#[test]
fn two_systems_are_taken_in_side_by_side() {
    let server = start();
    let body = message("e1");
    assert_eq!(answered(&chat(&server, "message.sent", now(), SECRET, &body)), YES);
    assert_eq!(answered(&desk(&server, "/ticket.opened", "Bearer change-me-too")), YES);
    let ticket = json!({"ticket": 17});
    let expected = [
        ("chat".to_owned(), "message.sent".to_owned(), body),
        ("desk".to_owned(), "ticket.opened".to_owned(), ticket),
    ];
    assert_eq!(delivered(&server, 2), expected);
}

#[test]
fn what_waits_for_a_decision_is_answered_and_noted() {
    let server = start();
    let command = "message.before_send";
    assert_eq!(answered(&chat(&server, command, now(), SECRET, &message("e1"))), YES);
    let event = eventually("the note", || {
        let events = get(server.admin, &format!("/api/v1/events?command={command}")).json();
        events["items"].get(0).cloned()
    });
    assert_eq!(
        (&event["phase"], &event["decision"]["verdict"]),
        (&json!("before"), &json!("allow"))
    );
}

#[test]
fn a_stranger_is_told_nothing_and_leaves_nothing() {
    let server = start();
    let check = |reply: &Reply, source: &str, reason: &str| {
        assert_eq!(answered(reply), (401, "{\"ok\":false}"), "{reason}");
        let metric =
            format!("switchhook_refusals_total{{source=\"{source}\",reason=\"{reason}\"}}");
        assert!(server.metric(&metric).is_some_and(|count| count >= 1.0), "{metric}");
    };
    let body = message("e1");
    check(&chat(&server, "message.sent", now(), "guessed", &body), "chat", "bad_signature");
    check(&chat(&server, "message.sent", now() - 400, SECRET, &body), "chat", "stale_time");
    check(&chat(&server, "message.sent", now() + 400, SECRET, &body), "chat", "future_time");
    check(&call(&server, "/chat", &[("X-Event", "a")], "{}"), "chat", "missing_signature");
    check(&desk(&server, "/ticket.opened", "Bearer guessed"), "desk", "bad_token");
    check(&desk(&server, "/ticket.opened", "change-me-too"), "desk", "malformed_token");
    let token = "Bearer change-me-too";
    for path in ["", "/", "//", "/%2Fopened", "/ticket/%2e%2e/opened", "/%0d%0aX"] {
        assert_eq!(answered(&desk(&server, path, token)), (400, "{\"ok\":false}"), "{path}");
    }
    assert_eq!(call(&server, "/chat/message.sent", &[], "{}").status, 404);
    assert_eq!(answered(&desk(&server, "/ticket.closed", token)), YES);
    assert_eq!(delivered(&server, 1)[0].1, "ticket.closed");
}

#[test]
fn commands_with_colons_and_slashes_are_routed_listed_sent_and_counted() {
    let config = fs::read_to_string(repository("examples/in_house/config.toml")).expect("there");
    let patterns = "plugin = \"forward\"\ncommands = [\"ticket:*\", \"room/*\"]";
    let config = config.replacen("plugin = \"forward\"", patterns, 1);
    let server = start_with(&config);
    let token = "Bearer change-me-too";
    for path in ["/ticket:new:urgent", "/room/7/made", "//room//8%2Fmade/", "/other/7"] {
        assert_eq!(answered(&desk(&server, path, token)), YES, "{path}");
    }
    let url = format!("http://{}/desk", server.address);
    let sent = switchhook(server.folder.path())
        .args(["send", "room/9:made", "--source", "desk", "--url", &url])
        .output()
        .expect("ran");
    assert!(sent.status.success(), "{}", text(&sent).1);
    let mut commands: Vec<String> =
        delivered(&server, 4).into_iter().map(|(_, command, _)| command).collect();
    commands.sort();
    assert_eq!(commands, ["room/7/made", "room/8/made", "room/9:made", "ticket:new:urgent"]);
    let listed = switchhook(server.folder.path())
        .args(["events", "--command", "room/*"])
        .output()
        .expect("ran");
    assert_eq!(text(&listed).0.matches("room/").count(), 3, "{:?}", text(&listed));
    let metric = "switchhook_callbacks_total{source=\"desk\",command=\"other\"";
    assert_eq!(server.metric(metric), Some(5.0), "unknown names are no labels");
}

#[test]
fn an_event_that_comes_twice_is_kept_once() {
    let server = start();
    for (event, id) in [
        ("message.sent", "e1"),
        ("message.sent", "e1"),
        ("message.seen", "e1"),
        ("message.sent", "e2"),
    ] {
        assert_eq!(answered(&chat(&server, event, now(), SECRET, &message(id))), YES);
    }
    let kept: Vec<(String, Value)> = delivered(&server, 3)
        .into_iter()
        .map(|(_, event, body)| (event, body["event_id"].clone()))
        .collect();
    let expected = [("message.sent", "e1"), ("message.seen", "e1"), ("message.sent", "e2")];
    assert_eq!(kept, expected.map(|(event, id)| (event.to_owned(), json!(id))));
}

#[test]
fn what_send_composes_is_taken_in() {
    let server = start();
    fs::write(server.path("own.json"), "{ \"event_id\": 9 }").expect("written");
    let send = |event: &str, source: &str, more: &[&str]| {
        let url = format!("http://{}/{source}", server.address);
        let mut command = switchhook(server.folder.path());
        let sent = command.args(["send", event, "--source", source, "--url", &url]).args(more);
        let (out, err) = text(&sent.output().expect("ran"));
        assert!(out.starts_with("200 OK") && !err.contains("does not know"), "{out}{err}");
    };
    send("message.sent", "chat", &["--set", "event_id=e1"]);
    send("message.sent", "chat", &["--body", "own.json"]);
    send("ticket.opened", "desk", &[]);
    let bodies = [json!({"event_id": "e1"}), json!({"event_id": 9}), json!({})];
    assert_eq!(delivered(&server, 3).into_iter().map(|one| one.2).collect::<Vec<_>>(), bodies);
}

#[test]
fn routes_tell_what_comes_before_an_event_and_what_after() {
    let folder = folder_with(
        &fs::read_to_string(repository("examples/in_house/config.toml")).expect("there"),
    );
    let routes = |command: &str| {
        let asked =
            switchhook(folder.path()).args(["routes", command, "--format", "json"]).output();
        let routes: Value = serde_json::from_slice(&asked.expect("ran").stdout).expect("JSON");
        assert_eq!(routes["command"]["remark"], Value::Null);
        routes["command"]["phase"].clone()
    };
    assert_eq!(routes("message.before_send"), "before");
    assert_eq!(routes("message.sent"), "after");
    let asked = switchhook(folder.path()).args(["routes", "message.before_send"]).output();
    let (out, _) = text(&asked.expect("ran"));
    assert!(out.starts_with("message.before_send (before)\nknown to chat, desk\n"), "{out}");
}

#[test]
fn the_framework_names_no_im_system() {
    let names = [
        "tencent",
        "sdkappid",
        "trtc",
        "wechat",
        "weixin",
        "dingtalk",
        "feishu",
        "slack",
        "telegram",
        "whatsapp",
        "discord",
        "mattermost",
        "rocketchat",
        "openim",
        "rongcloud",
        "easemob",
        "netease",
        "sendbird",
    ];
    let mut read = 0;
    let mut look = |path: &Path| {
        let text = fs::read_to_string(path).expect("read").to_lowercase();
        read += 1;
        for name in names {
            let line = text.lines().position(|line| line.contains(name));
            assert_eq!(line, None, "{} names {name} in that line, counted from 0", path.display());
        }
    };
    let mut folders = vec![repository("core")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("read") {
            let path = entry.expect("read").path();
            if path.is_dir() { folders.push(path) } else { look(&path) }
        }
    }
    assert!(read > 50, "only {read} files were read");
}

fn with_verdict(options: &str) -> String {
    let config = fs::read_to_string(repository("examples/in_house/config.toml")).expect("there");
    format!(
        "{config}\n[handlers.gate]\nplugin = \"verdict\"\ncommands = [\"message.before_send\"]\noptions = {{ {options} }}\n"
    )
}

#[test]
fn a_fixed_verdict_is_held_against_what_can_be_said() {
    let check = |options: &str, expected: Option<&str>| {
        let folder = folder_with(&with_verdict(options));
        let ran = switchhook(folder.path()).arg("check").output().expect("ran");
        let (_, err) = text(&ran);
        assert_eq!(ran.status.code(), Some(if expected.is_some() { 78 } else { 0 }), "{err}");
        assert!(err.contains(expected.unwrap_or_default()), "{err}");
    };
    check("verdict = \"deny\", reason = \"closed\"", None);
    check("verdict = \"drop\"", Some("handlers.gate.options.verdict: sources.chat: "));
    check("verdict = \"deny\", code = 7", Some("handlers.gate.options.code: sources.chat: "));
}

#[test]
fn a_message_is_denied_with_its_reason() {
    let server = start_with(&with_verdict("verdict = \"deny\", reason = \"closed\""));
    let reply = chat(&server, "message.before_send", now(), SECRET, &json!({"room": {"id": "r"}}));
    assert_eq!((reply.status, reply.json()), (200, json!({"ok": false, "message": "closed"})));
}
