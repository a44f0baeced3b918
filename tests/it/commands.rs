//! Every command of the catalogue: listed, described, sent, kept.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::*;
use crate::operator::say;
use crate::reference;

const TOKEN: &str = "xxxxyyyy";
/// How to bring the reference page up to date.
const REGENERATE: &str = "UPDATE_DOCS=1 cargo test --test it -- commands::the_reference_page";

fn catalogue(folder: &Path) -> Vec<Value> {
    let said = say(folder, "commands --json").good();
    serde_json::from_str(&said.out).expect("a list")
}

fn name(command: &Value) -> &str {
    command["name"].as_str().expect("a name")
}

#[test]
fn all_84_are_listed_with_and_without_a_configuration() {
    let folder = folder_with(CONFIG);
    let all = catalogue(folder.path());
    assert_eq!(all.len(), 84);
    let list = say(folder.path(), "commands").good().out;
    assert!(list.trim_end().ends_with("\n84 commands"), "{list}");
    for command in &all {
        let is_its = |line: &&str| line.split_whitespace().next() == Some(name(command));
        let line =
            list.lines().find(is_its).unwrap_or_else(|| panic!("{} is missing", name(command)));
        assert!(line.contains(command["title"].as_str().expect("a title")), "{line}");
        assert!(line.contains(command["phase"].as_str().expect("a phase")), "{line}");
    }
    let empty = tempfile::tempdir().expect("a folder");
    let said = say(empty.path(), "commands --source tencent-im --json").good();
    let without: Vec<Value> = serde_json::from_str(&said.out).expect("a list");
    assert!(said.err.contains("config.toml: file not found"), "{said:?}");
    assert_eq!(
        without.iter().map(name).collect::<Vec<_>>(),
        all.iter().map(name).collect::<Vec<_>>()
    );
    let before = say(folder.path(), "commands --phase before").good().out;
    assert!(before.trim_end().ends_with("\n12 commands"), "{before}");
}

#[test]
fn a_page_shows_titles_fields_answers_keys_and_sample() {
    let folder = folder_with(CONFIG);
    let page = say(folder.path(), "commands C2C.CallbackBeforeSendMsg").good().out;
    for part in [
        "C2C.CallbackBeforeSendMsg (before): Before a one-to-one message is sent\nzh: 发送单聊消息之前\n",
        "https://www.tencentcloud.com/document/product/1047/34364\n",
        "  From_Account: text, always, personal\n      Who sends the message.\n",
        "  MsgBody: list of objects, always\n      The elements of the message, in their order.\n      MsgType: text, always\n",
        "  drop: ErrorCode 2",
        "Repetitions are recognized by MsgKey, From_Account, To_Account.\n",
        "Ordered by conversation of two.\n",
        "    \"MsgKey\": \"48374_2804799576_1767225600\",\n",
    ] {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
}

#[test]
fn an_unknown_command_is_wrong_usage_and_a_broken_source_is_told() {
    let more = "[sources.second]\nplugin = \"tencent-im\"\npath = \"/2\"\n\
        options.apps.main = { sdk_app_id = 1400000001, token_files = [\"gone.token\"] }\n";
    let folder = folder_with(&format!("{CONFIG}{more}"));
    let said = say(folder.path(), "commands group.callbackaftertopicinfochanged");
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.err.contains(&format!("did you mean `{TOPIC_CHANGED}`?")), "{said:?}");
    assert!(
        said.err.contains("source second was skipped: ") && said.err.contains("gone.token"),
        "{said:?}"
    );
    assert_eq!(catalogue(folder.path()).len(), 84);
    let said =
        say(folder.path(), "send not*a*command --source tencent --url http://127.0.0.1:9/ --print");
    assert_eq!(said.code, 64, "{said:?}");
    assert!(said.err.contains("`switchhook commands` lists the known commands"), "{said:?}");
}

