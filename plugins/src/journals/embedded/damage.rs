//! What was met damaged in reading: counted once, told once.

use std::collections::HashSet;
use std::sync::Mutex;

use super::frame::{Blob, ENTRIES};
use super::locked;
use super::schema::count;

/// Why a damaged item was given up.
pub(super) const DAMAGED: &str = "damaged in the store";
/// Damaged items that are remembered, so that each is counted once; past it nothing more is counted.
const MET_MAX: usize = 10_000;

/// Where a log has its number, for lanes.
const LANES: u64 = u64::MAX;

#[derive(Debug, Default)]
pub(super) struct Damage(Mutex<Met>);

#[derive(Debug, Default)]
struct Met {
    /// By log and position.
    items: HashSet<(u64, u64)>,
    /// Blobs that a line was logged for, by log and first position.
    told: HashSet<(u64, u64)>,
}

impl Met {
    fn add(&mut self, log: u64, position: u64) -> bool {
        self.items.len() < MET_MAX && self.items.insert((log, position))
    }
}

impl Damage {
    /// How many items were met.
    pub(super) fn count(&self) -> u64 {
        locked(&self.0).items.len() as u64
    }

    /// A blob with damaged frames was read: one line for each blob.
    pub(super) fn report(&self, log: u64, blob: &Blob) {
        let mut met = locked(&self.0);
        let damaged = blob.damaged().fold(0, |count, position| {
            met.add(log, position);
            count + 1
        });
        let new = met.told.len() < MET_MAX && met.told.insert((log, blob.first));
        drop(met);
        if new {
            tell(log, blob.first, blob.last, damaged);
        }
    }

    /// Entries are missing, all that lie between these.
    pub(super) fn report_gap(&self, first: u64, last: u64) {
        let mut met = locked(&self.0);
        let new = met.told.len() < MET_MAX && met.told.insert((ENTRIES, first));
        for position in (first..=last).take(MET_MAX) {
            met.add(ENTRIES, position);
        }
        drop(met);
        if new {
            tell(ENTRIES, first, last, last - first + 1);
        }
    }

    /// A lane's own numbers are damaged.
    pub(super) fn count_lane(&self, no: i64) {
        locked(&self.0).add(LANES, count(no));
    }

    /// An item is gone, or its checksum is right and it cannot be read all the same.
    pub(super) fn report_item(&self, log: u64, position: u64) {
        if locked(&self.0).add(log, position) {
            tell(log, position, position, 1);
        }
    }
}

fn tell(log: u64, first: u64, last: u64, damaged: u64) {
    let kind = if log == ENTRIES { "entries" } else { "records" };
    tracing::error!(kind, first, last, damaged, "damaged items in the journal were quarantined");
}
