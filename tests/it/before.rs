//! Before-callbacks: answered from memory, noted in the journal.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::*;

const CREATE: &str = "Group.CallbackBeforeCreateTopic";
const CREATE_GROUP: &str = "Group.CallbackBeforeCreateGroup";
const SEND: &str = "C2C.CallbackBeforeSendMsg";

/// A handler that says one thing beside the others.
fn with_verdict(commands: &str, options: &str) -> String {
    let mut config = CONFIG.to_owned();
    let table = "[handlers.gate]\nplugin = \"verdict\"";
    write!(config, "{table}\ncommands = [\"{commands}\"]\n[handlers.gate.options]\n{options}\n")
        .expect("a text");
    config
}

#[test]
fn nobody_decides_it_is_allowed_and_noted() {
    let server = Server::start(CONFIG);
    let body = r#"{"CallbackCommand":"Group.CallbackBeforeCreateTopic","Operator_Account":"bob","Type":"Community","Name":"X"}"#;
    let reply = post(server.address, &query(CREATE), body);
    assert_eq!((reply.status, reply.body.as_str()), (200, OK));
    let event = eventually("the note", || {
        let events = get(server.admin, &format!("/api/v1/events?command={CREATE}")).json();
        events["items"].get(0).cloned()
    });
    assert_eq!(event["decision"]["verdict"], "allow");
    assert_eq!(event["body"]["Name"], "X");
}

#[test]
fn a_configured_verdict_is_the_answer_and_is_noted_with_its_author() {
    let options = "verdict = \"deny\"\ncode = 10100\nreason = \"no groups today\"";
    let server = Server::start(&with_verdict(CREATE_GROUP, options));
    let body = json!({"CallbackCommand": CREATE_GROUP, "Operator_Account": "bob", "Name": "X"});
    let reply = post(server.address, &query(CREATE_GROUP), &body.to_string());
    let expected = r#"{"ActionStatus":"OK","ErrorInfo":"no groups today","ErrorCode":10100}"#;
    assert_eq!((reply.status, reply.body.as_str()), (200, expected));
    let other =
        post(server.address, &query(CREATE), &body.to_string().replace("Group\"", "Topic\""));
    assert_eq!(other.body, OK, "it is not one of its commands");
    let decision = eventually("the note", || {
        let events = get(server.admin, &format!("/api/v1/events?command={CREATE_GROUP}")).json();
        events["items"].get(0).map(|event| event["decision"].clone())
    });
    assert_eq!((&decision["verdict"], &decision["by"]), (&json!("deny"), &json!("gate")));
}

#[test]
fn a_verdict_that_the_protocol_cannot_say_is_found_before_anything_is_opened() {
    let check = |config: &str, start: &str, hint: &str| {
        let folder = folder_with(config);
        for command in [&["check"][..], &[]] {
            let ran = switchhook(folder.path()).args(command).output().expect("ran");
            let (_, err) = text(&ran);
            assert_eq!(ran.status.code(), Some(78), "{err}");
            let line = err.lines().find(|line| line.contains(start));
            let line = line.unwrap_or_else(|| panic!("no {start} in:\n{err}"));
            assert!(line.contains(hint), "{line}");
        }
        assert!(!folder.path().join("journal").exists(), "nothing was opened");
    };
    let line = CONFIG.lines().count();
    let place =
        |below: usize, key: &str| format!("config.toml:{}: handlers.gate.{key}: ", line + below);
    check(
        &with_verdict(CREATE_GROUP, "verdict = \"deny\"\ncode = 5"),
        &place(6, "options.code"),
        "sources.tencent: Group.CallbackBeforeCreateGroup: does not permit the code 5: a refusal has no code or 1 or one from 10100 to 10200",
    );
    check(
        &with_verdict(CREATE_GROUP, "verdict = \"drop\""),
        &place(5, "options.verdict"),
        "Group.CallbackBeforeCreateGroup: does not permit the verdict `drop`",
    );
    check(
        &with_verdict(SEND, "verdict = \"replace\"\nfields.MsgBody = \"text\""),
        &place(6, "options.fields"),
        "`MsgBody`",
    );
}

#[test]
fn the_verdict_handler_wants_commands_and_has_nothing_for_actions() {
    let good = with_verdict(CREATE_GROUP, "verdict = \"allow\"");
    let check = |config: &str, expected: &str| {
        let checked = switchhook(folder_with(config).path()).arg("check").output().expect("ran");
        let (_, err) = text(&checked);
        assert_eq!(checked.status.code(), Some(78), "{err}");
        assert!(err.contains(expected), "{err}");
        assert!(err.contains("1 configuration error;"), "{err}");
    };
    let commands = format!("commands = [\"{CREATE_GROUP}\"]");
    check(&good.replace(&commands, ""), "handlers.gate.commands: missing;");
    let actions = format!("{commands}\nactions = [\"audit\"]");
    check(
        &good.replace(&commands, &actions),
        "handlers.gate.actions: the plugin `verdict` produces no records",
    );
}

