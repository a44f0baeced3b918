//! However the file is rotated, and whenever the server is killed: every line that was answered for is in one of the files, once.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::harness::*;

const SENDERS: usize = 4;
const ROTATED: &str = "
[actions.audit.options]
path = \"topics.jsonl\"
rotate = { size = \"8 KiB\" }
compress = true
";

fn rotating() -> String {
    CONFIG.replace("options.path = \"topics.jsonl\"\n", "") + ROTATED
}

/// The names of the topics in all files, and how often each is there.
fn delivered(server: &Server) -> HashMap<String, usize> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for entry in fs::read_dir(server.folder.path()).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !name.starts_with("topics.") || name.ends_with(".intent") {
            continue;
        }
        let extension = path.extension().unwrap_or_default();
        assert_ne!(extension, "part", "a leftover: {name}");
        let mut text = String::new();
        let file = File::open(&path).expect("readable");
        match extension == "gz" {
            true => flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("whole"),
            false => { file }.read_to_string(&mut text).expect("text"),
        };
        assert!(text.is_empty() || text.ends_with('\n'), "torn: {name}");
        for line in text.lines() {
            let record: serde_json::Value =
                serde_json::from_str(line).unwrap_or_else(|_| panic!("torn in {name}: {line}"));
            let topic = record["changes"]["Name"]["new"].as_str().expect("a name").to_owned();
            *seen.entry(topic).or_default() += 1;
        }
    }
    seen
}

fn check(server: &Server, answered: &[String]) {
    let seen = delivered(server);
    let lost: Vec<_> = answered.iter().filter(|name| !seen.contains_key(*name)).collect();
    let doubled: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
    assert!(lost.is_empty(), "answered but not delivered: {lost:?}");
    assert!(doubled.is_empty(), "delivered twice: {doubled:?}");
}

fn rotated(server: &Server, end: &str) -> usize {
    let entries = fs::read_dir(server.folder.path()).expect("readable");
    let names = entries.map(|entry| entry.expect("readable").file_name());
    names.filter(|name| name.to_string_lossy().ends_with(end)).count()
}

/// Senders that go on until the server is gone or they are told to stop.
struct Senders {
    answered: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Senders {
    fn start(
        server: &Server,
        answered: &Arc<Mutex<Vec<String>>>,
        serial: &Arc<AtomicUsize>,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let one = || {
            let (stop, answered, serial, address) =
                (stop.clone(), answered.clone(), serial.clone(), server.address);
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let name = format!("n{}", serial.fetch_add(1, Ordering::Relaxed));
                    let target = format!("/?{}", query(TOPIC_CHANGED));
                    match try_exchange(address, &request("POST", &target, &topic_changed(&name))) {
                        Some(reply) if reply.status == 200 => answered.lock().unwrap().push(name),
                        _ => return,
                    }
                }
            })
        };
        let threads = (0..SENDERS).map(|_| one()).collect();
        Self { answered: answered.clone(), stop, threads }
    }

    /// Waits until so many more have been answered.
    fn more(&self, count: usize) {
        let wanted = self.answered.lock().unwrap().len() + count;
        let enough = || (self.answered.lock().unwrap().len() >= wanted).then_some(());
        eventually("answers", enough);
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("ended");
        }
    }
}

#[test]
fn rotated_by_size_and_killed_in_the_middle_nothing_is_lost_or_doubled() {
    let mut folder = Arc::new(folder_with(&rotating()));
    let (answered, serial) = (Arc::default(), Arc::default());
    for round in 0..6 {
        let server = Server::start_in(folder, |_| ());
        let senders = Senders::start(&server, &answered, &serial);
        senders.more(60 + 17 * round);
        folder = server.kill();
        senders.end();
    }
    let server = Server::start_in(folder, |_| ());
    server.lanes_settled();
    eventually("all compressed", || {
        (rotated(&server, "Z.jsonl") == 0 && rotated(&server, ".gz.part") == 0).then_some(())
    });
    assert!(rotated(&server, "Z.jsonl.gz") > 5);
    check(&server, &answered.lock().unwrap());
}

#[test]
fn renamed_under_load_and_reopened_by_a_signal_nothing_is_lost_or_doubled() {
    let mut folder = Arc::new(folder_with(CONFIG));
    let (answered, serial) = (Arc::default(), Arc::default());
    for round in 0..4 {
        let server = Server::start_in(folder, |_| ());
        let senders = Senders::start(&server, &answered, &serial);
        for turn in 0..5 {
            senders.more(10);
            let (path, moved) = (server.path("topics.jsonl"), format!("topics.{round}.{turn}"));
            eventually("the file", || path.exists().then_some(()));
            fs::rename(&path, server.path(&moved)).expect("moved");
            if turn % 2 == 0 {
                server.signal("USR1");
            }
        }
        folder = server.kill();
        senders.end();
    }
    let server = Server::start_in(folder, |_| ());
    server.lanes_settled();
    check(&server, &answered.lock().unwrap());
}

#[test]
fn a_signal_makes_the_file_anew_before_anything_is_delivered() {
    let server = Server::start(CONFIG);
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("first"));
    server.lines("topics.jsonl", 1);
    fs::rename(server.path("topics.jsonl"), server.path("moved")).expect("moved");
    server.signal("USR1");
    server.log_line("file reopened");
    assert_eq!(fs::read_to_string(server.path("topics.jsonl")).expect("made"), "");
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("second"));
    assert_eq!(server.lines("topics.jsonl", 1).len(), 1);
    assert_eq!(fs::read_to_string(server.path("moved")).expect("there").lines().count(), 1);
}

#[test]
fn the_signal_does_no_harm_where_there_is_nothing_to_reopen() {
    let config = CONFIG
        .replace("plugin = \"file\"", "plugin = \"log\"")
        .replace("options.path = \"topics.jsonl\"\n", "");
    let mut server = Server::start(&config);
    server.signal("USR1");
    server.log_line("SIGUSR1");
    let reply = post(server.address, &query(TOPIC_CHANGED), &topic_changed("x"));
    assert_eq!(reply.status, 200);
    server.signal("TERM");
    assert!(server.wait().success());
}
