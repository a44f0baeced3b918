//! What was answered as kept, compared with what was delivered.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::report::Findings;

/// The command of every callback that is counted.
pub(crate) const COMMAND: &str = "Group.CallbackAfterTopicInfoChanged";

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

fn place(number: u64) -> (usize, u64) {
    (usize::try_from(number / 64).unwrap_or(usize::MAX), 1 << (number % 64))
}

/// Knows every event that was sent, by number, and which of them were answered OK.
pub(crate) struct Oracle {
    run: u64,
    next: AtomicU64,
    acknowledged: Mutex<Bits>,
}

impl Oracle {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self { run: seed, next: AtomicU64::new(0), acknowledged: Mutex::default() })
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
        let (run, group) = (self.run, number % 97);
        let pad = "0123456789abcdef".repeat(usize::try_from(number % 7).unwrap_or_default());
        format!(
            r#"{{"CallbackCommand":"{COMMAND}","GroupId":"@TGS#_g{group}","Type":"Community","Operator_Account":"alice","Name":"{run:x}-{number}-{pad}"}}"#
        )
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

    /// Numbers that were answered OK and are not in `sink`.
    pub(crate) fn lost(&self, sink: &Sink) -> Vec<u64> {
        let (acknowledged, inner) = (lock(&self.acknowledged), lock(&sink.inner));
        acknowledged.iter().filter(|number| !inner.once.has(*number)).collect()
    }

    /// Whether all that was answered OK is in `sink`.
    pub(crate) fn all_in(&self, sink: &Sink) -> bool {
        let (acknowledged, inner) = (lock(&self.acknowledged), lock(&sink.inner));
        let missing =
            acknowledged.0.iter().enumerate().any(|(index, word)| {
                word & !inner.once.0.get(index).copied().unwrap_or_default() != 0
            });
        !missing
    }

    /// Reports what a sink got: nothing lost, nothing torn or unknown, at most `doubled` more than once.
    pub(crate) fn judge(&self, sink: &Sink, doubled: u64, findings: &mut Findings) {
        let (name, lost) = (&sink.name, self.lost(sink));
        let (delivered, twice, strange) = sink.counts();
        findings.note(&format!("{name} delivered"), delivered);
        findings.at_most(&format!("{name} lost"), lost.len() as u64, 0);
        if !lost.is_empty() {
            let first: Vec<_> = lost.iter().take(5).map(u64::to_string).collect();
            findings.note(&format!("{name} first lost"), first.join(","));
        }
        findings.at_most(&format!("{name} doubled"), twice, doubled);
        findings.at_most(&format!("{name} torn or never sent"), strange, 0);
    }
}

/// The number that a body claims to have.
pub(crate) fn number_in(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, name) = text.rsplit_once("\"Name\":\"")?;
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

    /// Counts every line of a file that nobody writes to any more. What stands behind the last line break counts as torn.
    pub(crate) fn deliver_file(&self, path: &Path) -> io::Result<u64> {
        let mut reader = BufReader::new(File::open(path)?);
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

    /// Delivered, doubled, torn or never sent.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let inner = lock(&self.inner);
        (inner.once.count(), inner.doubled, inner.strange)
    }
}

/// What a panic elsewhere left behind is still good to be counted.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
