//! Senders on kept connections, each in a thread of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::oracle::{Oracle, lock};
use crate::wire::{Broken, Connection};

/// How long a sender waits before it tries a server again that is not there.
const PAUSE: Duration = Duration::from_millis(2);
/// Failed exchanges that are remembered one by one.
const BREAKS_MAX: usize = 10_000;

/// Who sends, and how fast.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) senders: usize,
    /// Of all senders together, in a second; none: as fast as they are answered.
    pub(crate) rate: Option<u32>,
}

/// Senders under way. Dropping it stops them too.
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    oracle: Arc<Oracle>,
    address: Mutex<Option<SocketAddr>>,
    stop: AtomicBool,
    tally: Mutex<Tally>,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Tally {
    /// How long answers took, by their status.
    pub(crate) answers: BTreeMap<u16, Times>,
    /// Exchanges without a whole answer.
    pub(crate) broken: u64,
    pub(crate) breaks: Vec<Break>,
}

/// An exchange without a whole answer.
pub(crate) struct Break {
    pub(crate) number: u64,
    pub(crate) broken: Broken,
}

impl Load {
    pub(crate) fn start(oracle: &Arc<Oracle>, plan: Plan) -> Self {
        let shared = Arc::new(Shared {
            oracle: oracle.clone(),
            address: Mutex::default(),
            stop: AtomicBool::new(false),
            tally: Mutex::default(),
        });
        let threads = (0..plan.senders).map(|index| {
            let shared = shared.clone();
            let work = move || shared.send(Pace::of(plan, index));
            thread::Builder::new().stack_size(256 << 10).spawn(work).expect("a thread")
        });
        Self { threads: threads.collect(), shared }
    }

    /// From now on, this is the server. Connections to another one are given up once they break.
    pub(crate) fn point_at(&self, address: SocketAddr) {
        *lock(&self.shared.address) = Some(address);
    }

    /// Takes what was counted so far.
    pub(crate) fn take_tally(&self) -> Tally {
        std::mem::take(&mut *lock(&self.shared.tally))
    }

    pub(crate) fn stop(mut self) -> Tally {
        self.end();
        self.take_tally()
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("a sender panicked");
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

/// One request that was answered OK, in seconds since 1970.
pub(crate) struct Kept {
    pub(crate) began: f64,
    pub(crate) ended: f64,
}

/// Sends `each` events from each of `senders`, one after the other; a sender whose connection breaks ends early.
/// Returns those that were answered OK.
pub(crate) fn send_some(
    oracle: &Oracle,
    address: SocketAddr,
    senders: usize,
    each: usize,
) -> Vec<Kept> {
    thread::scope(|scope| {
        let work = || send_each(oracle, address, each);
        let threads: Vec<_> = (0..senders).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a sender panicked")).collect()
    })
}

fn send_each(oracle: &Oracle, address: SocketAddr, each: usize) -> Vec<Kept> {
    let mut kept = Vec::new();
    let Ok(mut connection) = Connection::open(address) else { return kept };
    for _ in 0..each {
        let number = oracle.next();
        let request = oracle.request(number);
        let began = wall();
        let Ok(reply) = connection.exchange(&request) else { break };
        if reply.status == 200 {
            oracle.acknowledge(number);
            kept.push(Kept { began, ended: wall() });
        }
        if connection.last {
            break;
        }
    }
    kept
}

/// Seconds since 1970.
fn wall() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// When one sender's next request is due.
pub(crate) struct Pace {
    due: Instant,
    every: Option<Duration>,
}

impl Pace {
    pub(crate) fn of(plan: Plan, index: usize) -> Self {
        let count = u32::try_from(plan.senders).unwrap_or(u32::MAX);
        let every = plan.rate.map(|rate| Duration::from_secs(1) * count / rate.max(1));
        let offset = every.map_or(Duration::ZERO, |every| {
            every * u32::try_from(index).unwrap_or_default() / count.max(1)
        });
        Self { due: Instant::now() + offset, every }
    }

    pub(crate) fn wait(&mut self) {
        let Some(every) = self.every else { return };
        let now = Instant::now();
        thread::sleep(self.due.saturating_duration_since(now));
        // What could not be sent in time is left out, not made up for.
        self.due = (self.due + every).max(now);
    }
}

impl Shared {
    fn send(&self, mut pace: Pace) {
        let mut kept: Option<Connection> = None;
        while !self.stop.load(Ordering::Relaxed) {
            pace.wait();
            let Some(mut connection) = kept.take().or_else(|| self.connect()) else {
                thread::sleep(PAUSE);
                continue;
            };
            let number = self.oracle.next();
            let request = self.oracle.request(number);
            let began = Instant::now();
            match connection.exchange(&request) {
                Ok(reply) => {
                    if reply.status == 200 {
                        self.oracle.acknowledge(number);
                    }
                    lock(&self.tally).answer(reply.status, began.elapsed());
                    kept = Some(connection).filter(|connection| !connection.last);
                }
                Err(broken) => lock(&self.tally).break_off(Break { number, broken }),
            }
        }
    }

    fn connect(&self) -> Option<Connection> {
        let address = *lock(&self.address);
        Connection::open(address?).ok()
    }
}

impl Tally {
    fn answer(&mut self, status: u16, took: Duration) {
        self.answers.entry(status).or_default().add(took);
    }

    fn break_off(&mut self, one: Break) {
        self.broken += 1;
        if self.breaks.len() < BREAKS_MAX {
            self.breaks.push(one);
        }
    }

    /// How many answers had this status.
    pub(crate) fn count(&self, status: u16) -> u64 {
        self.answers.get(&status).map_or(0, Times::count)
    }

    /// The slowest of all answers.
    pub(crate) fn slowest(&self) -> Duration {
        self.answers.values().map(|times| times.slowest).max().unwrap_or_default()
    }
}

/// Times in steps of a millisecond.
#[derive(Default)]
pub(crate) struct Times {
    counts: BTreeMap<u64, u64>,
    pub(crate) slowest: Duration,
}

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        let step = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        *self.counts.entry(step).or_default() += 1;
        self.slowest = self.slowest.max(time);
    }

    pub(crate) fn join(&mut self, other: &Self) {
        for (step, count) in &other.counts {
            *self.counts.entry(*step).or_default() += count;
        }
        self.slowest = self.slowest.max(other.slowest);
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The time that this share of all stays below, rounded up.
    pub(crate) fn percentile(&self, percent: u64) -> Duration {
        let wanted = (self.count() * percent).div_ceil(100);
        let mut seen = 0;
        let found = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen >= wanted
        });
        found.map_or(Duration::ZERO, |(step, _)| Duration::from_millis(step + 1))
    }
}
