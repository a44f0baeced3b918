//! Lanes that wait: for a target that is left alone, for their configuration, for an operator.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::*;
use crate::operator::*;

const NEVER_AGAIN: &str =
    "circuit_breaker = { failure_threshold = 1, initial = \"1h\", max = \"1h\" }";

/// A lane as `lanes` shows it to programs.
fn lane(folder: &Path, name: &str) -> Option<Value> {
    let lanes: Value =
        serde_json::from_str(&say(folder, "consumers --format json").good().out).ok()?;
    lanes.as_array()?.iter().find(|lane| lane["consumer"] == name).cloned()
}

/// Its state as `lanes` shows it to people.
fn state(folder: &Path, name: &str) -> String {
    let shown = say(folder, "consumers").good().out;
    let line = shown.lines().find(|line| line.starts_with(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {shown}")).to_owned()
}

#[test]
fn a_resumed_action_gets_at_once_what_would_have_waited_for_an_hour() {
    let target = Target::start(&[503, 200]);
    let config = crate::relays::config(&target, NEVER_AGAIN).replace("200ms", "1h");
    let server = Server::start(&config);
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    let folder = server.folder.path();
    let waits = eventually("a target that is left alone", || {
        lane(folder, "all>crm")
            .filter(|lane| lane["circuit_open"].is_object() && lane["next_retry_at"].is_string())
    });
    assert!(waits["circuit_open"]["next_probe_at"].is_string(), "{waits}");
    let shown = state(folder, "all>crm");
    assert!(shown.contains("failing since") && shown.contains("next probe at"), "{shown}");
    let said = say(folder, "resume crm").good();
    assert!(said.err.contains("was not paused") && said.err.contains("probed"), "{said:?}");
    target.got(2);
    server.lane_settled("all>crm");
    assert!(state(folder, "all>crm").ends_with("active"));
    let said = say(folder, "resume crm").good();
    assert!(said.err.contains("no delivery waits"), "{said:?}");
}

#[test]
fn what_is_disabled_keeps_what_waits_for_it_however_long() {
    let target = Target::start(&[503, 503, 200]);
    let with = |more: &str| {
        let config = crate::relays::config(&target, more).replace("200ms", "1h");
        config.replace("[journal]", "[journal]\nretention = \"1ms\"\norphan_retention = \"1ms\"")
    };
    let server = Server::start(&with(""));
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("one"));
    let waits =
        || lane(server.folder.path(), "all>crm").filter(|lane| lane["next_retry_at"].is_string());
    eventually("a retry", waits);
    let folder = server.kill();
    fs::write(folder.path().join("config.toml"), with("enabled = false")).expect("written");
    assert!(state(folder.path(), "all>crm").ends_with("disabled"), "without a server");
    let server = Server::start_in(folder, |_| ());
    let folder = server.folder.path();
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("two"));
    server.lane_settled("all");
    let pruned = say(folder, "journal prune --yes").good();
    assert!(pruned.out.contains("all>crm still needs"), "{pruned:?}");
    assert!(state(folder, "all>crm").ends_with("disabled"));
    let crm = lane(folder, "all>crm").expect("kept");
    assert_eq!((&crm["disabled"], &crm["pending"]), (&true.into(), &1.into()), "{crm}");
    let remarks = get(server.admin, "/readyz").json()["warnings"].to_string();
    assert!(
        remarks.contains("consumer all>crm is disabled: the journal keeps 1 callback not yet read"),
        "{remarks}"
    );
    let refused = say(folder, "journal prune --consumer all>crm --yes");
    assert_eq!(refused.code, 64, "{refused:?}");
    assert!(refused.err.contains("though disabled"), "{refused:?}");
    let said = say(folder, "resume crm").good();
    assert!(said.err.contains("disabled in the configuration"), "{said:?}");
    assert!(!server.log().contains(": orphaned"), "{}", server.log());
    let folder = server.kill();
    fs::write(folder.path().join("config.toml"), with("").replace("1h", "100ms")).expect("written");
    let server = Server::start_in(folder, |_| ());
    server.lane_settled("all>crm");
    let bodies: Vec<_> = target.got(4).into_iter().map(|got| got.body).collect();
    assert_eq!(bodies[2..], [topic_changed("one"), topic_changed("two")], "{bodies:?}");
}

#[test]
fn a_lane_that_left_the_configuration_is_told_of_with_what_it_had_left() {
    let target = Target::start(&[422]);
    let server = Server::start(&relaying(&target));
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    let dead = || lane(server.folder.path(), "all>crm").filter(|lane| lane["dead_letters"] == 1);
    eventually("a dead letter", dead);
    let folder = server.kill();
    fs::write(folder.path().join("config.toml"), CONFIG).expect("written");
    let shown = state(folder.path(), "all>crm");
    assert!(shown.ends_with("orphaned"), "without a server: {shown}");
    let server = Server::start_in(folder, |_| ());
    let line = server.log_line("consumer all>crm: orphaned since");
    let remarks = get(server.admin, "/readyz").json()["warnings"].to_string();
    for said in [line, remarks] {
        for part in ["and 1 dead letter will be deleted at", "journal prune --consumer 'all>crm'"] {
            assert!(said.contains(part), "no `{part}` in {said}");
        }
    }
}

#[test]
fn a_name_that_is_not_there_is_no_good_news() {
    let target = Target::start(&[422, 200]);
    let server = Server::start(&relaying(&target));
    let folder = server.folder.path();
    for (words, code) in [
        ("dead-letters --action crn", 0),
        ("dead-letters retry --action crn --dry-run", 0),
        ("dead-letters --consumer all>crn", 0),
        ("pause crn", 64),
        ("resume crn", 64),
    ] {
        let said = say(folder, words);
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.err.contains("there is no ") && said.err.contains("did you mean"), "{said:?}");
    }
    let listed = say(folder, "pause something").err;
    assert!(listed.contains("known actions: `audit`, `crm`"), "{listed}");
    let known = say(folder, "dead-letters --action crm").good();
    assert_eq!(known.err, "there are no matching dead letters\n");
}
