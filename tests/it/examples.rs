//! The examples, as whole programs.

use std::fs;
use std::sync::Arc;

use crate::harness::*;

fn start(name: &str) -> Server {
    let config =
        fs::read_to_string(repository(&format!("examples/{name}/config.toml"))).expect("there");
    Server::start_program(&example(name), Arc::new(folder_with(&config)), |command| {
        command
            .env("SWITCHHOOK_SERVER__LISTEN", "127.0.0.1:0")
            .env("SWITCHHOOK_ADMIN__LISTEN", "127.0.0.1:0");
    })
}

#[test]
fn a_custom_handler_decides_records_and_is_shown() {
    let server = start("custom_handler");
    let create = |name: &str| {
        let command = "Group.CallbackBeforeCreateTopic";
        let body = serde_json::json!({"CallbackCommand": command, "Operator_Account": "bob", "Type": "Community", "Name": name});
        post(server.address, &query(command), &body.to_string())
    };
    assert_eq!(create("books").body, OK);
    let refused = create("the casino").json();
    assert_eq!(refused["ErrorCode"], 1);
    assert_eq!(refused["ErrorInfo"], "a topic cannot be called `casino`");
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("my casino"));
    server.log_line("a topic was renamed to");
    let (folder, path) = (server.folder.path(), example("custom_handler"));
    let (plugins, _) =
        text(&program(&path, folder).args(["plugins", "word-guard"]).output().expect("ran"));
    assert!(plugins.contains("The word that no topic may carry"), "{plugins}");
    let (routes, _) =
        text(&program(&path, folder).args(["routes", TOPIC_CHANGED]).output().expect("ran"));
    assert!(routes.contains("guard") && routes.contains("console"), "{routes}");
}

#[test]
fn a_custom_action_delivers_each_record() {
    let server = start("custom_action");
    let body = topic_changed("spooled");
    post(server.address, &query(TOPIC_CHANGED), &body);
    let spooled = eventually("a file", || {
        let files = fs::read_dir(server.path("data/spool")).ok()?;
        files
            .flatten()
            .map(|file| file.path())
            .find(|path| path.extension().is_some_and(|end| end == "json"))
    });
    assert_eq!(fs::read_to_string(spooled).expect("read"), body);
}

#[test]
fn a_typed_event_decides_in_a_few_lines() {
    let server = start("typed_event");
    let apply = |who: &str| {
        let command = "Group.CallbackBeforeApplyJoinGroup";
        let body = serde_json::json!({"CallbackCommand": command, "GroupId": "@TGS#2CHESSCLUB", "Requestor_Account": who});
        post(server.address, &query(command), &body.to_string())
    };
    assert_eq!(apply("dave").body, OK);
    let refused = apply("mallory").json();
    assert_eq!(refused["ErrorCode"], 1);
    assert_eq!(refused["ErrorInfo"], "banned");
}

#[test]
fn a_typed_event_needs_no_more_than_25_lines_of_code() {
    let source = fs::read_to_string(repository("examples/typed_event/main.rs")).expect("there");
    let code = |text: &str| {
        let lines = text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
    };
    let from = source.find("#[derive").expect("the options");
    let to = source.find("switchhook::register!").expect("the registration");
    let handler = code(&source[from..to]);
    assert!((15..=25).contains(&handler), "the handler has {handler} lines");
    assert!(code(&source) <= 40, "the program has {} lines", code(&source));
}
