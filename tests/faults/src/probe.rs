//! One sender that asks again and again and keeps the time of each answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::load::Times;
use crate::oracle::lock;
use crate::wire::{self, Connection};

const BEFORE: &str = "Group.CallbackBeforeCreateTopic";
const EVERY: Duration = Duration::from_millis(5);

/// Sends before-callbacks, which wait for no disk. Dropping it stops it too.
pub(crate) struct Probe {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// Answers with 200, and how many asked in vain.
    times: Mutex<(Times, u64)>,
}

impl Probe {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let shared = Arc::new(Shared::default());
        let keep = shared.clone();
        Self { shared, thread: Some(thread::spawn(move || keep.ask(address))) }
    }

    /// How long the answers took, and how many were none.
    pub(crate) fn stop(mut self) -> (Times, u64) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the probe panicked");
        }
        std::mem::take(&mut *lock(&self.shared.times))
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn ask(&self, address: SocketAddr) {
        let body = format!(
            r#"{{"CallbackCommand":"{BEFORE}","Operator_Account":"mira","Type":"Community","Name":"Weekend rides"}}"#
        );
        let request = wire::post(&format!("/?{}", wire::query(BEFORE)), &body);
        let mut kept = None;
        while !self.stop.load(Ordering::Relaxed) {
            thread::sleep(EVERY);
            let began = Instant::now();
            let Some(mut connection) = kept.take().or_else(|| Connection::open(address).ok())
            else {
                lock(&self.times).1 += 1;
                continue;
            };
            match connection.exchange(&request) {
                Ok(reply) if reply.status == 200 => {
                    lock(&self.times).0.add(began.elapsed());
                    kept = Some(connection).filter(|connection| !connection.last);
                }
                _ => lock(&self.times).1 += 1,
            }
        }
    }
}
