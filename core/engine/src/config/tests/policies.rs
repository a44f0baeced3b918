//! What the parts of the server are told of their tables.

use std::time::Duration;

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
