//! Nobody reads standard error: only what was to be written there waits.

use std::collections::HashSet;
use std::thread;

use serde_json::Value;

use crate::harness::*;

/// Handlers whose records go to the log: each callback is so many lines.
const HANDLERS: usize = 16;
const SENDERS: usize = 8;
const CALLS: usize = 50;
/// More than may wait to be written, and more than a pipe takes.
const LINES: usize = HANDLERS * SENDERS * CALLS;

/// A server of whose record lines most have found no room: nobody reads on from where it has started.
fn stuffed() -> Server {
    let console = "\n[actions.console]\nplugin = \"log\"\nretry = { initial = \"100ms\", min_per_minute = 1000000 }\ncircuit_breaker.failure_threshold = 0\n";
    let handler = |n| format!("\n[handlers.h{n}]\nplugin = \"forward\"\nactions = [\"console\"]\n");
    let handlers: String = (0..HANDLERS).map(handler).collect();
    let server = Server::start(&format!("{CONFIG}{console}{handlers}"));
    server.read_log(false);
    let address = server.address;
    let senders = (0..SENDERS).map(|sender| {
        thread::spawn(move || {
            for call in 0..CALLS {
                let body = topic_changed(&format!("{sender}-{call}"));
                assert_eq!(post(address, &query(TOPIC_CHANGED), &body).body, OK);
            }
        })
    });
    let senders: Vec<_> = senders.collect();
    for sender in senders {
        sender.join().expect("answered");
    }
    eventually("a record that finds no room", || {
        let text = get(server.admin, "/metrics").body;
        let tried = |result: &str| -> usize {
            let of = format!("action=\"console\",result=\"{result}\"");
            let lines = text.lines().filter(|line| line.contains(&of));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
        };
        (tried("failed") > 0 || tried("delivered") >= LINES).then_some(())
    });
    server
}

fn told(log: &str) -> HashSet<(String, String)> {
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let record = line["target"] == "switchhook::record";
        record.then(|| (line["id"].to_string(), line["handler"].to_string()))
    };
    log.lines().filter_map(line).collect()
}

#[test]
fn other_deliveries_go_on_and_once_somebody_reads_again_every_record_is_told() {
    let server = stuffed();
    assert_eq!(server.lines("topics.jsonl", SENDERS * CALLS).len(), SENDERS * CALLS);
    assert_eq!(get(server.admin, "/readyz").json()["ready"], true);
    server.read_log(true);
    eventually("a line for each record", || (told(&server.log()).len() == LINES).then_some(()));
}

#[test]
fn the_server_ends_when_it_is_told_to() {
    let mut server = stuffed();
    server.signal("TERM");
    assert!(server.wait().success());
}
