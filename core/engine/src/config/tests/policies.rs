//! The policies that tables make.

use std::time::Duration;

use super::{check, check_one};
use crate::config::tables;

#[test]
fn a_source_decides_within_its_own_time_or_that_of_the_server_or_three_quarters_of_what_its_sender_waits()
 {
    let check = |source: &str, server: &str, expected: u64| {
        let table = format!("plugin = \"wire\"\n{source}");
        let table: tables::Source = toml::from_str(&table).expect("a table");
        let server: tables::Server = toml::from_str(server).expect("a table");
        let within = table.policy(&server).decide_within(Duration::from_secs(4));
        assert_eq!(within, Duration::from_millis(expected), "{source} {server:?}");
    };
    check("", "", 3000);
    check("decide_within = \"700ms\"", "", 700);
    check("", "decide_within = \"900ms\"", 900);
    check("decide_within = \"5s\"", "decide_within = \"1s\"", 5000);
}

#[test]
fn an_action_that_could_never_deliver_is_refused() {
    let zero = "found 0, expected a duration above 0";
    for (line, key, message) in [
        ("retry.max_ratio = 1.5", "retry.max_ratio", "expected 0 to 1"),
        (
            "retry.min_per_minute = 5",
            "retry.min_per_minute",
            "found 5, expected a whole number from 6 to 1000000",
        ),
        ("retry.attempts = 0", "retry.attempts", "found 0, expected a whole number from 1 to 1000"),
        (
            "retry.attempts = -1",
            "retry.attempts",
            "found -1, expected a whole number from 1 to 1000",
        ),
        (
            "retry.attempts = \"x\"",
            "retry.attempts",
            "found text, expected a whole number from 1 to 1000",
        ),
        ("concurrency = 1025", "concurrency", "found 1025, expected a whole number from 1 to 1024"),
        (
            "circuit_breaker.failure_threshold = 1000001",
            "circuit_breaker.failure_threshold",
            "found 1000001, expected a whole number from 0 to 1000000",
        ),
        ("circuit_breaker.initial = \"0s\"", "circuit_breaker.initial", zero),
        ("retry = { initial = \"0s\" }", "retry.initial", zero),
        (
            "circuit_breaker = { initial = \"10m\", max = \"5m\" }",
            "circuit_breaker.initial",
            "10m is longer than `circuit_breaker.max`, which is 5m",
        ),
        ("retry.initial = \"9h\"", "retry.initial", "9h is longer than `retry.max`, which is 8h"),
        ("retry.max = \"1s\"", "retry.max", "1s is shorter than `retry.initial`, which is 5s"),
        (
            "circuit_breaker.failures_threshold = 1",
            "circuit_breaker.failures_threshold",
            "unknown key; did you mean `failure_threshold`?; known keys: `failure_threshold`, `initial`, `max`",
        ),
    ] {
        let table = format!("[actions.b]\nplugin = \"out\"\noptions.path = \"x\"\n{line}");
        check_one(&table, &format!("c.toml:24: actions.b.{key}: {message}"));
    }
    let fine =
        "circuit_breaker.failure_threshold = 0\nretry.min_per_minute = 6\nretry.max_ratio = 0";
    check(&format!("[actions.b]\nplugin = \"out\"\noptions.path = \"x\"\n{fine}"), &[]);
}
