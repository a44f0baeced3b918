//! A journal that is moved or removed while the server runs.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::harness::*;

fn names(server: &Server, count: usize) -> Vec<String> {
    let name = |line: &String| {
        let record: serde_json::Value = serde_json::from_str(line).expect("a whole line");
        record["changes"]["Name"]["new"].as_str().expect("a name").to_owned()
    };
    let mut names: Vec<String> = server.lines("topics.jsonl", count).iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn moved_away_the_journal_is_waited_for_and_nothing_is_acknowledged() {
    let server = Server::start(CONFIG);
    let send = |name: &str| post(server.address, &query(TOPIC_CHANGED), &topic_changed(name));
    assert_eq!(send("before").status, 200);
    server.lanes_settled();
    fs::rename(server.path("journal"), server.path("away")).expect("moved");
    fs::create_dir(server.path("journal")).expect("made");
    let ready = eventually("it is told", || {
        let ready = get(server.admin, "/readyz");
        (ready.status == 503).then_some(ready)
    });
    let (reasons, path) = (ready.json()["reasons"].to_string(), "journal/journal.sqlite");
    assert!(reasons.contains(path), "{reasons}");
    for n in 0..5 {
        let reply = send(&format!("refused {n}"));
        assert!(reply.status == 503 && reply.body.contains("FAIL"), "{reply:?}");
    }
    let line = server.log_line("the journal's files were moved or removed: no new callback");
    assert!(line.contains(path), "{line}");
    let refused = server.metric("switchhook_limit_hits_total{limit=\"journal_displaced\"}");
    assert_eq!(refused, Some(5.0));
    assert_eq!(fs::read_dir(server.path("journal")).expect("there").count(), 0);
    fs::remove_dir(server.path("journal")).expect("removed");
    fs::rename(server.path("away"), server.path("journal")).expect("moved back");
    eventually("it goes on", || (get(server.admin, "/readyz").status == 200).then_some(()));
    assert_eq!(send("after").status, 200);
    server.lanes_settled();
    assert_eq!(names(&server, 2), ["after", "before"]);
}

/// All of it waits when the folder goes, and is there after the next start.
#[test]
fn removed_under_load_the_journal_loses_nothing_that_was_acknowledged() {
    let mut server = Server::start(CONFIG);
    let paused = switchhook(server.folder.path()).args(["pause", "audit"]).output().expect("ran");
    assert!(paused.status.success(), "{:?}", text(&paused));
    let (stop, answered): (Arc<AtomicBool>, Arc<Mutex<Vec<String>>>) = Default::default();
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let (stop, answered, address) = (stop.clone(), answered.clone(), server.address);
            thread::spawn(move || {
                for n in 0.. {
                    let name = format!("{sender}/{n}");
                    let target = format!("/?{}", query(TOPIC_CHANGED));
                    let sent = request("POST", &target, &topic_changed(&name));
                    match try_exchange(address, &sent) {
                        Some(reply) if reply.status == 200 => answered.lock().unwrap().push(name),
                        _ if stop.load(Ordering::Relaxed) => return,
                        _ => {}
                    }
                }
            })
        })
        .collect();
    eventually("some answers", || (answered.lock().unwrap().len() > 100).then_some(()));
    fs::remove_dir_all(server.path("journal")).expect("removed");
    let status = server.wait();
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.join().expect("ended");
    }
    assert_eq!(status.code(), Some(74));
    let line = server.log_line("fatal error: the server stops");
    assert!(line.contains("was removed") && line.contains("start again"), "{line}");
    let server = Server::start_in(server.folder.clone(), |_| ());
    let resumed = switchhook(server.folder.path()).args(["resume", "audit"]).output().expect("ran");
    assert!(resumed.status.success(), "{:?}", text(&resumed));
    server.lanes_settled();
    let mut answered = answered.lock().unwrap().clone();
    answered.sort();
    let delivered = names(&server, answered.len());
    let lost: Vec<_> = answered.iter().filter(|name| !delivered.contains(name)).collect();
    assert!(lost.is_empty(), "acknowledged and not delivered: {lost:?}");
}
