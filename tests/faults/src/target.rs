//! A webhook's target that answers as it is told.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::oracle::{Sink, lock};
use crate::wire;

/// What a target does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Answers with this status. Only what is answered with 200 counts as delivered.
    Status(u16),
    /// Answers the first so many attempts of each event with 500, later ones with 200. Remembers all attempts.
    FailFirst(usize),
    /// Answers every attempt at an event of a [`poisoned`] conversation with 500, all others with 200. Remembers all attempts.
    FailPoisoned,
    /// Keeps silent until it is told something else; then it closes the connection.
    Hang,
}

/// Whether an event belongs to one of the conversations that [`Answer::FailPoisoned`] fails: ten of ninety-seven.
pub(crate) fn poisoned(number: u64) -> bool {
    crate::oracle::group_of(number) % 10 == 3
}

/// One attempt, as it arrived.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) at: Instant,
    /// By how many seconds the sender's clock is off.
    pub(crate) off: i64,
}

/// Dropping it closes its port and its connections.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    sink: Arc<Sink>,
    answer: Mutex<Answer>,
    changed: Condvar,
    attempts: AtomicU64,
    remembered: Mutex<BTreeMap<u64, Vec<Attempt>>>,
    closed: AtomicBool,
}

impl Target {
    /// One that answers everything with 200.
    pub(crate) fn start(sink: &Arc<Sink>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            sink: sink.clone(),
            answer: Mutex::new(Answer::Status(200)),
            changed: Condvar::new(),
            attempts: AtomicU64::new(0),
            remembered: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let keep = shared.clone();
        thread::spawn(move || keep.listen(&listener));
        Ok(Self { address, shared })
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *lock(&self.shared.answer) = answer;
        self.shared.changed.notify_all();
    }

    /// How many requests came, whatever they were answered with.
    pub(crate) fn attempts(&self) -> u64 {
        self.shared.attempts.load(Ordering::Relaxed)
    }

    /// The attempts of each event while `FailFirst` or `FailPoisoned` was in force.
    pub(crate) fn remembered(&self) -> BTreeMap<u64, Vec<Attempt>> {
        lock(&self.shared.remembered).clone()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.answer(Answer::Status(503));
        // Wakes the thread that accepts; it may be gone already.
        _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.closed.load(Ordering::Relaxed) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let shared = self.clone();
            // A connection ends with an error when the server is killed.
            thread::spawn(move || _ = shared.serve(stream));
        }
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut writer = stream.try_clone()?;
        let mut reader = BufReader::new(stream);
        while let Some(head) = wire::read_head(&mut reader, &mut 0)? {
            let body = wire::read_body(&mut reader, &head)?;
            self.attempts.fetch_add(1, Ordering::Relaxed);
            let Some(status) = self.status(&head, &body) else { return Ok(()) };
            if status == 200 {
                self.sink.deliver(&body);
            }
            write!(writer, "HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nhi")?;
        }
        Ok(())
    }

    /// None: the connection is to be closed without an answer.
    fn status(&self, head: &str, body: &[u8]) -> Option<u16> {
        let answer = lock(&self.answer);
        match *answer {
            Answer::Status(status) => Some(status),
            Answer::FailFirst(count) => {
                let earlier = self.remember(head, body);
                Some(if earlier < count { 500 } else { 200 })
            }
            Answer::FailPoisoned => {
                self.remember(head, body);
                let number = self.sink.number_of(body);
                Some(if number.is_some_and(poisoned) { 500 } else { 200 })
            }
            Answer::Hang => {
                let hung = |now: &mut Answer| *now == Answer::Hang;
                drop(self.changed.wait_while(answer, hung).unwrap_or_else(PoisonError::into_inner));
                None
            }
        }
    }

    /// How many attempts of the same event came before.
    fn remember(&self, head: &str, body: &[u8]) -> usize {
        let Some(number) = self.sink.number_of(body) else { return 0 };
        let stamp = wire::header(head, "webhook-timestamp").and_then(|text| text.parse().ok());
        let off = stamp.map_or(0, |stamp: i64| stamp - now());
        let mut remembered = lock(&self.remembered);
        let attempts = remembered.entry(number).or_default();
        attempts.push(Attempt { at: Instant::now(), off });
        attempts.len() - 1
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
