//! What was delivered once is delivered again when somebody asks for it, and only then.

use std::collections::HashSet;
use std::io::Read;
use std::process::Stdio;

use crate::harness::*;
use crate::operator::*;

const OTHER: &str = "C2C.CallbackAfterSendMsg";

fn message(text: &str) -> String {
    serde_json::json!({ "CallbackCommand": OTHER, "MsgBody": text }).to_string()
}

/// A server whose target got two topic changes and a message.
fn three_delivered(target: &Target) -> Server {
    let server = Server::start(&relaying(target));
    for name in ["one", "two"] {
        post(server.address, &query(TOPIC_CHANGED), &topic_changed(name));
    }
    post(server.address, &query(OTHER), &message("three"));
    target.got(3);
    server.lane_settled("all>crm");
    server
}

fn ids(got: &[Got]) -> HashSet<String> {
    got.iter().map(|one| one.header("webhook-id").expect("an id")).collect()
}

#[test]
fn counted_first_asked_for_then_sent_under_new_ids_and_marked() {
    let target = Target::start(&[200]);
    let server = three_delivered(&target);
    let folder = server.folder.path();
    let words = format!("replay --since 1h --command {TOPIC_CHANGED} --action crm");
    let counted = say(folder, &format!("{words} --dry-run")).good();
    assert_eq!(counted.out, "2 callbacks\nall>crm: 2 deliveries\n");
    let unasked = say(folder, &words);
    assert_eq!(unasked.code, 64, "{unasked:?}");
    assert!(unasked.err.contains("--yes"), "{unasked:?}");
    server.lane_settled("all>crm");
    assert_eq!(target.got(3).len(), 3, "a dry run sends nothing");
    let done = say(folder, &format!("{words} --yes")).good();
    assert!(done.out.ends_with("2 deliveries queued\n"), "{done:?}");
    let got = target.got(5);
    server.lane_settled("all>crm");
    assert_eq!(target.got(5).len(), 5);
    assert_eq!(ids(&got).len(), 5, "each delivery has an id of its own");
    let (first, again) = got.split_at(3);
    assert!(first.iter().all(|one| one.header("switchhook-replayed").is_none()));
    assert!(again.iter().all(|one| one.header("switchhook-replayed").as_deref() == Some("true")));
    let bodies: Vec<_> = again.iter().map(|one| one.body.clone()).collect();
    assert_eq!(bodies, [topic_changed("one"), topic_changed("two")]);
    assert_eq!(server.lines("topics.jsonl", 2).len(), 2, "the other action is left alone");
}

#[test]
fn without_a_server_it_is_prepared_and_goes_out_at_the_next_start() {
    let target = Target::start(&[200]);
    let mut server = three_delivered(&target);
    server.signal("TERM");
    assert!(server.wait().success());
    let folder = server.folder.clone();
    let done = say(folder.path(), "replay --action crm --yes").good();
    assert!(done.out.contains("3 deliveries queued; they are made when a server runs"), "{done:?}");
    assert_eq!(target.got(3).len(), 3);
    let server = Server::start_in(folder, |_| ());
    let got = target.got(6);
    server.lane_settled("all>crm");
    assert_eq!(ids(&got).len(), 6);
    assert!(got[3..].iter().all(|one| one.header("switchhook-replayed").is_some()));
}

#[test]
fn one_callback_is_found_by_its_id_and_by_its_time() {
    let target = Target::start(&[200]);
    let server = three_delivered(&target);
    let folder = server.folder.path();
    let all = say(folder, "events --format json").good().json_lines();
    let field = |n: usize, name: &str| all[n][name].as_str().expect("text").to_owned();
    let found = say(folder, &format!("events --format json --id {}", field(1, "id"))).good();
    assert_eq!(found.json_lines(), all[1..2]);
    let (since, until) = (field(1, "received"), field(0, "received"));
    let found = say(folder, &format!("events --format json --since {since} --until {until}"));
    assert_eq!(found.good().json_lines(), all[1..2], "from a time on, and before another");
    say(folder, &format!("replay --id {} --action crm --yes", field(2, "id"))).good();
    assert_eq!(target.got(4)[3].body, topic_changed("one"));
}

#[test]
fn without_a_criterion_nothing_is_replayed() {
    let folder = folder_with(CONFIG);
    assert_eq!(say(folder.path(), "replay --yes").code, 64);
    assert_eq!(say(folder.path(), "replay --rate 5/s --yes").code, 64);
}

#[test]
fn interrupted_it_says_how_to_go_on_and_then_nothing_is_missing_or_doubled() {
    const COUNT: usize = 12;
    let target = Target::start(&[200]);
    let server = Server::start(&relaying(&target));
    for n in 0..COUNT {
        post(server.address, &query(OTHER), &message(&n.to_string()));
    }
    target.got(COUNT);
    let folder = server.folder.path();
    let mut child = switchhook(folder)
        .args(["replay", "--action", "crm", "--rate", "2/s", "--yes"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    target.got(COUNT + 2);
    signal(&child, "INT");
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(child.wait().expect("waited").code(), Some(130), "{said}");
    let again = said.lines().find_map(|line| line.trim().strip_prefix("switchhook "));
    let again = again.unwrap_or_else(|| panic!("how to go on is not in\n{said}"));
    let again = again.replace("--rate 2/s", "--rate 1000/s");
    say(folder, &format!("{again} --yes")).good();
    let got = target.got(2 * COUNT);
    server.lane_settled("all>crm");
    assert_eq!(target.got(2 * COUNT).len(), 2 * COUNT);
    let again: HashSet<_> = got[COUNT..].iter().map(|one| one.body.clone()).collect();
    assert_eq!(again.len(), COUNT, "each once");
}