#[test]
fn what_can_never_be_said_is_a_warning() {
    let config = with_verdict(TOPIC_CHANGED, "verdict = \"deny\"");
    let config =
        config.replace("\"topic-info-changed\"", "\"topic-info-changed\"\non_failure = \"deny\"");
    let checked = switchhook(folder_with(&config).path()).arg("check").output().expect("ran");
    let (_, err) = text(&checked);
    assert!(checked.status.success(), "{err}");
    for expected in [
        "handlers.gate.options.verdict: has no effect: none of its commands expects a decision",
        "handlers.topics.on_failure: has no effect: none of its commands can be denied",
    ] {
        assert!(err.lines().any(|line| line.contains(expected)), "{err}");
    }
}

/// A message before it is sent; its key makes it the same one.
fn message(key: &str, text: &str) -> String {
    let content = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]);
    let message = json!({
        "CallbackCommand": SEND, "From_Account": "a", "To_Account": "b", "MsgKey": key,
        "MsgSeq": 7, "MsgRandom": 7, "MsgTime": 1_557_481_126, "MsgBody": content,
    });
    message.to_string()
}

#[test]
fn the_same_message_gets_the_same_answer_and_is_decided_and_noted_once() {
    let options = "verdict = \"deny\"\ncode = 120001\nreason = \"no\"";
    let config = with_verdict(SEND, options);
    let asked = |config: &str| {
        let server = Server::start(config);
        for key in ["one", "one", "two"] {
            let reply = post(server.address, &query(SEND), &message(key, "hello"));
            let expected = r#"{"ActionStatus":"OK","ErrorInfo":"no","ErrorCode":120001}"#;
            assert_eq!((reply.status, reply.body.as_str()), (200, expected), "{key}");
        }
        let asked = server.metric("switchhook_decisions_total{handler=\"gate\",result=\"deny\"}");
        let counted = |outcome: &str| {
            let labels = format!("command=\"{SEND}\",phase=\"before\",outcome=\"{outcome}\"");
            server.metric(&format!("switchhook_callbacks_total{{source=\"tencent\",{labels}}}"))
        };
        let (decided, repeated) = (counted("deny"), counted("repeated"));
        let noted = eventually("the last note", || {
            let events = get(server.admin, &format!("/api/v1/events?command={SEND}")).json();
            let keys: Vec<Value> = events["items"]
                .as_array()?
                .iter()
                .map(|event| event["body"]["MsgKey"].clone())
                .collect();
            (keys.first() == Some(&json!("two"))).then_some(keys)
        });
        (asked, decided, repeated, noted)
    };
    let once = (Some(2.0), Some(2.0), Some(1.0), vec![json!("two"), json!("one")]);
    assert_eq!(asked(&config), once);
    let anew = config.replace("\"tencent-im\"", "\"tencent-im\"\ndecision_ttl = \"0s\"");
    let each = (Some(3.0), Some(3.0), None, vec![json!("two"), json!("one"), json!("one")]);
    assert_eq!(asked(&anew), each);
}

/// A request has one reply: the verdict on one callback must not be everybody's.
#[test]
fn several_callbacks_to_decide_in_one_request_are_refused() {
    let server = Server::start(&with_verdict("Push.*", "verdict = \"deny\""));
    let batch = |commands: [&str; 2]| {
        let events = commands.map(|command| json!({"CallbackCommand": command}));
        post(server.address, &query("Push.CallbackBeforeX"), &json!({"Events": events}).to_string())
    };
    for commands in [
        ["Push.CallbackBeforeX", "Push.CallbackBeforeY"],
        ["Push.CallbackBeforeX", "Push.OfflinePush"],
    ] {
        let reply = batch(commands);
        assert_eq!((reply.status, &reply.json()["ActionStatus"]), (400, &json!("FAIL")));
    }
    let refused = "switchhook_refusals_total{source=\"tencent\",reason=\"several_before\"}";
    assert_eq!(server.metric(refused), Some(2.0));
    assert_eq!(server.metric("switchhook_decisions_total{handler=\"gate\",result=\"deny\"}"), None);
    let allowed = batch(["Push.OfflinePush", "Push.OfflinePush"]);
    assert_eq!((allowed.status, allowed.body.as_str()), (200, OK));
}

/// Of a command that the catalogue does not know, no code of the app's own is known either.
#[test]
fn a_denial_that_cannot_be_said_as_it_was_given_still_refuses() {
    let new = "Group.CallbackBeforeNewThing";
    for (options, said) in
        [("verdict = \"deny\"\ncode = 10100\nreason = \"no\"", "no"), ("verdict = \"drop\"", "")]
    {
        let server = Server::start(&with_verdict(new, options));
        let reply = post(server.address, &query(new), &json!({"CallbackCommand": new}).to_string());
        let expected = format!(r#"{{"ActionStatus":"OK","ErrorInfo":"{said}","ErrorCode":1}}"#);
        assert_eq!((reply.status, reply.body.as_str()), (200, expected.as_str()), "{options}");
        let adjusted = "switchhook_verdicts_adjusted_total{handler=\"gate\",result=\"deny\"}";
        assert_eq!(server.metric(adjusted), Some(1.0), "{options}");
        let line = server.log_line("verdict adjusted");
        assert!(line.contains(new) && line.contains("\"sent\":\"deny\""), "{line}");
    }
}
