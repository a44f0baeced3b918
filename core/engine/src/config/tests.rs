//! The messages that a user reads, word for word.

mod files;
mod overrides;
mod policies;
mod renamed;
mod variables;

use serde::Deserialize;

use super::load::merge;
use super::{Config, Layers, TextOrInteger};
use crate::test_plugins::{GOOD, registry};

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn layers(text: &str, variables: Pairs<'_>, flags: Pairs<'_>) -> Layers {
    let owned = |pairs: Pairs<'_>| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let (path, text) = ("c.toml".to_owned(), text.to_owned());
    let (variables, flags) = (owned(variables), owned(flags));
    Layers { path, text, variables, flags, ..Layers::default() }
}

/// The mistakes of a file, with variables and flags over it, as lines.
fn mistakes(text: &str, variables: Pairs<'_>, flags: Pairs<'_>) -> Vec<String> {
    let read = Config::read(&layers(text, variables, flags), &registry());
    read.map_or_else(|found| found.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

/// A good file and, from line 21 on, some more.
fn check(more: &str, expected: &[&str]) {
    let text = format!("{GOOD}{}{more}", "#\n".repeat(20 - GOOD.lines().count()));
    assert_eq!(mistakes(&text, &[], &[]), expected, "{more}");
}

fn check_one(more: &str, expected: &str) {
    check(more, &[expected]);
}

fn check_variable(name: &str, value: &str, expected: &[&str]) {
    assert_eq!(mistakes(GOOD, &[(name, value)], &[]), expected, "{name}={value}");
}

fn check_flag(key: &str, value: &str, expected: &[&str]) {
    assert_eq!(mistakes(GOOD, &[], &[(key, value)]), expected, "{key}={value}");
}

#[test]
fn unknown_names_get_a_hint() {
    check("", &[]);
    check_one(
        "[x]",
        "c.toml:21: x: unknown table; known tables: `server`, `admin`, `journal`, `sources`, `handlers`, `actions`",
    );
    check_one(
        "[sevrer]",
        "c.toml:21: sevrer: unknown table; did you mean `server`?; known tables: `server`, `admin`, `journal`, `sources`, `handlers`, `actions`",
    );
    check_one(
        "[server]\nlisten_on = 1",
        "c.toml:22: server.listen_on: unknown key; did you mean `listen`?; known keys: `listen`, `allow_unsigned`, `decide_within`, `persist_timeout`, `when_unavailable`, `shutdown_timeout`, `limits`",
    );
    check_one(
        "[actions.b]\nplugin = \"out\"\noptions.path = \"x\"\nordring = \"key\"",
        "c.toml:24: actions.b.ordring: unknown key; did you mean `ordering`?; known keys: `plugin`, `enabled`, `retry`, `circuit_breaker`, `timeout`, `concurrency`, `ordering`, `start`, `options`",
    );
    check_one(
        "[actions.b]\nplugin = \"out\"\noptions = { path = \"x\", synk = \"always\" }",
        "c.toml:23: actions.b.options.synk: unknown key; did you mean `sync`?; known keys: `path`, `sync`, `size_max`, `keep`, `secret`",
    );
    check_one(
        "[handlers.b]\nplugin = \"note\"\noptions.x = 1",
        "c.toml:23: handlers.b.options.x: unknown key `x`; no key can be set here",
    );
    check_one(
        "[actions.b]\nplugin = \"outt\"",
        "c.toml:22: actions.b.plugin: there is no action plugin `outt`; did you mean `out`?; linked into this program: `out`",
    );
    check_one(
        "[handlers.b]\nplugin = \"note\"\nactions = [\"lag\"]",
        "c.toml:23: handlers.b.actions.0: there is no action `lag`; did you mean `log`?; configured actions: `log`",
    );
}

#[test]
fn an_option_beside_options_is_told_where_it_belongs() {
    check(
        "[actions.b]\nplugin = \"out\"\npath = \"x\"\nkeep = 7",
        &[
            "c.toml:23: actions.b.path: this is an option of the plugin; write `options.path = ...`",
            "c.toml:24: actions.b.keep: this is an option of the plugin; write `options.keep = ...`",
        ],
    );
}

#[test]
fn values_of_the_wrong_kind_are_told_with_what_would_do() {
    let server = |line: &str, expected: &str| {
        check(&format!("[server]\n{line}"), &[&format!("c.toml:22: server.{expected}")]);
    };
    let address = "an IP address and a port such as \"127.0.0.1:8080\"";
    server("listen = 7", &format!("listen: found a whole number, expected {address}"));
    server("listen = \"localhost:80\"", &format!("listen: expected {address}"));
    let like = "like \"1500ms\", \"10s\" or \"1h30m\"";
    server(
        "persist_timeout = \"soon\"",
        &format!("persist_timeout: `soon` is not a valid duration; write one {like}"),
    );
    server(
        "persist_timeout = 5",
        &format!("persist_timeout: found a whole number, expected a duration {like}"),
    );
    server("persist_timeout = \"0s\"", "persist_timeout: found 0, expected a duration above 0");
    server("decide_within = \"0s\"", "decide_within: found 0, expected a duration above 0");
    server(
        "limits.body_size = \"big\"",
        "limits.body_size: `big` is not a valid size; write one like \"64 KiB\" or \"1 MiB\"",
    );
    for odd in ["999ms", "0s", "61m"] {
        let line = format!("shutdown_timeout = \"{odd}\"");
        server(&line, "shutdown_timeout: expected 1s to 1h");
    }
    server("limits.connections = 0", "limits.connections: found 0, expected at least 1");
    server("limits = 7", "limits: found a whole number, expected a table");
    server("allow_unsigned = \"yes\"", "allow_unsigned: found text, expected true or false");
}

#[test]
fn the_admin_address_is_one_of_its_own() {
    check_one(
        "[admin]\nlisten = \"127.0.0.1:8080\"",
        "c.toml:22: admin.listen: the same address as server.listen; choose another port",
    );
    check("[admin]\nenabled = false\nlisten = \"127.0.0.1:8080\"", &[]);
    check("[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"", &[]);
}

#[test]
fn options_of_the_wrong_kind_are_told_likewise() {
    let option = |text: &str, expected: &str| {
        let more = format!("[actions.b]\nplugin = \"out\"\noptions = {{ path = \"x\", {text} }}");
        check(&more, &[&format!("c.toml:23: actions.b.options.{expected}")]);
    };
    option("keep = 300", "keep: found 300, expected a whole number from 0 to 255");
    option("keep = \"7\"", "keep: found text, expected a whole number from 0 to 255");
    option(
        "sync = \"alway\"",
        "sync: found `alway`; did you mean `always`?; expected one of `always`, `never`",
    );
    option(
        "size_max = \"1 lot\"",
        "size_max: `1 lot` is not a valid size; write one like \"64 KiB\" or \"1 MiB\"",
    );
    option("secret = 7", "secret: a secret must be text in quotes");
    option("secret = \"\"", "secret: a secret cannot be empty");
    let pattern = "`Group*` is not a valid command pattern; write a command, `Family.*` or `*`";
    check_one(
        "[handlers.b]\nplugin = \"note\"\ncommands = [\n\"Group.X\",\n\"Group*\"]",
        &format!("c.toml:25: handlers.b.commands.1: {pattern}"),
    );
}

#[test]
fn the_words_that_would_do_are_told_whatever_stands_there() {
    let action = |line: &str, expected: &str| {
        let more = format!("[actions.b]\nplugin = \"out\"\noptions.path = \"x\"\n{line}");
        check(&more, &[&format!("c.toml:24: actions.b.{expected}")]);
    };
    action("start = true", "start: found true, expected one of `now`, `beginning`");
    action("ordering = true", "ordering: found true, expected one of `key`, `none`");
    action("ordering = []", "ordering: found a list, expected one of `key`, `none`");
    action(
        "options.sync = 1",
        "options.sync: found a whole number, expected one of `always`, `never`",
    );
    check_one(
        "[handlers.b]\nplugin = \"note\"\non_failure = 1",
        "c.toml:23: handlers.b.on_failure: found a whole number, expected one of `allow`, `deny`",
    );
    let server = "server.when_unavailable: found a whole number, expected one of `refuse`, `stall`";
    check_one("[server]\nwhen_unavailable = 1", &format!("c.toml:22: {server}"));
    let variable = "SWITCHHOOK_SERVER__WHEN_UNAVAILABLE";
    let server = "server.when_unavailable: found `1`; expected one of `refuse`, `stall`";
    check_variable(variable, "1", &[&format!("variable {variable}: {server}")]);
}

#[test]
fn what_should_be_a_table_is_told() {
    check("[actions]\nb = 7", &["c.toml:22: actions.b: expected a table: [actions.b]"]);
    assert_eq!(
        mistakes(&format!("server = 7\n{GOOD}"), &[], &[]),
        [
            "c.toml:1: server: expected a table: [server]",
            "c.toml:1: server: found a whole number, expected a table"
        ]
    );
}

#[test]
fn what_is_missing_is_told() {
    let required = "missing; this key is required";
    check_one(
        "[actions.b]\nplugin = \"out\"",
        &format!("c.toml:21: actions.b.options.path: {required}"),
    );
    check_one(
        "[actions.b]\noptions.path = \"x\"",
        &format!("c.toml:21: actions.b.plugin: {required}"),
    );
    assert_eq!(
        mistakes("", &[], &[]),
        [
            "c.toml:1: sources: no source is configured, so no callback can be received; add a table [sources.NAME]"
        ]
    );
}

#[test]
fn names_and_paths_are_checked() {
    let rule = "is not a valid name; names are [a-z][a-z0-9_]* without `__`, at most 64 characters";
    for name in ["Audit", "a__b", "7a", "a-b"] {
        check(
            &format!("[actions.{name}]\nplugin = \"out\"\noptions.path = \"x\""),
            &[&format!("c.toml:21: actions.{name}: `{name}` {rule}")],
        );
    }
    let source = |path: &str| {
        format!("[sources.next]\nplugin = \"wire\"\npath = \"{path}\"\noptions.app = 1")
    };
    check(
        &source("/chat"),
        &["c.toml:23: sources.next.path: the path `/chat` is already used by sources.chat"],
    );
    check(
        &source("/chat/"),
        &["c.toml:23: sources.next.path: the path `/chat/` is already used by sources.chat"],
    );
    check(&source("/chat/below"), &[]);
    for path in ["chat", "/a b", "//"] {
        check(
            &source(path),
            &[&format!(
                "c.toml:23: sources.next.path: found `{path}`, expected a path such as `/callbacks`, made of letters, digits and -_.~"
            )],
        );
    }
    check_one(
        "[handlers.b]\nplugin = \"note\"\nactions = [\"log\", \"log\"]",
        "c.toml:23: handlers.b.actions.1: `log` is listed twice; remove one",
    );
}

#[test]
fn broken_toml_is_told_with_its_line() {
    check("[server", &["c.toml:21: invalid TOML: unclosed table, expected `]`"]);
}

#[test]
fn mistakes_are_told_all_at_once_by_line() {
    check(
        "[server]\nlisten = \"x\"\nsoon = 1\n[handlers.b]\nplugin = \"note\"\nactions = [\"x\"]\n\
         [actions.c]\nplugin = \"nut\"\n[actions.d]\nplugin = \"out\"\ntimeout = \"x\"",
        &[
            "c.toml:22: server.listen: expected an IP address and a port such as \"127.0.0.1:8080\"",
            "c.toml:23: server.soon: unknown key; known keys: `listen`, `allow_unsigned`, `decide_within`, `persist_timeout`, `when_unavailable`, `shutdown_timeout`, `limits`",
            "c.toml:26: handlers.b.actions.0: there is no action `x`; configured actions: `c`, `d`, `log`",
            "c.toml:28: actions.c.plugin: there is no action plugin `nut`; did you mean `out`?; linked into this program: `out`",
            "c.toml:29: actions.d.options.path: missing; this key is required",
            "c.toml:31: actions.d.timeout: `x` is not a valid duration; write one like \"1500ms\", \"10s\" or \"1h30m\"",
        ],
    );
}

#[test]
fn all_mistakes_of_one_table_are_told() {
    check(
        "[sources.b]\nplugin = \"wire\"\npath = \"/b\"\n[sources.b.options]\nwindow = []\nbroken = 7\n\
         more.x = {}\nmore.y = { ap = 1 }\ntokens = \"hunter2\"",
        &[
            "c.toml:24: sources.b.options.app: missing; this key is required",
            "c.toml:25: sources.b.options.window: found a list, expected a duration like \"1500ms\", \"10s\" or \"1h30m\"",
            "c.toml:26: sources.b.options.broken: found a whole number, expected true or false",
            "c.toml:27: sources.b.options.more.x.app: missing; this key is required",
            "c.toml:28: sources.b.options.more.y.ap: unknown key; did you mean `app`?; known keys: `app`",
            "c.toml:28: sources.b.options.more.y.app: missing; this key is required",
            "c.toml:29: sources.b.options.tokens: found text, expected a list",
        ],
    );
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    text: String,
    id: TextOrInteger,
    truth: bool,
    whole: u16,
    real: f64,
    list: Vec<String>,
    numbers: Vec<u8>,
    missing: Option<u8>,
}

#[test]
fn what_is_kept_too_shortly_is_remarked_on() {
    let remarks = |text: &str| {
        let text = format!("[journal]\n{text}\n{GOOD}");
        let read = Config::read(&layers(&text, &[], &[]), &registry()).expect("good");
        read.remarks.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        remarks("dead_letter_retention = \"10m\"\norphan_retention = \"59m\""),
        [
            "c.toml:2: journal.dead_letter_retention: dead letters would be deleted after 10m, before anyone can act on it; choose at least 1h",
            "c.toml:3: journal.orphan_retention: pending work of orphaned consumers would be deleted after 59m, before anyone can act on it; choose at least 1h",
        ]
    );
    assert!(remarks("dead_letter_retention = \"1h\"\norphan_retention = \"1h\"").is_empty());
}

#[test]
fn secrets_are_in_no_message() {
    let secret = "hunter2";
    let hidden = |found: &[String]| {
        assert!(!found.is_empty());
        assert!(!found.concat().contains(secret), "{found:?}");
    };
    for options in [
        "secret = [\"hunter2\"]",
        "secret = { value = \"hunter2\" }",
        "secret = \"hunter2\nmore\"",
        "secret = hunter2",
        "secret = \"hunter2",
        "keep = \"hunter2\"",
    ] {
        let head = "[actions.b]\nplugin = \"out\"\n[actions.b.options]\npath = \"x\"";
        hidden(&mistakes(&format!("{GOOD}{head}\n{options}\n"), &[], &[]));
    }
    for options in [
        "tokens = \"hunter2\"",
        "tokens = [1, \"hunter2\"]",
        "broken = \"hunter2\"",
        "more = [\"hunter2\"]",
    ] {
        let head = "[sources.b]\nplugin = \"wire\"\npath = \"/b\"\n[sources.b.options]\napp = 1";
        hidden(&mistakes(&format!("{GOOD}{head}\n{options}\n"), &[], &[]));
    }
    hidden(&mistakes(GOOD, &[("SWITCHHOOK_SOURCES__CHAT__OPTIONS__TOKENS", secret)], &[]));
    hidden(&mistakes(GOOD, &[], &[("sources.chat.options.tokens", secret)]));
}

#[test]
fn a_program_without_a_journal_of_its_own_needs_one_in_the_configuration() {
    let none = switchhook_api::Registry::of(registry().iter().copied()).expect("no name twice");
    let mistakes = Config::read(&layers(GOOD, &[], &[]), &none).expect_err("refused");
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["c.toml:1: journal.plugin: missing; this key is required"]);
    let named = format!("{GOOD}\n[journal]\nplugin = \"embedded\"\n");
    assert!(Config::read(&layers(&named, &[], &[]), &none).is_ok());
}
