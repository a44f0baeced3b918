//! What was answered OK is delivered, whole and once, however often the server is killed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::harness::*;

const SENDERS: usize = 16;
const KILLS: usize = 20;

#[test]
fn killed_twenty_times_among_sixteen_senders_nothing_answered_is_lost() {
    let mut folder = Arc::new(folder_with(CONFIG));
    let answered: Arc<Mutex<Vec<String>>> = Arc::default();
    let serial = Arc::new(AtomicUsize::new(0));
    for round in 0..KILLS {
        let server = Server::start_in(folder, |_| ());
        let before = answered.lock().unwrap().len();
        let stop = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                let (stop, answered, serial, address) =
                    (stop.clone(), answered.clone(), serial.clone(), server.address);
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let name = format!("n{}", serial.fetch_add(1, Ordering::Relaxed));
                        let sent = request(
                            "POST",
                            &format!("/?{}", query(TOPIC_CHANGED)),
                            &topic_changed(&name),
                        );
                        match try_exchange(address, &sent) {
                            Some(reply) if reply.status == 200 => {
                                answered.lock().unwrap().push(name);
                            }
                            _ => return,
                        }
                    }
                })
            })
            .collect();
        // Each round dies somewhere else in the stream.
        let wanted = before + 20 + round * 13;
        eventually("some answers", || (answered.lock().unwrap().len() >= wanted).then_some(()));
        folder = server.kill();
        stop.store(true, Ordering::Relaxed);
        for sender in senders {
            sender.join().expect("ended");
        }
    }
    let answered = Arc::try_unwrap(answered).expect("all ended").into_inner().unwrap();
    let server = Server::start_in(folder, |_| ());
    server.lanes_settled();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for line in server.lines("topics.jsonl", answered.len()) {
        let record: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("torn: {line}"));
        let name = record["changes"]["Name"]["new"].as_str().expect("a name").to_owned();
        *seen.entry(name).or_default() += 1;
    }
    let lost: Vec<_> = answered.iter().filter(|name| !seen.contains_key(*name)).collect();
    let doubled: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
    assert!(lost.is_empty(), "answered but not delivered: {lost:?}");
    assert!(doubled.is_empty(), "delivered twice: {doubled:?}");
}
