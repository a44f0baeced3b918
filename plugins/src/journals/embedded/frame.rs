//! How entries and records lie in their blobs: frames of `length, checksum, payload`, all numbers little-endian.

use std::sync::Arc;

use bytes::Bytes;
use switchhook_core::NewRecord;

/// The log of entries; the records of a handler have its number.
pub(super) const ENTRIES: u64 = 0;
const HEAD: usize = 8;
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
    /// The frames that are whole, by position.
    frames: Vec<Frame>,
}

/// Where a frame's payload lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) position: u64,
    start: usize,
    end: usize,
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

/// Takes one part after the other off a payload.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(part)
    }

    fn length(&mut self) -> Option<usize> {
        let bytes: [u8; 4] = self.take(4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    fn place(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn text(&mut self, count: usize) -> Option<&'a str> {
        std::str::from_utf8(self.take(count)?).ok()
    }
}

impl Blob {
    /// Finds the frames; those whose checksum is wrong are left out. The second is how many were left out.
    pub(super) fn read(log: u64, first: u64, last: u64, after: u64, data: Bytes) -> (Self, u64) {
        let mut blob = Self { first, last, after, data, frames: Vec::new() };
        let (mut at, mut index, mut damaged) = (0, 0, 0);
        while at < blob.data.len() {
            let Some((start, end, whole)) = blob.frame_at(at) else {
                damaged += 1; // its length is damaged: what follows cannot be found either
                break;
            };
            let position = match log {
                ENTRIES => Some(first + index),
                _ => Cut(&blob.data[start..end]).place(),
            };
            match position.filter(|_| whole) {
                Some(position) => blob.frames.push(Frame { position, start, end }),
                None => damaged += 1,
            }
            at = end;
            index += 1;
        }
        (blob, damaged)
    }

    fn frame_at(&self, at: usize) -> Option<(usize, usize, bool)> {
        let mut cut = Cut(self.data.get(at..)?);
        let length = cut.length()?;
        let sum: [u8; 4] = cut.take(4)?.try_into().ok()?;
        let payload = cut.take(length)?;
        let whole = crc32fast::hash(payload) == u32::from_le_bytes(sum);
        Some((at + HEAD, at + HEAD + length, whole))
    }

    /// The frames from a position on.
    pub(super) fn from(&self, position: u64) -> &[Frame] {
        let begin = self.frames.partition_point(|frame| frame.position < position);
        self.frames.get(begin..).unwrap_or_default()
    }

    /// The whole frames.
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
        let mut cut = Cut(self.payload(frame));
        let (command, _) = (cut.length()?, cut.length()?);
        cut.text(command)
    }

    /// An entry's parts, not copied.
    pub(super) fn entry(&self, frame: Frame) -> Option<EntryParts> {
        let mut cut = Cut(self.payload(frame));
        let (command, facts) = (cut.length()?, cut.length()?);
        cut.take(command)?;
        let facts = self.data.slice_ref(cut.take(facts)?);
        Some(EntryParts { facts, body: self.data.slice_ref(cut.0) })
    }

    /// A record's parts, not copied.
    pub(super) fn record(&self, frame: Frame) -> Option<RecordParts<'_>> {
        let mut cut = Cut(self.payload(frame));
        cut.place()?;
        let flags = *cut.take(1)?.first()?;
        let (key, summary, facts) = (cut.length()?, cut.length()?, cut.length()?);
        let key = Some(cut.text(key)?).filter(|_| flags & HAS_KEY != 0);
        let (summary, facts) = (cut.text(summary)?, cut.take(facts)?);
        let body = (flags & HAS_BODY != 0).then(|| self.data.slice_ref(cut.0));
        Some(RecordParts { key, summary, facts, body })
    }
}
