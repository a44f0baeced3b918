//! What is not quite as documented is taken in all the same, and what is not taken in is seen by whoever runs the server.

use crate::harness::*;

fn with_headers(headers: &str, target: &str, body: &str) -> String {
    request("POST", target, body).replacen("\r\n", &format!("\r\n{headers}"), 1)
}

#[test]
fn odd_bodies_and_headers_lose_no_event() {
    let server = Server::start(CONFIG);
    let target = format!("/?{}", query(TOPIC_CHANGED));
    let named = |json: &str| format!("{{\"GroupId\":\"g\",\"Name\":{json}}}");
    let calls = [
        ("", target.clone(), format!("\u{feff}{}", named("\"marked\""))),
        ("Content-Encoding: identity\r\n", target.clone(), named("\"identity\"")),
        ("Content-Encoding: \r\n", target.clone(), named("\"empty\"")),
        ("Content-Encoding: UTF-8\r\n", target.clone(), named("\"charset\"")),
        ("", target.replacen('/', "//", 1), named("\"slashes\"")),
        ("", target.clone(), named("5")),
        ("", target.clone(), named("{\"text\":\"n\"}")),
        ("", target.clone(), named(r#""cut \ud83d""#)),
        ("", target.clone(), r#"{"GroupId":"g\ud83d","Name":"group","Name":"twice"}"#.to_owned()),
    ];
    for (headers, target, body) in &calls {
        let reply = exchange(server.address, &with_headers(headers, target, body));
        assert_eq!((reply.status, reply.body.as_str()), (200, OK), "{headers}{body}");
    }
    let lines = server.lines("topics.jsonl", calls.len());
    server.lanes_settled();
    let names: Vec<String> = lines
        .iter()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let unexpected = line["unexpected"].as_array().map_or(0, Vec::len);
            format!("{} {unexpected}", line["changes"]["Name"]["new"])
        })
        .collect();
    let expected = [
        "\"marked\" 0",
        "\"identity\" 0",
        "\"empty\" 0",
        "\"charset\" 0",
        "\"slashes\" 0",
        "\"5\" 1",
        "null 1",
        "\"cut \u{fffd}\" 1",
        "\"twice\" 2",
    ];
    let (mut names, mut expected) = (names, expected.map(str::to_owned).to_vec());
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
    let dead = get(server.admin, "/api/v1/dead-letters").json();
    assert_eq!(dead["items"].as_array().map(Vec::len), Some(0), "{dead}");
}

#[test]
fn a_call_to_a_path_that_no_source_has_is_seen() {
    let server = Server::start(
        &CONFIG.replace("plugin = \"tencent-im\"", "plugin = \"tencent-im\"\npath = \"/chat\""),
    );
    let reply = exchange(server.address, "\u{16}\u{3}\u{1}\r\n\r\n");
    assert_eq!((reply.status, reply.body.as_str()), (400, ""));
    let line: serde_json::Value =
        serde_json::from_str(&server.log_line("not HTTP/1.1")).expect("JSON");
    assert!(line["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{line}");
    let target = format!("/caht\u{202e}?{}&Sign=secret", query(TOPIC_CHANGED));
    let reply = exchange(server.address, &request("POST", &target, "{}"));
    assert_eq!(reply.status, 404);
    assert!(reply.head.to_lowercase().contains("content-type: text/plain"), "{}", reply.head);
    let line: serde_json::Value =
        serde_json::from_str(&server.log_line("no source is mounted at the path")).expect("JSON");
    assert_eq!((&line["path"], &line["configured"]), (&"/caht\\u{202e}".into(), &"/chat".into()));
    assert!(line["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{line}");
    assert!(!server.log().contains("Sign"), "the query is not for the log");
    let metric = "switchhook_refusals_total{source=\"\",reason=\"no_such_path\"}";
    assert_eq!(server.metric(metric), Some(1.0));
    let refused = exchange(server.address, &request("GET", "/chat", ""));
    assert_eq!(refused.status, 405);
    let line: serde_json::Value =
        serde_json::from_str(&server.log_line("request refused")).expect("JSON");
    assert!(line["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{line}");
}

#[test]
fn the_start_says_what_runs() {
    let server = Server::start(CONFIG);
    let line = |text: &str| -> serde_json::Value {
        serde_json::from_str(&server.log_line(text)).expect("JSON")
    };
    let start = line("switchhook started");
    assert_eq!(start["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(start["configuration"], "config.toml");
    let journal = line("\"message\":\"journal opened\"");
    assert_eq!(journal["plugin"], "embedded");
    assert!(journal["folder"].as_str().is_some_and(|folder| folder.ends_with("journal")));
    let handler = line("\"message\":\"handler started\"");
    assert_eq!(
        (&handler["handler"], &handler["plugin"], &handler["commands"], &handler["actions"]),
        (&"topics".into(), &"topic-info-changed".into(), &TOPIC_CHANGED.into(), &"audit".into())
    );
    let action = line("\"message\":\"action started\"");
    assert_eq!((&action["action"], &action["plugin"]), (&"audit".into(), &"file".into()));
    let source = line("listening for callbacks on");
    assert_eq!((&source["source"], &source["plugin"]), (&"tencent".into(), &"tencent-im".into()));
}

#[test]
fn an_admin_address_that_strangers_reach_is_refused_by_check_and_at_the_start() {
    let public =
        CONFIG.replacen("[admin]\nlisten = \"127.0.0.1:0\"", "[admin]\nlisten = \"0.0.0.0:0\"", 1);
    for command in ["check", "serve"] {
        let folder = folder_with(&public);
        let ran = switchhook(folder.path()).arg(command).output().expect("ran");
        let (_, err) = text(&ran);
        assert_eq!(ran.status.code(), Some(78), "{err}");
        assert!(err.contains("admin.allow_public = true"), "{err}");
        assert!(!folder.path().join("journal").exists());
    }
    let allowed = public.replacen("0.0.0.0:0\"", "0.0.0.0:0\"\nallow_public = true", 1);
    let folder = folder_with(&allowed);
    let checked = switchhook(folder.path()).arg("check").output().expect("ran");
    let (_, err) = text(&checked);
    assert!(
        checked.status.success() && err.contains("config.toml:5: admin.listen: anyone"),
        "{err}"
    );
}
