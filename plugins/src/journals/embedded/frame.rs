//! How entries and records lie in their blobs: frames of `length, checksum, payload`, all numbers little-endian.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use switchhook_api::NewRecord;

use super::queue::BLOB_ENTRIES;

/// The log of entries; the records of a handler have its number.
pub(super) const ENTRIES: u64 = 0;
const HEAD: usize = 8;
/// What the fixed parts of a payload take. Zeros, which damage often leaves, are so no frame with a right checksum.
const ENTRY_MIN: usize = 8;
const RECORD_MIN: usize = 21;
const HAS_KEY: u8 = 1;
const HAS_BODY: u8 = 2;

/// Several frames, stored as one row.
#[derive(Debug)]
pub(super) struct Blob {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Between this position and `first` the log has nothing; equal to `first` where that is not known.
    pub(super) after: u64,
    pub(super) data: Bytes,
    /// By position.
    frames: Vec<Frame>,
}

/// Where a frame's payload lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) position: u64,
    start: usize,
    end: usize,
}

impl Frame {
    fn damaged(position: u64) -> Self {
        Self { position, start: 0, end: 0 }
    }

    /// Whether its checksum is right. Of one that is not, nothing can be read.
    pub(super) fn is_whole(self) -> bool {
        self.end > self.start
    }
}

/// What a frame's head says.
struct Found {
    start: usize,
    end: usize,
    whole: bool,
}

/// One frame, kept alive by its blob.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) blob: Arc<Blob>,
    pub(super) frame: Frame,
}

/// An entry as its frame has it.
pub(super) struct EntryParts {
    pub(super) facts: Bytes,
    pub(super) body: Bytes,
}

/// A record as its frame has it.
pub(super) struct RecordParts<'a> {
    pub(super) key: Option<&'a str>,
    pub(super) summary: &'a str,
    pub(super) facts: &'a [u8],
    /// None: the entry's own.
    pub(super) body: Option<Bytes>,
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}

fn framed(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    for part in parts {
        out.extend_from_slice(part);
    }
    let (head, payload) = out[start..].split_at_mut(HEAD);
    head[..4].copy_from_slice(&length(payload));
    head[4..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
}

/// Appends an entry's frame.
pub(super) fn put_entry(out: &mut Vec<u8>, command: &str, facts: &[u8], body: &[u8]) {
    let command = command.as_bytes();
    framed(out, &[&length(command), &length(facts), command, facts, body]);
}

/// Appends a record's frame; `facts` as the entry's frame has them; without a body it has the entry's.
pub(super) fn put_record(
    out: &mut Vec<u8>,
    position: u64,
    record: &NewRecord,
    body: Option<&Bytes>,
    facts: &[u8],
) {
    let key = record.key.as_deref().unwrap_or_default().as_bytes();
    let summary = record.summary.as_bytes();
    let flags = u8::from(record.key.is_some()) * HAS_KEY + u8::from(body.is_some()) * HAS_BODY;
    let body = body.map(|body| &**body).unwrap_or_default();
    let place = position.to_le_bytes();
    let lengths = [length(key), length(summary), length(facts)].concat();
    framed(out, &[&place, &[flags], &lengths, key, summary, facts, body]);
}

fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(bytes.try_get_u32_le().ok()?).ok()
}

fn take_text<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a str> {
    std::str::from_utf8(bytes.split_off(..count)?).ok()
}

impl Blob {
    /// Finds the frames. Damaged ones have their place among them, as far as it can be told, and nothing in it.
    pub(super) fn read(log: u64, first: u64, last: u64, after: u64, data: Bytes) -> Self {
        let mut blob = Self { first, last, after, data, frames: Vec::new() };
        match log {
            ENTRIES => blob.find_entries(),
            _ => blob.find_records(),
        }
        blob
    }

    /// Entries that are not in the log any more: one damaged frame at the last place stands for all of them, for there may be
    /// any number, as after a damaged one.
    pub(super) fn lost(first: u64, last: u64) -> Self {
        Self { first, last, after: first, data: Bytes::new(), frames: vec![Frame::damaged(last)] }
    }

    /// The places that its only frame stands for, if there are several.
    pub(super) fn gap(&self) -> Option<(u64, u64)> {
        let gap = self.data.is_empty() && self.frames.len() == 1 && self.first < self.last;
        gap.then_some((self.first, self.last))
    }

    /// Entries lie one after the other without a gap: each has a place, whatever became of its frame.
    fn find_entries(&mut self) {
        let (found, whole) = self.walk(ENTRY_MIN);
        self.last = match whole {
            true => self.first + found.len() as u64 - 1, // rather than the row's numbers: these have no checksum
            false => self.last.min(self.first.saturating_add(self.frames_max())),
        };
        let mut found = found.into_iter();
        for position in self.first..=self.last {
            self.frames.push(match found.next() {
                Some(Found { start, end, whole: true }) => Frame { position, start, end },
                _ => Frame::damaged(position),
            });
        }
    }

