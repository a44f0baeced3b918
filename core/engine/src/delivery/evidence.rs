//! Tells failures of a target from failures of single records: a conversation that fails while the target takes others says
//! nothing about the target, however often it fails.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use switchhook_api::Record;
use switchhook_api::journal::Position;

/// Records and conversations that are remembered at most. What is forgotten counts as evidence again.
const REMEMBERED_MAX: usize = 10_000;

/// A record as the evidence knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Who {
    /// Its conversation, or itself where it has none.
    key: u64,
    record: (usize, u64),
}

impl Who {
    /// A record of the lane with this seat.
    pub(super) fn new(seat: usize, position: Position, record: &Record) -> Self {
        let id = (seat, position.0);
        // The top bit keeps a record without a key apart from all keys, whose hashes have 63 bits.
        let own = || (1 << 63) | position.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seat as u64;
        Self { key: record.key.as_deref().map_or_else(own, hash), record: id }
    }
}

/// In 63 bits.
fn hash(key: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(key) >> 1
}

/// What the failures since the last answer say about a target.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Records that failed since the last answer: each counts once.
    failed: HashSet<(usize, u64)>,
    /// Their conversations.
    keys: HashSet<u64>,
    /// Conversations that failed while the target took others, and in which order that was found out.
    alone: HashMap<u64, u64>,
    order: BTreeMap<u64, u64>,
    found: u64,
    forgotten: u64,
}

impl Evidence {
    /// Whether this record is known to fail while the target takes others.
    pub(super) fn is_alone(&self, who: &Who) -> bool {
        self.alone.contains_key(&who.key)
    }

    /// These failed together. True if that speaks of the target: one of them has not failed since the last answer, and its
    /// conversation is not known to fail alone.
    pub(super) fn failed(&mut self, all: impl IntoIterator<Item = Who>) -> bool {
        let mut speaks = false;
        for who in all {
            if self.is_alone(&who) {
                continue;
            }
            if self.failed.len() < REMEMBERED_MAX {
                self.keys.insert(who.key);
                speaks |= self.failed.insert(who.record);
            } else {
                self.forgotten += 1;
                speaks = true;
            }
        }
        speaks
    }

    /// The target accepted or refused these, in this order: those that failed before one of them fail alone. The records are
    /// not looked at unless something has failed.
    pub(super) fn answered(&mut self, all: impl IntoIterator<Item = Who>) {
        if self.failed.is_empty() && self.alone.is_empty() {
            return;
        }
        for who in all {
            self.failed.clear();
            self.keys.remove(&who.key);
            for key in std::mem::take(&mut self.keys) {
                self.note_alone(key);
            }
            if let Some(number) = self.alone.remove(&who.key) {
                self.order.remove(&number);
            }
        }
    }

    fn note_alone(&mut self, key: u64) {
        self.found += 1;
        if let Some(before) = self.alone.insert(key, self.found) {
            self.order.remove(&before);
        }
        self.order.insert(self.found, key);
        if self.order.len() > REMEMBERED_MAX
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.alone.remove(&oldest);
            self.forgotten += 1;
        }
    }

    /// How often something had to be forgotten since this was asked last.
    pub(super) fn forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(key: u64, record: u64) -> Who {
        Who { key, record: (0, record) }
    }

    #[test]
    fn each_record_counts_once_until_the_target_answers() {
        let mut evidence = Evidence::default();
        assert!(evidence.failed([who(1, 1)]));
        assert!(!evidence.failed([who(1, 1)]), "the same record again");
        assert!(evidence.failed([who(2, 2)]));
        assert!(evidence.failed([who(1, 3)]), "another record of that conversation");
        evidence.answered([who(3, 4)]);
        for (key, record) in [(1, 1), (2, 2), (1, 5)] {
            assert!(evidence.is_alone(&who(key, record)));
            assert!(!evidence.failed([who(key, record)]), "the target took another one: {key}");
        }
        assert!(evidence.failed([who(4, 6)]));
    }

    #[test]
    fn a_conversation_that_succeeds_is_evidence_again() {
        let mut evidence = Evidence::default();
        evidence.failed([who(1, 1)]);
        evidence.answered([who(1, 1)]);
        assert!(!evidence.is_alone(&who(1, 1)), "nothing else was taken meanwhile");
        evidence.failed([who(1, 2)]);
        evidence.answered([who(2, 3)]);
        assert!(evidence.is_alone(&who(1, 2)));
        evidence.answered([who(1, 2)]);
        assert!(!evidence.is_alone(&who(1, 2)));
        assert!(evidence.failed([who(1, 4)]));
    }

    #[test]
    fn what_fails_together_counts_if_one_of_it_does() {
        let mut evidence = Evidence::default();
        evidence.failed([who(1, 1)]);
        evidence.answered([who(2, 2)]);
        assert!(!evidence.failed([who(1, 1), who(1, 3)]));
        assert!(evidence.failed([who(1, 1), who(4, 4)]));
    }

    #[test]
    fn it_remembers_only_so_many() {
        let mut evidence = Evidence::default();
        let many = REMEMBERED_MAX as u64 + 500;
        for number in 0..many {
            assert!(evidence.failed([who(number, number)]), "{number}");
            evidence.answered([who(u64::MAX, 0)]);
        }
        assert_eq!((evidence.alone.len(), evidence.order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
        assert_eq!((evidence.forgotten(), evidence.forgotten()), (500, 0));
        assert!(!evidence.is_alone(&who(0, 0)) && evidence.is_alone(&who(many - 1, 0)));
        for number in 0..many {
            assert!(evidence.failed([who(many + number, number)]), "{number}");
        }
        assert_eq!((evidence.failed.len(), evidence.forgotten()), (REMEMBERED_MAX, 500));
    }
}
