//! Its statistics and marks.

use switchhook_api::journal::{Appended, Position, Stats, Verified};

use super::Store;
use super::upkeep::ENTRY_BYTES;

impl Store {
    pub(in super::super) fn stats(&self) -> Stats {
        let (first, last) = (self.entries.first_key_value(), self.entries.last_key_value());
        let bytes = self.entries.values().map(|kept| kept.event.body.len() + ENTRY_BYTES);
        Stats {
            events: self.entries.len() as u64,
            first: first.map(|(position, _)| Position(*position)),
            last: last.map(|(position, _)| Position(*position)),
            oldest: first.map(|(_, kept)| kept.at),
            newest: last.map(|(_, kept)| kept.at),
            bytes: bytes.sum::<usize>() as u64,
            free: 0,
            dead_letters: self.dead.len() as u64,
            open: self.lanes.values().map(|kept| kept.rows.len() as u64).sum(),
            format: 0,
        }
    }

    /// Marks callbacks that were persisted late, and returns their number.
    pub(in super::super) fn mark_late(&mut self, appended: &[Appended]) -> u64 {
        let mut marked = 0;
        for one in appended {
            if let Appended::Kept(position) = one
                && let Some(entry) = self.entries.get_mut(&position.0)
            {
                entry.event.persisted_late = true;
                marked += 1;
            }
        }
        marked
    }

    /// Memory is always intact.
    pub(in super::super) fn verify(&self) -> Verified {
        let records = self.records.values().map(|records| records.len() as u64).sum();
        Verified { events: self.entries.len() as u64, records, ..Verified::default() }
    }
}
