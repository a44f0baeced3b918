//! The table of scenarios, and what all of them have in common.

mod backlog;
mod bad_replies;
mod bit_rot;
mod clock;
mod disk_full;
mod displaced;
mod duplicates;
mod failing_disk;
mod hung_disk;
mod isolation;
mod kill_loop;
pub(crate) mod poison;
mod poisoned_target;
mod power_cut;
mod rotation;
mod sigterm;
mod slow_disk;
mod soak;
mod sync_fails;
mod syscalls;

use std::path::PathBuf;

use fastrand::Rng;

use crate::report::{Findings, Stop};

/// One way to break the server.
pub(crate) struct Scenario {
    /// Its row in the scorecard.
    pub(crate) row: &'static str,
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Whether it is short enough to be run with every change.
    pub(crate) in_ci: bool,
    pub(crate) run: fn(&Setting, &mut Findings) -> Result<(), Stop>,
}

const fn scenario(
    row: &'static str,
    name: &'static str,
    about: &'static str,
    run: fn(&Setting, &mut Findings) -> Result<(), Stop>,
) -> Scenario {
    Scenario { row, name, about, in_ci: true, run }
}

#[rustfmt::skip] // one line each
pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("R01", "kill-loop", "kill -9 at random moments among 16 senders", kill_loop::run),
    scenario("R02", "power-cut", "power cuts with unsynced writes lost, torn and reordered", power_cut::run),
    scenario("R03", "every-syscall", "SIGKILL at each write, sync, rename, unlink, truncate of a small run", syscalls::run),
    scenario("R04", "sync-fails", "the N-th sync or write of journal and file fails", sync_fails::run),
    scenario("R04b", "failing-disk", "a disk that refuses to write, sync, read or name, under load", failing_disk::run),
    scenario("R05", "disk-full", "the journal's disk is full, and has room again", disk_full::run),
    scenario("R06", "slow-disk", "each sync takes half a second longer", slow_disk::run),
    scenario("R06b", "hung-disk", "a disk that stands still under load and while the server stops", hung_disk::run),
    scenario("R07", "bit-rot", "flipped bits, cut, swapped and missing files of the store", bit_rot::run),
    scenario("R15", "isolation", "seven webhooks beside one that hangs, one that fails and one that is slow", isolation::run),
    scenario("R17", "bad-replies", "targets that answer with too much, too slowly or with something else", bad_replies::run),
    scenario("R19", "poison", "callbacks that a handler panics at or rejects", poison::run),
    scenario("R19b", "poisoned-target", "a target that fails some conversations and takes the others", poisoned_target::run),
    scenario("R21", "sigterm", "told to stop under load", sigterm::run),
    scenario("R23", "rotation", "the file is renamed at 1,000 lines a second, a link put in its place", rotation::run),
    scenario("R24", "clock", "the time of day jumps by hours and days while retries wait", clock::run),
    scenario("R26", "duplicates", "the same event again, and many events with one signature", duplicates::run),
    Scenario { in_ci: false, ..scenario("R28", "soak", "an hour at half capacity with a fault a minute; --minutes, --rate", soak::run) },
    scenario("R29", "big-backlog", "a million events wait when the server starts", backlog::run),
    scenario("R30", "displaced", "the journal's files moved, covered, replaced or removed under load", displaced::run),
];

/// How a scenario is to be run.
pub(crate) struct Setting {
    pub(crate) program: PathBuf,
    pub(crate) campaign: bool,
    /// All chance comes from here.
    pub(crate) seed: u64,
    pub(crate) minutes: Option<u64>,
    pub(crate) rate: Option<u32>,
}

impl Setting {
    /// A new seed, the small counts, and the program beside our own.
    pub(crate) fn new() -> Self {
        let own = std::env::current_exe().unwrap_or_default();
        let program = own.with_file_name("switchhook");
        let seed = fastrand::u64(..1_000_000_000);
        Self { program, campaign: false, seed, minutes: None, rate: None }
    }

    pub(crate) fn is_campaign(&self) -> bool {
        self.campaign
    }

    pub(crate) fn pick<T>(&self, ci: T, campaign: T) -> T {
        if self.campaign { campaign } else { ci }
    }

    pub(crate) fn rng(&self) -> Rng {
        Rng::with_seed(self.seed)
    }
}
