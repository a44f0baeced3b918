//! What one batch is going to add to the file, as bytes that tell by themselves whether they are whole.

use std::ops::Range;

use bytes::Buf;

/// The id of a record within its lane: its callback's.
pub(super) type Id = [u8; 16];

/// Records that one batch may have.
pub(super) const OWN_MAX: usize = 1024;
/// Earlier ids that a batch carries along: more than a crash can bring back of what was settled already.
pub(super) const CARRIED: usize = 128;
/// Bytes of a handler's name.
const NAME_MAX: usize = 1024;
/// Bytes of one slot: an intent, and at its end the mark of its completion.
pub(super) const SLOT: usize = 20 * 1024;
/// Bytes of the mark.
const MARK: usize = 16;

const MAGIC: [u8; 8] = *b"SWINTNT1";

/// The data of one batch, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Intent {
    /// Counts the batches of a file; the highest is the last one.
    pub(super) sequence: u64,
    /// The handler whose records they are.
    pub(super) handler: String,
    /// The number of the file in its file system: another one is another file.
    pub(super) inode: u64,
    /// Where the data begins.
    pub(super) offset: u64,
    /// Bytes of data.
    pub(super) length: u64,
    /// The checksum of the data.
    pub(super) checksum: u32,
    /// The ids of earlier records of the handler that are in the file already.
    pub(super) carried: Vec<Id>,
    /// The ids of the records of this batch.
    pub(super) own: Vec<Id>,
}

impl Intent {
    /// Its bytes, at most a slot without its mark. None: the handler's name or the ids are too many.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let fits = self.handler.len() <= NAME_MAX
            && self.own.len() <= OWN_MAX
            && self.own.len() + self.carried.len() <= OWN_MAX + CARRIED;
        if !fits {
            return None;
        }
        let mut bytes = Vec::with_capacity(SLOT);
        bytes.extend_from_slice(&MAGIC);
        for count in [self.handler.len(), self.carried.len(), self.own.len()] {
            bytes.extend_from_slice(&u32::try_from(count).ok()?.to_le_bytes());
        }
        bytes.extend_from_slice(&self.checksum.to_le_bytes());
        for number in [self.sequence, self.inode, self.offset, self.length] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(self.handler.as_bytes());
        self.carried.iter().chain(&self.own).for_each(|id| bytes.extend_from_slice(id));
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        Some(bytes)
    }

    /// The intent at the start of a slot. None: there is none, or it is torn.
    pub(super) fn decode(slot: &[u8]) -> Option<Self> {
        let rest = &mut slot.strip_prefix(&MAGIC)?;
        let (name, carried, own) = (take_count(rest)?, take_count(rest)?, take_count(rest)?);
        let checksum = rest.try_get_u32_le().ok()?;
        let (sequence, inode) = (rest.try_get_u64_le().ok()?, rest.try_get_u64_le().ok()?);
        let (offset, length) = (rest.try_get_u64_le().ok()?, rest.try_get_u64_le().ok()?);
        let handler = rest.split_off(..name)?;
        let (carried, own) = (take_ids(rest, carried)?, take_ids(rest, own)?);
        let whole = crc32fast::hash(slot.get(..slot.len() - rest.len())?);
        let handler = String::from_utf8(handler.to_vec()).ok()?;
        (rest.try_get_u32_le().ok()? == whole).then_some(Self {
            sequence,
            handler,
            inode,
            offset,
            length,
            checksum,
            carried,
            own,
        })
    }

    /// Whether a slot holds the beginning of an intent, whole or torn.
    pub(super) fn begins(slot: &[u8]) -> bool {
        slot.starts_with(&MAGIC)
    }

    /// Where the data ends.
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// What at the start of a slot makes its intent unreadable, in one sector so that it cannot be torn.
pub(super) const VOID: [u8; MAGIC.len()] = [0; MAGIC.len()];

/// The place of the mark in a slot.
pub(super) const MARK_AT: Range<usize> = SLOT - MARK..SLOT;

/// The mark that says: the data of this batch is complete.
pub(super) fn mark(sequence: u64) -> [u8; MARK] {
    let mut bytes = [0; MARK];
    let number = sequence.to_le_bytes();
    bytes[..8].copy_from_slice(&number);
    bytes[8..12].copy_from_slice(&crc32fast::hash(&number).to_le_bytes());
    bytes
}

fn take_count(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(bytes.try_get_u32_le().ok()?).ok()
}

fn take_ids(bytes: &mut &[u8], count: usize) -> Option<Vec<Id>> {
    let ids = bytes.split_off(..count.checked_mul(size_of::<Id>())?)?;
    Some(ids.as_chunks().0.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(own: usize, carried: usize) -> Intent {
        let id = |n: usize| n.to_le_bytes().repeat(2).try_into().expect("16 bytes");
        Intent {
            sequence: 7,
            handler: "audit".into(),
            inode: 11,
            offset: 13,
            length: 17,
            checksum: 19,
            carried: (0..carried).map(id).collect(),
            own: (5000..5000 + own).map(id).collect(),
        }
    }

    #[test]
    fn the_largest_intent_fits_beside_the_mark_and_comes_back() {
        let mut largest = intent(OWN_MAX, CARRIED);
        largest.handler = "h".repeat(NAME_MAX);
        let bytes = largest.encode().expect("fits");
        assert!(bytes.len() <= MARK_AT.start, "{}", bytes.len());
        assert_eq!(Intent::decode(&bytes), Some(largest.clone()));
        largest.handler.push('h');
        assert_eq!(largest.encode(), None);
        assert_eq!(intent(OWN_MAX + 1, 0).encode(), None);
        assert_eq!(intent(OWN_MAX, CARRIED + 1).encode(), None);
    }

    #[test]
    fn an_intent_that_is_torn_or_bent_at_any_byte_is_none() {
        let bytes = intent(3, 2).encode().expect("fits");
        for cut in 0..bytes.len() {
            assert_eq!(Intent::decode(&bytes[..cut]), None, "cut at {cut}");
            let mut torn = bytes[..cut].to_vec();
            torn.resize(SLOT, 0);
            assert_eq!(Intent::decode(&torn), None, "torn at {cut}");
            let mut bent = bytes.clone();
            bent[cut] ^= 0x10;
            assert_eq!(Intent::decode(&bent), None, "bent at {cut}");
        }
    }

    #[test]
    fn an_older_intent_does_not_shine_through_a_torn_one() {
        let mut newer = intent(4, 1);
        newer.sequence = 8;
        let (old, new) = (intent(3, 2).encode().expect("fits"), newer.encode().expect("fits"));
        for cut in 1..new.len() {
            let mut slot = old.clone();
            slot.resize(SLOT, 0);
            slot[..cut].copy_from_slice(&new[..cut]);
            let read = Intent::decode(&slot);
            assert!(read.is_none() || read == Intent::decode(&old), "cut at {cut}: {read:?}");
        }
    }
}
