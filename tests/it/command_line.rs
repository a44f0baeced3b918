//! The other commands, as a person types them.

use crate::harness::*;
use crate::operator::say;

#[test]
fn events_are_shown_beside_a_running_server_and_without_one() {
    let server = Server::start(CONFIG);
    for name in ["one", "two"] {
        post(server.address, &query(TOPIC_CHANGED), &topic_changed(name));
    }
    let events = |folder: &std::path::Path| {
        let shown = switchhook(folder)
            .args(["events", "--format", "json", "--limit", "1"])
            .output()
            .expect("ran");
        let (out, err) = text(&shown);
        assert!(shown.status.success(), "{err}");
        let lines: Vec<serde_json::Value> =
            out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["body"]["Name"], "two", "newest first");
    };
    events(server.folder.path());
    let folder = server.kill();
    events(folder.path());
}

#[test]
fn a_former_command_is_answered_with_its_new_name() {
    let folder = folder_with(CONFIG);
    for (words, now) in
        [(&["lanes"][..], "'consumers'"), (&["dead-letters", "--lane", "all"], "'--consumer'")]
    {
        let (out, err) = {
            let ran = switchhook(folder.path()).args(words).output().expect("ran");
            assert_eq!(ran.status.code(), Some(64), "{words:?}");
            text(&ran)
        };
        assert!(out.is_empty() && err.contains(&format!("renamed to {now}")), "{err}");
    }
}

#[test]
fn routes_say_who_gets_a_command_and_why() {
    let folder = folder_with(CONFIG);
    let shown = switchhook(folder.path()).args(["routes", TOPIC_CHANGED]).output().expect("ran");
    let (out, err) = text(&shown);
    assert!(shown.status.success(), "{err}");
    assert!(out.contains("topics") && out.contains("audit"), "{out}");
    assert!(err.contains(&format!("`switchhook commands {TOPIC_CHANGED}` shows")), "{err}");
}

#[test]
fn every_built_in_plugin_is_linked_and_its_example_is_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let shown =
        switchhook(folder.path()).args(["plugins", "--format", "json"]).output().expect("ran");
    let (out, err) = text(&shown);
    assert!(shown.status.success(), "{err}");
    let names: Vec<String> = serde_json::from_str::<Vec<serde_json::Value>>(&out)
        .expect("a list")
        .iter()
        .map(|one| {
            format!("{} {}", one["role"].as_str().unwrap_or(""), one["name"].as_str().unwrap_or(""))
        })
        .collect();
    assert_eq!(
        names,
        [
            "source json",
            "source tencent-im",
            "handler forward",
            "handler topic-info-changed",
            "handler verdict",
            "action file",
            "action log",
            "action webhook",
            "journal embedded"
        ]
    );
}

#[test]
fn an_example_to_paste_has_the_lists_that_its_plugin_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    for (plugin, commands, actions) in [("verdict", true, false), ("forward", false, true)] {
        let shown = switchhook(folder.path()).args(["plugins", plugin]).output().expect("ran");
        let (out, err) = text(&shown);
        assert!(shown.status.success(), "{err}");
        assert_eq!(out.contains("\ncommands = []"), commands, "{out}");
        assert_eq!(out.contains("\nactions = []"), actions, "{out}");
    }
}

#[test]
fn wrong_usage_ends_with_64() {
    let folder = folder_with(CONFIG);
    let ran = switchhook(folder.path()).arg("--no-such-flag").output().expect("ran");
    assert_eq!(ran.status.code(), Some(64));
    let ran = switchhook(folder.path()).args(["check", "--log-level", "loud"]).output();
    let ran = ran.expect("ran");
    let (_, err) = text(&ran);
    assert_eq!(ran.status.code(), Some(64), "{err}");
    assert!(err.contains("`loud` is not a valid level"), "{err}");
}

#[test]
fn an_empty_command_is_wrong_usage() {
    let folder = folder_with(CONFIG);
    let ran = switchhook(folder.path()).args(["routes", ""]).output().expect("ran");
    let (_, err) = text(&ran);
    assert_eq!(ran.status.code(), Some(64), "{err}");
}

#[test]
fn a_secret_that_is_none_is_told_with_its_file() {
    let config = CONFIG.replace(
        "plugin = \"file\"\noptions.path = \"topics.jsonl\"",
        "plugin = \"webhook\"\noptions.url = \"https://crm.example.com/\"\noptions.secret_file = \"crm.secret\"",
    );
    let folder = folder_with(&config);
    let path = folder.path().join("crm.secret");
    std::fs::write(&path, "hunter2\n").expect("written");
    let only_us = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, only_us).expect("set");
    for words in ["serve", "listen --address 127.0.0.1:0 --secret-file crm.secret"] {
        let said = say(folder.path(), words);
        assert_eq!(said.code, 78, "{said:?}");
        assert!(said.err.contains("crm.secret: a webhook secret must be Base64"), "{said:?}");
        assert!(!said.err.contains("hunter2"), "{said:?}");
    }
}

#[test]
fn a_slip_in_a_command_is_told() {
    let server = Server::start(CONFIG);
    let url = format!("http://{}/", server.address);
    let slip = "Group.CallbackAfterTopicInfoChangd";
    let sent = switchhook(server.folder.path()).args(["send", slip, "--url", &url]).output();
    let sent = sent.expect("ran");
    let (_, err) = text(&sent);
    assert!(sent.status.success(), "{err}");
    assert!(err.contains(&format!("did you mean `{TOPIC_CHANGED}`?")), "{err}");
    assert!(err.contains("`switchhook commands` lists the known commands"), "{err}");
}
