//! R07: bits of the store flip, its files are cut, swapped and taken away. Either it is refused, or all that comes out of it
//! is what went in.

mod damage;
mod reader;
mod store;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::damage::{DATABASE, Damage, LOG};
use self::reader::Got;
use self::store::Known;
use super::Setting;
use crate::report::{Findings, Stop, failed};

/// Where files cost no disk.
const MEMORY: &str = "/dev/shm";
/// What is said in full of a store that gave something wrong.
const SHOWN_MAX: usize = 3;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let rng = &mut setting.rng();
    let base = tempfile::tempdir_in(MEMORY).or_else(|_| tempfile::tempdir())?;
    let whole = base.path().join("whole");
    let runtime = Runtime::new()?;
    let known = match runtime.block_on(store::build(base.path(), &whole, rng)) {
        Ok(known) => known,
        Err(error) => return failed(format!("the store cannot be made: {error}")),
    };
    let log = usize::try_from(whole.join(LOG).metadata()?.len())?;
    let panics = Panics::count();
    let mut tally = Tally::default();
    for damage in cases(setting, log, rng) {
        let case = Case::new(&base, &whole, damage, rng)?;
        let got = runtime.block_on(reader::read(case.folder.path(), &known, rng.u64(..)));
        tally.add(&case, &got, &known);
        if got.hung {
            break; // it may never be given up
        }
    }
    findings.note("entries", known.last());
    findings.note("damaged stores", tally.all);
    findings.at_most("panics", panics.seen(), 0);
    tally.tell(findings);
    runtime.shutdown_timeout(store::PATIENCE);
    Ok(())
}

/// What is to be done to a store, each to a copy of its own.
fn cases(setting: &Setting, log: usize, rng: &mut Rng) -> Vec<Damage> {
    let (flips, cuts) = setting.pick((300, 60), (10_000, 2000));
    let mut cases = vec![
        Damage::None,
        Damage::Deleted(DATABASE),
        Damage::Deleted(LOG),
        Damage::Deleted("lock"),
        Damage::SwappedFiles,
        Damage::LogCut(0),
    ];
    cases.extend((0..flips).map(|number| match number % 4 {
        0 => Damage::PageHead,
        1 => Damage::LogBit,
        _ => Damage::Bit,
    }));
    cases.extend((0..cuts).map(|_| Damage::LogCut(rng.usize(..log))));
    cases.extend((0..cuts / 4).map(|_| Damage::Cut));
    cases.extend((0..cuts / 4).map(|_| Damage::Swapped));
    cases
}

struct Case {
    folder: TempDir,
    damage: Damage,
    place: String,
}

impl Case {
    fn new(base: &TempDir, whole: &Path, damage: Damage, rng: &mut Rng) -> Result<Self, Stop> {
        let folder = tempfile::tempdir_in(base.path())?;
        let place = damage.done(whole, &folder.path().join("journal"), rng)?;
        Ok(Self { folder, damage, place })
    }
}

/// What came of all of them.
#[derive(Default)]
struct Tally {
    all: u64,
    hung: u64,
    wrong: u64,
    lost: u64,
    unnoticed: u64,
    kinds: BTreeMap<&'static str, Kind>,
    shown: Vec<String>,
}

#[derive(Default)]
struct Kind {
    whole: u64,
    partly: u64,
    refused: u64,
    /// Entries that were missing from one store at most.
    most: usize,
}

impl Tally {
    fn add(&mut self, case: &Case, got: &Got, known: &Known) {
        self.all += 1;
        let missing: Vec<u64> =
            (1..=known.last()).filter(|position| !got.entries.contains(position)).collect();
        let kind = self.kinds.entry(case.damage.word()).or_default();
        match (got.to_the_end, missing.is_empty()) {
            (false, _) => kind.refused += 1,
            (true, true) => kind.whole += 1,
            (true, false) => kind.partly += 1,
        }
        if got.to_the_end {
            kind.most = kind.most.max(missing.len());
        }
        self.hung += u64::from(got.hung);
        // What the log had is lost with it, and only that.
        let too_much = case.damage.spares_database()
            && (!got.to_the_end || missing.iter().any(|position| *position <= known.safe));
        self.lost += u64::from(too_much);
        self.wrong += u64::from(!got.wrong.is_empty());
        // An empty store in the place of a full one would be taken for a good one.
        let unnoticed = case.damage == Damage::Deleted(DATABASE) && got.refused.is_none();
        self.unnoticed += u64::from(unnoticed);
        let bad = unnoticed || too_much || got.hung || !got.wrong.is_empty();
        if bad && self.shown.len() < SHOWN_MAX {
            let (what, place) = (case.damage.word(), &case.place);
            let refused = got.refused.as_deref().unwrap_or("not refused");
            let first: Vec<_> = got.wrong.iter().take(SHOWN_MAX).collect();
            self.shown
                .push(format!("{what} ({place}): {refused}; wrong {first:?}; missing {missing:?}"));
        }
    }

    fn tell(&self, findings: &mut Findings) {
        findings.at_most("stores that did not answer", self.hung, 0);
        findings.at_most("stores that gave something else", self.wrong, 0);
        findings.at_most("stores that lost more than their log", self.lost, 0);
        findings.at_most("databases missing unnoticed", self.unnoticed, 0);
        for (word, Kind { whole, partly, refused, most }) in &self.kinds {
            let mut text = String::new();
            // Writing into a string cannot fail.
            _ = write!(
                text,
                "{whole} whole, {partly} without up to {most} entries, {refused} refused"
            );
            findings.note(word, text);
        }
        for shown in &self.shown {
            findings.note("such as", shown);
        }
    }
}

/// Counts panics, of any thread, while it is there.
struct Panics(Arc<AtomicU64>);

impl Panics {
    fn count() -> Self {
        let seen = Arc::new(AtomicU64::new(0));
        let counter = seen.clone();
        panic::set_hook(Box::new(move |_| _ = counter.fetch_add(1, Ordering::Relaxed)));
        Self(seen)
    }

    fn seen(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        drop(panic::take_hook()); // back to the usual one
    }
}