#[test]
fn each_sample_fits_its_schema_and_so_does_what_the_wire_takes_but_nothing_else() {
    let folder = folder_with(CONFIG);
    let document = say(folder.path(), "commands --schema").good().out;
    let document: Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!(document["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let all = catalogue(folder.path());
    assert_eq!(document["$defs"].as_object().expect("definitions").len(), all.len());
    let mut tried = 0;
    for command in &all {
        let (schema, sample) = (&document["$defs"][name(command)], &command["sample"]);
        assert_eq!(schema["examples"], json!([sample]), "{}", name(command));
        assert!(fits(schema, sample), "{}", name(command));
        tried += try_fields(name(command), schema, sample, &command["fields"]);
    }
    assert!(tried > 1000, "only {tried} values were tried");
    let one = say(folder.path(), &format!("commands {TOPIC_CHANGED} --schema")).good().out;
    let mut one: Value = serde_json::from_str(&one).expect("JSON");
    one.as_object_mut().expect("an object").remove("$schema").expect("its dialect");
    assert_eq!(one, document["$defs"][TOPIC_CHANGED]);
}

/// Puts other values in the place of each field of an object, good ones and bad ones; says how many.
fn try_fields(at: &str, schema: &Value, object: &Value, fields: &Value) -> usize {
    let with = |name: &str, value: &Value| {
        let mut changed = object.clone();
        changed[name] = value.clone();
        changed
    };
    assert!(fits(schema, &with("NobodyKnowsIt", &json!({ "a": [1] }))), "{at}: an unknown field");
    let mut tried = 0;
    for field in fields.as_array().expect("a list") {
        let name = field["name"].as_str().expect("a name");
        let (good, bad) = (good(field), bad(field));
        for value in &good {
            assert!(fits(schema, &with(name, value)), "{at}.{name} could be {value}");
        }
        for value in &bad {
            assert!(!fits(schema, &with(name, value)), "{at}.{name} cannot be {value}");
        }
        tried += good.len() + bad.len();
        let own = &schema["properties"][name];
        assert_eq!(own["x-personal"] == true, field["personal"] == true, "{at}.{name}");
        assert_eq!(own["x-presence"], field["presence"], "{at}.{name}");
        if field["fields"].is_array() && object[name].is_object() {
            tried += try_fields(&format!("{at}.{name}"), own, &object[name], &field["fields"]);
        }
    }
    tried
}

fn good(kind: &Value) -> Vec<Value> {
    match kind["type"].as_str().expect("a type") {
        "text" => vec![json!("x"), json!(7), Value::Null],
        "integer" | "seconds" | "milliseconds" => {
            vec![json!(7), json!("144115198000000001"), json!(""), Value::Null]
        }
        "boolean" => vec![json!(true), json!("false"), Value::Null],
        "object" => vec![json!({}), Value::Null],
        "list" => {
            let items = good(&kind["items"]);
            [vec![json!([]), Value::Array(items.clone())], items].concat()
        }
        "any" => vec![json!([{}]), Value::Null],
        other => panic!("{other} is no type"),
    }
}

fn bad(kind: &Value) -> Vec<Value> {
    match kind["type"].as_str().expect("a type") {
        "text" => vec![json!(true), json!({})],
        "integer" | "seconds" | "milliseconds" => vec![json!("x"), json!(1.5), json!({})],
        "boolean" => vec![json!({})],
        "object" => vec![json!(5), json!("x")],
        "list" => {
            let items = bad(&kind["items"]);
            let lists = items.iter().map(|item| json!([item])).collect();
            [items, lists].concat()
        }
        _ => Vec::new(),
    }
}

/// Whether a value is as a schema says. Knows the keywords that we write, and no others.
fn fits(schema: &Value, value: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str().expect("a type") {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("{other} is no type that we write"),
    };
    let whole = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        text.is_empty() || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    schema.as_object().expect("a schema").iter().all(|(keyword, rule)| match keyword.as_str() {
        "type" => rule.as_array().map_or_else(|| is(rule), |kinds| kinds.iter().any(is)),
        "properties" => value.as_object().is_none_or(|object| {
            let known = rule.as_object().expect("properties").iter();
            known
                .filter_map(|(name, own)| Some((own, object.get(name)?)))
                .all(|(own, value)| fits(own, value))
        }),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(rule, item))),
        "anyOf" => rule.as_array().expect("schemas").iter().any(|own| fits(own, value)),
        "pattern" => {
            assert_eq!(rule, "^([+-]?[0-9]+)?$");
            value.as_str().is_none_or(whole)
        }
        "additionalProperties" => *rule == true,
        "title" | "description" | "examples" => true,
        other => other.starts_with("x-") || panic!("{other} is no keyword that we write"),
    })
}

