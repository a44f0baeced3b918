//! What variables and flags set: each as the type that the option wants, or refused by the name of the variable.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use switchhook_api::Map;

use super::{Pairs, check_flag, check_variable, layers, mistakes};
use crate::config::load::merge;
use crate::config::{
    ByteSize, Config, ConfigError, FilePath, HumanDuration, Secret, TextOrInteger,
};
use crate::test_plugins::{GOOD, registry};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct One<T> {
    it: T,
}

/// What an option reads from a variable's text, and from a flag's, which must be the same.
fn read<T: DeserializeOwned + Debug>(text: &str) -> Result<T, String> {
    let told = |found: Vec<ConfigError>| found.iter().map(ToString::to_string).collect::<String>();
    let read = |variables: Pairs<'_>, flags: Pairs<'_>| {
        let root = merge(&layers("", variables, flags), Vec::new()).map_err(told)?;
        root.child("a").read::<One<T>>().map(|one| one.it).map_err(told)
    };
    let variable = read(&[("SWITCHHOOK_A__IT", text)], &[]);
    let flag = read(&[], &[("a.it", text)]);
    let debug = |it: &Result<T, String>| format!("{:?}", it.as_ref().map_err(|_| ()));
    assert_eq!(debug(&variable), debug(&flag), "{text}");
    variable
}