    /// A record says itself where it belongs; a damaged one is believed as far as its neighbours allow it.
    fn find_records(&mut self) {
        let (found, whole) = self.walk(RECORD_MIN);
        let place = |found: &Found| self.data.get(found.start..found.end)?.try_get_u64_le().ok();
        let places: Vec<Option<u64>> = found.iter().map(place).collect();
        if whole {
            self.correct_numbers(&places);
        }
        let (mut next, mut unclear) = (self.first, Vec::new());
        let mut end_of_all = 0;
        for (Found { start, end, whole }, place) in found.into_iter().zip(places) {
            end_of_all = end;
            match place.filter(|place| whole && (next..=self.last).contains(place)) {
                Some(position) => {
                    self.put_damaged(&mut unclear, next, position - 1);
                    self.frames.push(Frame { position, start, end });
                    next = position + 1;
                }
                None => unclear.push(place),
            }
        }
        if unclear.is_empty() && (next <= self.last || end_of_all < self.data.len()) {
            unclear.push(Some(self.last)); // the rest cannot be found
        }
        self.put_damaged(&mut unclear, next, self.last);
    }

    /// Corrects the row's numbers, which have no checksum, by the positions that intact records carry.
    fn correct_numbers(&mut self, places: &[Option<u64>]) {
        let (Some(&Some(first)), Some(&Some(last))) = (places.first(), places.last()) else {
            return;
        };
        if first > last {
            return;
        }
        if self.after == self.first {
            self.after = first;
        }
        self.after = self.after.min(first);
        (self.first, self.last) = (first, last);
    }

    fn put_damaged(&mut self, places: &mut Vec<Option<u64>>, mut low: u64, high: u64) {
        let mut left = places.len() as u64;
        for place in places.drain(..) {
            left -= 1;
            if low > high {
                return;
            }
            let room = low..=high.saturating_sub(left).max(low);
            let position = place.filter(|place| room.contains(place)).unwrap_or(low);
            self.frames.push(Frame::damaged(position));
            low = position + 1;
        }
    }

    /// Frames that there can be at most, whatever a row says.
    pub(super) fn frames_max(&self) -> u64 {
        (self.data.len() / (HEAD + ENTRY_MIN)).max(BLOB_ENTRIES) as u64
    }

    /// What lies one behind the other, and whether all of it is whole.
    fn walk(&self, payload_min: usize) -> (Vec<Found>, bool) {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(next) = self.frame_at(at, payload_min) {
            at = next.end;
            found.push(next);
        }
        let whole = !found.is_empty() && at == self.data.len() && found.iter().all(|f| f.whole);
        (found, whole)
    }

    /// None: what is there cannot be the head of a frame, and what follows cannot be found.
    fn frame_at(&self, at: usize, payload_min: usize) -> Option<Found> {
        let mut rest = self.data.get(at..)?;
        let length = take_length(&mut rest).filter(|length| *length >= payload_min)?;
        let sum = rest.try_get_u32_le().ok()?;
        let payload = rest.split_off(..length)?;
        let whole = crc32fast::hash(payload) == sum;
        Some(Found { start: at + HEAD, end: at + HEAD + length, whole })
    }

    /// The places of the damaged frames.
    pub(super) fn damaged(&self) -> impl Iterator<Item = u64> + '_ {
        self.frames.iter().filter(|frame| !frame.is_whole()).map(|frame| frame.position)
    }

    /// The frames from a position on.
    pub(super) fn from(&self, position: u64) -> &[Frame] {
        let begin = self.frames.partition_point(|frame| frame.position < position);
        self.frames.get(begin..).unwrap_or_default()
    }

    /// All of them.
    pub(super) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The frame of a position.
    pub(super) fn find(&self, position: u64) -> Option<Frame> {
        self.from(position).first().copied().filter(|frame| frame.position == position)
    }

    fn payload(&self, frame: Frame) -> &[u8] {
        self.data.get(frame.start..frame.end).unwrap_or_default()
    }

    /// The command of an entry.
    pub(super) fn command(&self, frame: Frame) -> Option<&str> {
        let rest = &mut self.payload(frame);
        let (command, _) = (take_length(rest)?, take_length(rest)?);
        take_text(rest, command)
    }

    /// An entry's parts, not copied.
    pub(super) fn entry(&self, frame: Frame) -> Option<EntryParts> {
        let rest = &mut self.payload(frame);
        let (command, facts) = (take_length(rest)?, take_length(rest)?);
        rest.split_off(..command)?;
        let facts = self.data.slice_ref(rest.split_off(..facts)?);
        Some(EntryParts { facts, body: self.data.slice_ref(rest) })
    }

    /// A record's parts, not copied.
    pub(super) fn record(&self, frame: Frame) -> Option<RecordParts<'_>> {
        let rest = &mut self.payload(frame);
        rest.try_get_u64_le().ok()?; // its position
        let flags = rest.try_get_u8().ok()?;
        let (key, summary, facts) = (take_length(rest)?, take_length(rest)?, take_length(rest)?);
        let key = Some(take_text(rest, key)?).filter(|_| flags & HAS_KEY != 0);
        let (summary, facts) = (take_text(rest, summary)?, rest.split_off(..facts)?);
        let body = (flags & HAS_BODY != 0).then(|| self.data.slice_ref(rest));
        Some(RecordParts { key, summary, facts, body })
    }
}