#[test]
fn the_reference_page_is_up_to_date() {
    let folder = folder_with(&shipped());
    let all = catalogue(folder.path());
    let page = reference::page(&all, |name| sample(folder.path(), name));
    let path = repository("docs/commands.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(page == kept, "docs/commands.md differs from the catalogue; update it: {REGENERATE}");
    for command in all {
        assert!(page.contains(&format!("\n### {}\n", name(&command))), "{}", name(&command));
    }
}

/// The sample as it stands in the catalogue: JSON output has its keys in another order.
fn sample(folder: &Path, name: &str) -> String {
    let shown = say(folder, &format!("commands {name}")).good().out;
    let (_, sample) = shown.split_once("\nSample:\n").expect("a sample");
    let lines: Vec<&str> =
        sample.lines().map(|line| line.strip_prefix("  ").expect("indented")).collect();
    lines.join("\n")
}

/// What documents show of `switchhook commands` runs as it stands, up to a pipe.
#[test]
fn what_is_shown_of_it_runs() {
    let folder = folder_with(CONFIG);
    let help = say(folder.path(), "commands --help").good().out;
    let readme = fs::read_to_string(repository("README.md")).expect("there");
    let page = fs::read_to_string(repository("docs/commands.md")).expect("there");
    let (_, help) = help.split_once("Examples:").expect("examples");
    let mut shown: Vec<&str> = Vec::new();
    for text in [help, &readme, &page] {
        for part in text.split("switchhook commands").skip(1) {
            let end = part.find(['`', '|', '>', '#', '\n']).unwrap_or(part.len());
            // In a list what a line does follows after some spaces.
            shown.push(part[..end].split("  ").next().unwrap_or_default().trim());
        }
    }
    assert!(shown.len() >= 8, "{shown:?}");
    for words in shown {
        let words = words.replace("NAME", TOPIC_CHANGED);
        let said = say(folder.path(), format!("commands {words}").trim_end());
        assert!(said.code == 0 && !said.out.is_empty(), "{words}: {said:?}");
    }
}

/// The real server, signed calls, and a file of everything.
fn server_of_all() -> Server {
    let app = format!("options.apps.main = {{ sdk_app_id = 1400000000, tokens = [\"{TOKEN}\"] }}");
    let config = CONFIG.replace("options.apps.main.sdk_app_id = 1400000000", &app);
    assert!(config.contains(TOKEN));
    Server::start(&format!(
        "{config}\n[handlers.all]\nplugin = \"forward\"\nactions = [\"everything\"]\n\
         [actions.everything]\nplugin = \"file\"\noptions.path = \"all.jsonl\"\n"
    ))
}

#[test]
fn each_command_can_be_sent_is_answered_and_arrives_as_it_was() {
    let server = server_of_all();
    let all = catalogue(server.folder.path());
    let mut samples: HashMap<String, usize> = HashMap::new();
    for command in &all {
        let send = format!("send {} --url http://{}/", name(command), server.address);
        let said = say(server.folder.path(), &send).good();
        assert!(!said.err.contains("does not know"), "{said:?}");
        let answer = said.out.strip_prefix("200 OK\n").unwrap_or_else(|| panic!("{said:?}"));
        assert_answer(command, answer.trim_end());
        *samples.entry(command["sample"].to_string()).or_default() += 1;
    }
    let lines = server.lines("all.jsonl", all.len());
    assert_eq!(lines.len(), 84);
    for line in lines {
        let body: Value = serde_json::from_str(&line).expect("JSON");
        let left =
            samples.get_mut(&body.to_string()).unwrap_or_else(|| panic!("nobody sent {line}"));
        *left = left.checked_sub(1).unwrap_or_else(|| panic!("twice: {line}"));
    }
    assert_eq!(samples.values().sum::<usize>(), 0, "some did not arrive");
    assert_notes(&server, &all);
}

/// Nobody decides, so all is allowed: in the words of the two commands that ask about several friends, each of them.
fn assert_answer(command: &Value, answer: &str) {
    let friends =
        ["FriendItem", "ResponseFriendItem"].map(|list| command["sample"][list].as_array());
    match friends
        .into_iter()
        .flatten()
        .next()
        .filter(|_| name(command).starts_with("Sns.CallbackPrev"))
    {
        None => assert_eq!(answer, OK, "{}", name(command)),
        Some(friends) => {
            let answer: Value = serde_json::from_str(answer).expect("JSON");
            assert_eq!((&answer["ActionStatus"], &answer["ErrorCode"]), (&json!("OK"), &json!(0)));
            let allowed = |friend: &Value| json!({ "To_Account": friend["To_Account"], "ResultCode": 0, "ResultInfo": "" });
            assert_eq!(answer["ResultItem"], friends.iter().map(allowed).collect::<Value>());
        }
    }
}

/// Each event stands in the journal, those before something with what was decided.
fn assert_notes(server: &Server, all: &[Value]) {
    let events = get(server.admin, "/api/v1/events?limit=200").json();
    let events = events["items"].as_array().expect("a list");
    assert_eq!(events.len(), all.len());
    for command in all {
        let event = events.iter().find(|event| event["command"] == command["name"]);
        let event = event.unwrap_or_else(|| panic!("{} is not kept", name(command)));
        assert_eq!(event["phase"], command["phase"], "{}", name(command));
        assert_eq!(event["body"], command["sample"], "{}", name(command));
        if command["phase"] == "before" {
            assert_eq!(event["decision"]["verdict"], "allow", "{}", name(command));
        }
    }
}