#[track_caller]
fn good<T: DeserializeOwned + Debug + PartialEq>(text: &str, expected: T) {
    assert_eq!(read::<T>(text), Ok(expected), "{text}");
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(texts: &[&str], expected: &str) {
    for text in texts {
        let error = read::<T>(text).expect_err(text);
        assert_eq!(error, format!("variable SWITCHHOOK_A__IT: a.it{expected}"), "{text}");
    }
}

const LIST: &str = ": expected a list in TOML syntax, such as `[\"first\", \"second\"]`";
const TABLE: &str = ": expected a table in TOML syntax, such as `{ name = \"value\" }`";

fn texts(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

#[test]
fn a_list_is_read_as_toml_writes_it() {
    for (text, items) in [
        ("[]", &[][..]),
        (" [ ] ", &[]),
        (r#"["a"]"#, &["a"]),
        (r#"["a", "b"]"#, &["a", "b"]),
        (r#"["a","b",]"#, &["a", "b"]),
        ("['a', 'b']", &["a", "b"]),
        ("[\n  \"a\", # the old one\n  \"b\"\n]", &["a", "b"]),
        (r#"["a,b"]"#, &["a,b"]),
        (r#"["a,b", "c]d", "[e"]"#, &["a,b", "c]d", "[e"]),
        (r#"["a\"b", 'c"d', "e\\f", "g\th"]"#, &["a\"b", "c\"d", "e\\f", "g\th"]),
        (r#"[" a ", ""]"#, &[" a ", ""]),
        (r#"["\u00e9", "é", "007", "true"]"#, &["é", "é", "007", "true"]),
        ("[\"\"\"a\nb\"\"\"]", &["a\nb"]),
    ] {
        good(text, texts(items));
        good(text, Some(texts(items)));
        let secrets = read::<Vec<Secret>>(text);
        if items.contains(&"") {
            assert!(secrets.is_err(), "{text}");
        } else {
            let exposed = secrets.expect(text);
            let exposed: Vec<&str> = exposed.iter().map(Secret::expose).collect();
            assert_eq!(exposed, items, "{text}");
        }
    }
    good("[1, 2]", vec![1_u8, 2]);
    good("[1, 2]", (1_u8, 2_u16));
    good("[[\"a\"], []]", vec![texts(&["a"]), Vec::new()]);
    good("[true, false]", vec![true, false]);
    good("[7, \"x\"]", vec![TextOrInteger("7".into()), TextOrInteger("x".into())]);
}

#[test]
fn what_is_no_list_is_refused_without_its_text() {
    let broken = [
        "hunter2",
        "hunter2,hunter3",
        "[hunter2]",
        "[hunter2, hunter3]",
        "[\"hunter2\"",
        "\"hunter2\"]",
        "[\"hunter2\" \"hunter3\"]",
        "[\"hunter2\"] x",
        "[\"hunter2\"], [\"x\"]",
        "{ hunter2 = 1 }",
        "[\u{201c}hunter2\u{201d}]",
        "[\"hunter2\"]\nit = 1",
        "7",
        "true",
        "[\"hunter2\\q\"]",
        " ",
    ];
    refused::<Vec<Secret>>(&broken, LIST);
    refused::<Vec<String>>(&broken, LIST);
    refused::<Option<Vec<String>>>(&broken, LIST);
    refused::<(String, String)>(&broken, LIST);
    let quoted = ["\"hunter2\"", "'hunter2'", "'[\"hunter2\"]'"];
    let expected = format!("{LIST}; the quotes are part of the value");
    refused::<Vec<Secret>>(&quoted, &expected);
    let number = read::<Vec<u8>>("[1, \"hunter2\"]").expect_err("no number");
    assert_eq!(
        number,
        "variable SWITCHHOOK_A__IT: a.it.1: found text, expected a whole number from 0 to 255"
    );
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    name: String,
    #[serde(default)]
    list: Vec<u8>,
    wait: Option<HumanDuration>,
}

#[test]
fn a_table_is_read_as_toml_writes_it() {
    let inner = |list: &[u8], wait| Inner { name: "x".into(), list: list.to_vec(), wait };
    good("{ name = \"x\" }", inner(&[], None));
    let wait = Some(HumanDuration(std::time::Duration::from_secs(5)));
    good("{ name = \"x\", list = [1, 2], wait = \"5s\" }", inner(&[1, 2], wait));
    good(
        "[{ name = \"x\" }, { name = \"x\", list = [3] }]",
        vec![inner(&[], None), inner(&[3], None)],
    );
    good("{ a = 1, B-c = 2 }", BTreeMap::from([("a".to_owned(), 1), ("B-c".to_owned(), 2)]));
    let map = serde_json::json!({ "a": [1, { "b": true }], "c": "x=y,z" });
    let Some(map) = map.as_object().cloned() else { panic!("an object") };
    good::<Map>("{ a = [1, { b = true }], c = \"x=y,z\" }", map);
    let broken = [
        "hunter2",
        "name=hunter2",
        "{ name = hunter2 }",
        "[\"hunter2\"]",
        "{\"name\": \"hunter2\"}",
        "{ name = \"hunter2\"",
    ];
    refused::<Inner>(&broken, TABLE);
    refused::<Option<BTreeMap<String, Secret>>>(&broken, TABLE);
    refused::<Map>(&broken, TABLE);
    refused::<Inner>(
        &["{ name = \"x\", lost = 1 }"],
        ".lost: unknown key; did you mean `list`?; known keys: `name`, `list`, `wait`",
    );
    refused::<Inner>(&["{}"], ".name: missing; this key is required");
}

#[test]
fn text_stays_text_and_numbers_are_read() {
    for text in
        ["[\"a\"]", "{ a = 1 }", "\"a\"", "007", "true", "a,b", " a ", "[", "1e3", "2026-01-01"]
    {
        good(text, text.to_owned());
        good(text, TextOrInteger(text.into()));
        good(text, Some(text.to_owned()));
        assert_eq!(read::<Secret>(text).expect("a secret").expose(), text);
        if !text.trim().is_empty() {
            assert_eq!(&*read::<FilePath>(text).expect("a path"), std::path::Path::new(text));
        }
    }
    good("7", 7_u8);
    good(" 7 ", Some(7_u64));
    good("18446744073709551615", u64::MAX);
    good("-3", -3_i32);
    good("3", 3.0);
    good("true", true);
    good("7 GiB", ByteSize(7 << 30));
    refused::<u8>(&["300"], ": found 300, expected a whole number from 0 to 255");
    refused::<u8>(&["x", "7 8", "true"], ": found text, expected a whole number from 0 to 255");
    refused::<bool>(&["yes", "1", "True"], ": found text, expected true or false");
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Either {
    Text(String),
    List(Vec<String>),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum ListOrNumber {
    List(Vec<u8>),
    Number(u16),
    Table { a: bool },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Tagged {
    Tcp { port: u16 },
    Unix { path: String },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    Never,
    Every(u8),
    At { hour: u8 },
}

#[test]
fn options_of_several_shapes_take_each_of_them() {
    good("a", Either::Text("a".into()));
    good("[\"a\"]", Either::Text("[\"a\"]".into()));
    good("[1, 2]", ListOrNumber::List(vec![1, 2]));
    good("700", ListOrNumber::Number(700));
    good("{ a = true }", ListOrNumber::Table { a: true });
    assert!(read::<ListOrNumber>("hunter2").is_err_and(|error| !error.contains("hunter2")));
    good("{ kind = \"tcp\", port = 7 }", Tagged::Tcp { port: 7 });
    good("never", Choice::Never);
    good("{ every = 3 }", Choice::Every(3));
    good("{ at = { hour = 3 } }", Choice::At { hour: 3 });
    let parts = [("SWITCHHOOK_A__IT__KIND", "tcp"), ("SWITCHHOOK_A__IT__PORT", "7")];
    let root = merge(&layers("", &parts, &[]), Vec::new()).expect("merged");
    assert_eq!(root.child("a").read::<One<Tagged>>().expect("read").it, Tagged::Tcp { port: 7 });
}

/// A configuration that is good, and what is said of it.
fn remarks(variables: Pairs<'_>) -> Vec<String> {
    let read = Config::read(&layers(GOOD, variables, &[]), &registry()).expect("good");
    read.remarks.iter().map(ToString::to_string).collect()
}

#[test]
fn lists_and_tables_of_every_part_of_the_configuration_can_be_set() {
    for (name, value) in [
        ("SWITCHHOOK_SOURCES__CHAT__OPTIONS__TOKENS", "[\"a,b\", \"c\"]"),
        ("SWITCHHOOK_SOURCES__CHAT__OPTIONS__MORE", "{ second = { app = 8 } }"),
        ("SWITCHHOOK_SOURCES__CHAT__OPTIONS", "{ app = \"7\", tokens = [\"a\"] }"),
        ("SWITCHHOOK_HANDLERS__CHANGES__COMMANDS", "[\"Group.*\", 'C2C.X']"),
        ("SWITCHHOOK_HANDLERS__CHANGES__ACTIONS", "[\"log\"]"),
        ("SWITCHHOOK_SERVER__LIMITS", "{ connections = 5, idle_timeout = \"1m\" }"),
        ("SWITCHHOOK_ACTIONS__LOG__RETRY", "{ attempts = 3 }"),
        ("SWITCHHOOK_ACTIONS__LOG", "{ plugin = \"out\", options = { path = \"x\" } }"),
        ("SWITCHHOOK_HANDLERS__MORE", "{ plugin = \"note\" }"),
    ] {
        check_variable(name, value, &[]);
    }
    let actions = "SWITCHHOOK_HANDLERS__CHANGES__ACTIONS";
    for value in ["log", "log,log", "[log]"] {
        check_variable(
            actions,
            value,
            &[&format!("variable {actions}: handlers.changes.actions{LIST}")],
        );
    }
    let log = "SWITCHHOOK_ACTIONS__LOG";
    check_variable(log, "out", &[&format!("variable {log}: actions.log{TABLE}")]);
    check_flag(
        "handlers.changes.actions",
        "log",
        &[&format!("command line: handlers.changes.actions{LIST}")],
    );
}

#[test]
fn two_that_set_the_same_are_refused_by_name() {
    let check = |variables: Pairs<'_>, flags: Pairs<'_>, expected: &str| {
        assert_eq!(mistakes(GOOD, variables, flags), [expected], "{variables:?} {flags:?}");
    };
    let limits = ("SWITCHHOOK_SERVER__LIMITS", "{ connections = 5 }");
    let one = ("SWITCHHOOK_SERVER__LIMITS__IDLE_TIMEOUT", "1m");
    let expected = "variable SWITCHHOOK_SERVER__LIMITS__IDLE_TIMEOUT: server.limits.idle_timeout: SWITCHHOOK_SERVER__LIMITS sets the whole table or list around it; remove one of them";
    check(&[limits, one], &[], expected);
    check(&[one, limits], &[], expected);
    check(
        &[
            ("SWITCHHOOK_SERVER__LISTEN", "127.0.0.1:1"),
            ("SWITCHHOOK_server__listen", "127.0.0.1:2"),
        ],
        &[],
        "variable SWITCHHOOK_server__listen: server.listen: SWITCHHOOK_SERVER__LISTEN sets the same key; remove one of them",
    );
    check(
        &[limits],
        &[("server.limits.idle_timeout", "1m")],
        "variable SWITCHHOOK_SERVER__LIMITS: server.limits: --override server.limits.idle_timeout sets a part of it; remove one of them",
    );
}

#[test]
fn an_empty_variable_counts_as_not_set_and_is_told() {
    for (name, key) in [
        ("SWITCHHOOK_SERVER__LISTEN", "server.listen"),
        ("SWITCHHOOK_ACTIONS__LOG__OPTIONS__PATH", "actions.log.options.path"),
        ("SWITCHHOOK_ACTIONS__LOG__OPTIONS__KEEP", "actions.log.options.keep"),
        ("SWITCHHOOK_SOURCES__CHAT__OPTIONS__TOKENS", "sources.chat.options.tokens"),
        ("SWITCHHOOK_HANDLERS__CHANGES__ACTIONS", "handlers.changes.actions"),
        ("SWITCHHOOK_ACTIONS__OTHER__PLUGIN", "actions.other.plugin"),
    ] {
        let expected =
            format!("variable {name}: {key}: the variable is empty and is treated as not set");
        assert_eq!(remarks(&[(name, "")]), [expected]);
    }
    let both = [("SWITCHHOOK_SERVER__LIMITS", ""), ("SWITCHHOOK_SERVER__LIMITS__CONNECTIONS", "5")];
    assert_eq!(mistakes(GOOD, &both, &[]), [""; 0], "what is not set is in nobody's way");
}

#[test]
fn a_variable_that_sets_nothing_is_told_with_the_one_that_is_meant() {
    let joined = "matches no configuration key; separate the parts of a key with `__`, as in `SWITCHHOOK_SERVER__LISTEN`";
    for (name, meant) in [
        ("SWITCHHOOK_SERVER_LISTEN", "SWITCHHOOK_SERVER__LISTEN"),
        ("SWITCHHOOK_SERVER_ALLOW_UNSIGNED", "SWITCHHOOK_SERVER__ALLOW_UNSIGNED"),
        ("SWITCHHOOK_SERVER_LIMITS_BODY_SIZE", "SWITCHHOOK_SERVER__LIMITS__BODY_SIZE"),
        ("SWITCHHOOK_ADMIN_LISTEN", "SWITCHHOOK_ADMIN__LISTEN"),
        ("SWITCHHOOK_JOURNAL_DEAD_LETTER_RETENTION", "SWITCHHOOK_JOURNAL__DEAD_LETTER_RETENTION"),
        ("SWITCHHOOK_JOURNAL_OPTIONS_EVENTS", "SWITCHHOOK_JOURNAL__OPTIONS__EVENTS"),
        ("SWITCHHOOK_SOURCES_CHAT_OPTIONS_TOKENS", "SWITCHHOOK_SOURCES__CHAT__OPTIONS__TOKENS"),
        ("SWITCHHOOK_HANDLERS_CHANGES_ON_FAILURE", "SWITCHHOOK_HANDLERS__CHANGES__ON_FAILURE"),
        ("SWITCHHOOK_ACTIONS_LOG_RETRY_INITIAL", "SWITCHHOOK_ACTIONS__LOG__RETRY__INITIAL"),
        ("SWITCHHOOK_ACTIONS_LOG_OPTIONS_SIZE_MAX", "SWITCHHOOK_ACTIONS__LOG__OPTIONS__SIZE_MAX"),
    ] {
        let message = format!("matches no configuration key; did you mean `{meant}`?");
        check_variable(name, "x", &[&format!("variable {name}: {message}")]);
    }
    for name in ["SWITCHHOOK_SERVER", "SWITCHHOOK_SERVER_LISN", "SWITCHHOOK_ACTIONS_OTHER_PATH"] {
        check_variable(name, "x", &[&format!("variable {name}: {joined}")]);
    }
    for (name, key, meant) in [
        (
            "SWITCHHOOK_SERVER__LIMITS_BODY_SIZE",
            "server.limits_body_size",
            "SWITCHHOOK_SERVER__LIMITS__BODY_SIZE",
        ),
        (
            "SWITCHHOOK_ACTIONS__LOG__OPTIONS_KEEP",
            "actions.log.options_keep",
            "SWITCHHOOK_ACTIONS__LOG__OPTIONS__KEEP",
        ),
        ("SWITCHHOOK_SERVER__ALLOW__UNSIGNED", "server.allow", "SWITCHHOOK_SERVER__ALLOW_UNSIGNED"),
    ] {
        let message = format!("variable {name}: {key}: unknown key; did you mean `{meant}`?");
        check_variable(name, "x", &[&message]);
    }
}

#[test]
fn variables_that_may_be_anothers_are_told_and_do_no_harm() {
    for (name, value, expected) in [
        (
            "SWITCHHOOK_LISTEN",
            "x",
            Some("matches no configuration key; did you mean `SWITCHHOOK_SERVER__LISTEN`?"),
        ),
        (
            "SWITCHHOOK_RETENTION_SIZE",
            "x",
            Some(
                "matches no configuration key; did you mean `SWITCHHOOK_JOURNAL__RETENTION_SIZE`?",
            ),
        ),
        (
            "SWITCHHOOK_VERSION",
            "1",
            Some(
                "matches no configuration key; separate the parts of a key with `__`, as in `SWITCHHOOK_SERVER__LISTEN`",
            ),
        ),
        (
            "SWITCHOOK_SERVER__LISTEN",
            "x",
            Some("ignored; did you mean `SWITCHHOOK_SERVER__LISTEN`?"),
        ),
        (
            "SWITCHHOK_server__listen",
            "x",
            Some("ignored; did you mean `SWITCHHOOK_SERVER__LISTEN`?"),
        ),
        (
            "switchhook_server__listen",
            "x",
            Some("ignored; did you mean `SWITCHHOOK_SERVER__LISTEN`?"),
        ),
        ("SWITCHHOOK_SERVICE_HOST", "10.0.0.1", None),
        ("SWITCHHOOK_SERVICE_PORT", "8080", None),
        ("SWITCHHOOK_SERVICE_PORT_HTTP", "8080", None),
        ("SWITCHHOOK_ADMIN_SERVICE_HOST", "10.0.0.1", None),
        ("SWITCHHOOK_PORT", "tcp://10.0.0.1:8080", None),
        ("SWITCHHOOK_ADMIN_PORT", "tcp://10.0.0.1:8080", None),
        ("SWITCHHOOK_PORT_8080_TCP", "tcp://10.0.0.1:8080", None),
        ("SWITCHHOOK_PORT_8080_TCP_ADDR", "10.0.0.1", None),
        ("SWITCHHOOK", "x", None),
        ("PATH", "/bin", None),
        ("OTHER_SERVER__LISTEN", "x", None),
    ] {
        let expected: Vec<String> =
            expected.iter().map(|text| format!("variable {name}: {text}")).collect();
        assert_eq!(remarks(&[(name, value)]), expected, "{name}");
    }
}

#[test]
fn a_variable_that_is_not_utf8_is_told() {
    let garbled = vec!["SWITCHHOOK_SERVER__LISTEN".to_owned(), "OTHER".to_owned()];
    let layers = super::Layers { garbled, ..layers(GOOD, &[], &[]) };
    let found = Config::read(&layers, &registry()).expect_err("refused");
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["variable SWITCHHOOK_SERVER__LISTEN: the value is not UTF-8"]);
}

#[test]
fn what_is_not_expanded_is_told() {
    let set = |name: &str| {
        format!(
            "`${{NAME}}` and `$NAME` are not expanded: set {name} to take it from the environment"
        )
    };
    let path = "SWITCHHOOK_ACTIONS__B__OPTIONS__PATH";
    for (line, key, expected) in [
        ("path = \"${HOME}/x\"", "path", set(path)),
        ("path = \"$HOME/x\"", "path", set(path)),
        ("path = \"~/x\"", "path", "`~/` is not expanded: write the whole path".to_owned()),
        (
            "path = \"x\"\nsecret = \"${TOKEN}\"",
            "secret",
            set("SWITCHHOOK_ACTIONS__B__OPTIONS__SECRET"),
        ),
    ] {
        let text = format!(
            "{GOOD}[actions.b]\nplugin = \"out\"\nenabled = false\n[actions.b.options]\n{line}\n"
        );
        let read = Config::read(&layers(&text, &[], &[]), &registry()).expect("good");
        let line = text.lines().position(|it| it.starts_with(&format!("{key} ="))).expect("there");
        let last = text.lines().count();
        assert!(line < last);
        let told: Vec<String> = read.remarks.iter().map(ToString::to_string).collect();
        assert_eq!(told, [format!("c.toml:{last}: actions.b.options.{key}: {expected}")]);
    }
    let name = "SWITCHHOOK_SOURCES__CHAT__OPTIONS__TOKENS";
    let own = "`${NAME}` and `$NAME` are not expanded: write the value itself";
    let expected = format!("variable {name}: sources.chat.options.tokens: {own}");
    assert_eq!(remarks(&[(name, "[\"${TOKEN}\"]")]), [expected]);
    let name = "SWITCHHOOK_ACTIONS__LOG__OPTIONS__PATH";
    let quotes = "the quotes are part of the value: remove them";
    assert_eq!(
        remarks(&[(name, "\"x\"")]),
        [format!("variable {name}: actions.log.options.path: {quotes}")]
    );
    super::check(
        "[server]\nlisten = \"$HOST:80\"",
        &[
            "c.toml:22: server.listen: expected an IP address and a port such as \"127.0.0.1:8080\"; `${NAME}` and `$NAME` are not expanded",
        ],
    );
    check_variable(
        "SWITCHHOOK_SERVER__LISTEN",
        "\"127.0.0.1:1\"",
        &[
            "variable SWITCHHOOK_SERVER__LISTEN: server.listen: expected an IP address and a port such as \"127.0.0.1:8080\"; the quotes are part of the value",
        ],
    );
}
