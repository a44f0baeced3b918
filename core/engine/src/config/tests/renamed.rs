//! A key of a former version is answered with its new name, wherever it was given.

use super::{Pairs, mistakes};
use crate::config::renamed::RENAMED;
use crate::test_plugins::GOOD;

/// Former keys, a value that they took, and the answer.
const ROWS: [(&str, &str, &str); RENAMED.len()] = [
    ("server.keep_within", "\"1s\"", "`persist_timeout`"),
    (
        "server.limits.drain_time",
        "\"1s\"",
        "`server.shutdown_timeout`, which limits the shutdown as a whole",
    ),
    ("server.limits.header_time", "\"1s\"", "`header_timeout`"),
    ("server.limits.body_time", "\"1s\"", "`body_timeout`"),
    ("server.limits.idle_time", "\"1s\"", "`idle_timeout`"),
    ("server.limits.write_time", "\"1s\"", "`write_timeout`"),
    ("journal.keep_for", "\"1d\"", "`retention`"),
    ("journal.keep_size", "\"1 GiB\"", "`retention_size`"),
    ("journal.keep_dead_letters", "\"1d\"", "`dead_letter_retention`"),
    ("journal.detached_keep", "\"1d\"", "`orphan_retention`"),
    ("sources.chat.same_answer", "\"1m\"", "`decision_ttl`"),
    ("actions.log.retry.first", "\"1s\"", "`initial`"),
    ("actions.log.retry.longest", "\"1h\"", "`max`"),
    ("actions.log.retry.share", "0.5", "`max_ratio`"),
    ("actions.log.retry.floor", "60", "`min_per_minute`"),
    (
        "actions.log.breaker",
        "{ failures = 1 }",
        "`circuit_breaker`, with `failure_threshold`, `initial` and `max` instead of `failures`, `first` and `longest`",
    ),
    ("actions.log.circuit_breaker.failures", "1", "`failure_threshold`"),
    ("actions.log.circuit_breaker.first", "\"1s\"", "`initial`"),
    ("actions.log.circuit_breaker.longest", "\"1m\"", "`max`"),
];

/// `GOOD` with one more line in the table of a key, and the number of that line.
fn with(key: &str, value: &str) -> (String, usize) {
    let mut names = key.split('.');
    let header: Vec<&str> = match names.clone().next() {
        Some("server" | "journal") => names.by_ref().take(1).collect(),
        _ => names.by_ref().take(2).collect(),
    };
    let header = format!("[{}]", header.join("."));
    let rest: Vec<&str> = names.collect();
    let line = format!("{} = {value}", rest.join("."));
    let mut lines: Vec<&str> = GOOD.lines().collect();
    let place = lines.iter().position(|one| *one == header).unwrap_or_else(|| {
        lines.push(&header);
        lines.len() - 1
    });
    lines.insert(place + 1, &line);
    (lines.join("\n"), place + 2)
}

#[test]
fn in_the_file_with_its_line() {
    for (key, value, now) in ROWS {
        let (text, line) = with(key, value);
        let expected = format!("c.toml:{line}: {key}: renamed; write {now}");
        assert_eq!(mistakes(&text, &[], &[]), [expected], "{key}");
    }
}

#[test]
fn in_a_variable_or_a_flag() {
    for (key, value, now) in ROWS {
        let text = value.trim_matches('"');
        let name = format!("SWITCHHOOK_{}", key.to_uppercase().replace('.', "__"));
        let given: Pairs<'_> = &[(&name, text)];
        let expected = format!("variable {name}: {key}: renamed; write {now}");
        assert_eq!(mistakes(GOOD, given, &[]), [expected], "{name}");
        let expected = format!("command line: {key}: renamed; write {now}");
        assert_eq!(mistakes(GOOD, &[], &[(key, text)]), [expected], "{key}");
    }
}

#[test]
fn there_is_a_row_for_each() {
    for (key, _) in RENAMED {
        let key = key.replace("sources.*", "sources.chat").replace("actions.*", "actions.log");
        assert!(ROWS.iter().any(|(row, ..)| *row == key), "{key}");
    }
}

#[test]
fn an_option_of_a_plugin_keeps_its_name() {
    let text =
        format!("{GOOD}[actions.b]\nplugin = \"out\"\noptions.path = \"x\"\noptions.first = 1");
    let [found] = &mistakes(&text, &[], &[])[..] else { panic!("one mistake") };
    assert!(found.contains("actions.b.options.first: unknown key"), "{found}");
}
