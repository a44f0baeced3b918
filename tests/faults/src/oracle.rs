//! What was answered as kept, compared with what was delivered.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::report::Findings;
use crate::wire;

/// The commands that are counted.
pub(crate) const TOPIC: &str = "Group.CallbackAfterTopicInfoChanged";
/// Its events say by themselves which of them are the same.
pub(crate) const MESSAGE: &str = "C2C.CallbackAfterSendMsg";

/// One bit for each number; grows as needed.
#[derive(Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// Whether it was not set before.
    fn set(&mut self, number: u64) -> bool {
        let (index, mask) = place(number);
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        let Some(word) = self.0.get_mut(index) else { return false };
        let new = *word & mask == 0;
        *word |= mask;
        new
    }

    fn has(&self, number: u64) -> bool {
        let (index, mask) = place(number);
        self.0.get(index).is_some_and(|word| word & mask != 0)
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.0.len() as u64 * 64).filter(|number| self.has(*number))
    }
}

/// The conversation of an event, one of ninety-seven.
pub(crate) fn group_of(number: u64) -> u64 {
    number % 97
}

fn place(number: u64) -> (usize, u64) {
    (usize::try_from(number / 64).unwrap_or(usize::MAX), 1 << (number % 64))
}

/// Knows every event that was sent, by number, and which of them were answered OK.
pub(crate) struct Oracle {
    run: u64,
    command: &'static str,
    /// Comes last in the query of each request.
    signature: String,
    next: AtomicU64,
    acknowledged: Mutex<Bits>,
}

impl Oracle {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Self::of(seed, TOPIC, String::new())
    }

    pub(crate) fn of(seed: u64, command: &'static str, signature: String) -> Arc<Self> {
        let (next, acknowledged) = (AtomicU64::new(0), Mutex::default());
        Arc::new(Self { run: seed, command, signature, next, acknowledged })
    }

    /// The number of a new event.
    pub(crate) fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// How many events were made.
    pub(crate) fn made(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// The body of an event: the same text whenever it is asked for, so that a delivery can be compared byte for byte.
    pub(crate) fn body(&self, number: u64) -> String {
        let (run, group, command) = (self.run, group_of(number), self.command);
        let pad = "0123456789abcdef".repeat(usize::try_from(number % 7).unwrap_or_default());
        match command {
            MESSAGE => format!(
                r#"{{"CallbackCommand":"{command}","From_Account":"a{group}","To_Account":"b","MsgSeq":7,"MsgRandom":7,"MsgTime":1557481126,"SendMsgResult":0,"MsgKey":"{run:x}-{number}-{pad}"}}"#
            ),
            _ => format!(
                r#"{{"CallbackCommand":"{command}","GroupId":"@TGS#_g{group}","Type":"Community","Operator_Account":"alice","Name":"{run:x}-{number}-{pad}"}}"#
            ),
        }
    }

    /// The whole request of an event.
    pub(crate) fn request(&self, number: u64) -> Vec<u8> {
        self.request_signed(number, &self.signature)
    }

    pub(crate) fn request_signed(&self, number: u64, signature: &str) -> Vec<u8> {
        wire::post(&format!("/?{}{signature}", wire::query(self.command)), &self.body(number))
    }

    /// To be called only once our 200 has been read in full.
    pub(crate) fn acknowledge(&self, number: u64) {
        lock(&self.acknowledged).set(number);
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        lock(&self.acknowledged).count()
    }

    /// The number of the event whose body this is, byte for byte.
    fn number_of(&self, body: &[u8]) -> Option<u64> {
        let number = number_in(body)?;
        (number < self.made() && self.body(number).as_bytes() == body).then_some(number)
    }

    /// What was answered OK against what a sink got.
    pub(crate) fn compare(&self, sink: &Sink) -> Compared {
        let (acknowledged, inner) = (lock(&self.acknowledged), lock(&sink.inner));
        let missing = || acknowledged.iter().filter(|number| !inner.once.has(*number));
        Compared {
            acknowledged: acknowledged.count(),
            delivered: inner.once.count(),
            lost: missing().count() as u64,
            first_lost: missing().next(),
            doubled: inner.doubled,
            strange: inner.strange,
        }
    }

    /// Reports what a sink got: nothing lost, nothing torn or unknown, at most `doubled` more than once.
    pub(crate) fn judge(&self, sink: &Sink, doubled: u64, findings: &mut Findings) {
        self.compare(sink).judge(&sink.name, doubled, findings);
    }
}

/// How deliveries differ from what was answered OK.
#[derive(Clone, Copy, Default)]
pub(crate) struct Compared {
    pub(crate) acknowledged: u64,
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
    pub(crate) first_lost: Option<u64>,
    pub(crate) doubled: u64,
    /// Torn, or never sent.
    pub(crate) strange: u64,
}

impl Compared {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            acknowledged: self.acknowledged + other.acknowledged,
            delivered: self.delivered + other.delivered,
            lost: self.lost + other.lost,
            first_lost: self.first_lost.or(other.first_lost),
            doubled: self.doubled + other.doubled,
            strange: self.strange + other.strange,
        }
    }

    pub(crate) fn judge(self, name: &str, doubled: u64, findings: &mut Findings) {
        findings.note(&format!("{name} delivered"), self.delivered);
        findings.at_most(&format!("{name} lost"), self.lost, 0);
        if let Some(first) = self.first_lost {
            findings.note(&format!("{name} first lost"), first);
        }
        findings.at_most(&format!("{name} doubled"), self.doubled, doubled);
        findings.at_most(&format!("{name} torn or never sent"), self.strange, 0);
    }
}

/// The number that a body claims to have.
pub(crate) fn number_in(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, name) = text.rsplit_once(":\"")?; // the last field
    name.split('-').nth(1)?.parse().ok()
}

/// One place that deliveries arrive at.
pub(crate) struct Sink {
    name: String,
    oracle: Arc<Oracle>,
    inner: Mutex<Delivered>,
}

#[derive(Default)]
struct Delivered {
    once: Bits,
    doubled: u64,
    strange: u64,
}

impl Sink {
    pub(crate) fn new(name: &str, oracle: &Arc<Oracle>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), oracle: oracle.clone(), inner: Mutex::default() })
    }

    /// Counts one delivered body.
    pub(crate) fn deliver(&self, body: &[u8]) {
        let number = self.oracle.number_of(body);
        let mut inner = lock(&self.inner);
        match number {
            Some(number) => {
                if !inner.once.set(number) {
                    inner.doubled += 1;
                }
            }
            None => inner.strange += 1,
        }
    }

    /// Counts every line of a file that nobody writes to any more; a missing one has none. What stands behind the last
    /// line break counts as torn.
    pub(crate) fn deliver_file(&self, path: &Path) -> io::Result<u64> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut reader = BufReader::new(file);
        let (mut line, mut lines) = (Vec::new(), 0);
        while reader.read_until(b'\n', &mut line)? > 0 {
            match line.strip_suffix(b"\n") {
                Some(body) => self.deliver(body),
                None => lock(&self.inner).strange += 1,
            }
            lines += 1;
            line.clear();
        }
        Ok(lines)
    }

    pub(crate) fn doubled(&self) -> u64 {
        lock(&self.inner).doubled
    }

    /// The number of the event whose body this is, byte for byte.
    pub(crate) fn number_of(&self, body: &[u8]) -> Option<u64> {
        self.oracle.number_of(body)
    }

    pub(crate) fn has(&self, number: u64) -> bool {
        lock(&self.inner).once.has(number)
    }
}

/// What a panic elsewhere left behind is still good to be counted.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
