//! The file beside the file: who writes, what the last batches were, and which ids they brought.
//!
//! A header, then two slots for each handler, written in turns and in place. A slot holds one [`Intent`], so whatever
//! happens while it is written, the handler's other one is whole.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::Disk;
use super::intent::{CARRIED, Id, Intent, MARK_AT, OWN_MAX, SLOT, VOID, mark};
use super::open::{at, leads_to, open};

const MAGIC: [u8; 8] = *b"SWINTEN1";
const HEADER: usize = 4096;
const OWNER_MAX: usize = 512;
const PAIR: usize = 2 * SLOT;
/// Handlers whose ids are kept; one more takes the place of the one that was silent for longest.
const LANES_MAX: usize = 256;
/// Ids that are remembered of each handler while the program runs. What is in the file and not settled comes again next: at
/// most the batch under way and the few that a crash brings back, for after a settlement that failed the journal begins again
/// behind the last one that did not. What was told to have failed may come hours and any number of records later; but it is
/// only told once it is certain that it is not in the file, so nobody has to remember it.
const RECENT_MAX: usize = 4 * OWN_MAX;

/// The open sidecar. While it is open, nobody else can open it.
pub(super) struct Sidecar {
    path: PathBuf,
    file: File,
    disk: Arc<dyn Disk>,
    lanes: HashMap<Arc<str>, Lane>,
    /// Slots that hold nothing any more, two by two.
    free: Vec<usize>,
    pairs: usize,
    sequence: u64,
    /// The last intent whose data is complete: its sequence and slot.
    last: Option<(u64, usize)>,
}

/// What is known of one handler's records.
struct Lane {
    pair: usize,
    /// Which slot of its pair holds its last intent.
    newer: usize,
    sequence: u64,
    order: VecDeque<Id>,
    known: HashSet<Id>,
}

/// An intent as it was found.
pub(super) struct Stored {
    /// The intent.
    pub(super) intent: Intent,
    /// Whether its data is known to be complete.
    pub(super) done: bool,
    slot: usize,
}

impl Sidecar {
    /// Opens or makes it, takes its lock, and reads the intents in it, the last one last.
    ///
    /// # Errors
    /// Somebody else has it, it is another kind of file, or the disk says no.
    pub(super) fn open(
        path: PathBuf,
        owner: &str,
        disk: Arc<dyn Disk>,
    ) -> io::Result<(Self, Vec<Stored>)> {
        let file = open(&path, 0o600, false)?;
        lock(&path, &file)?;
        let bytes = read(&file).map_err(at("read", &path))?;
        let header = header(&path, &bytes, owner)?;
        disk.write_at(&file, &header, 0).map_err(at("write to", &path))?;
        let slots = bytes.get(HEADER..).unwrap_or_default();
        let (stored, torn) = stored(slots);
        let sequence = stored.last().map_or(0, |last| last.intent.sequence);
        let pairs = slots.len() / PAIR;
        let (lanes, free) = (HashMap::new(), Vec::new());
        let sidecar = Self { path, file, disk, lanes, free, pairs, sequence, last: None };
        sidecar.void(&torn)?;
        Ok((sidecar, stored))
    }

    /// Whether it still stands where it was opened.
    pub(super) fn in_place(&self) -> bool {
        leads_to(&self.path, &self.file)
    }

    /// Takes back an intent for good: its data is not in the file, and nothing may ever think so.
    pub(super) fn forget(&self, stored: &Stored) -> io::Result<()> {
        self.void(&[stored.slot])
    }

    /// Makes the intents of slots unreadable for good. Torn ones, too: the next write to a slot may hold the very sectors
    /// that are missing, and if the power goes in the middle of it, an intent that never counted would become whole.
    fn void(&self, slots: &[usize]) -> io::Result<()> {
        if slots.is_empty() {
            return Ok(());
        }
        slots.iter().try_for_each(|slot| self.write(&VOID, place(*slot)))?;
        self.sync()
    }

    /// Takes over the ids of intents whose data is in the file.
    pub(super) fn learn(&mut self, stored: Vec<Stored>) {
        self.last = stored.last().map(|last| (last.intent.sequence, last.slot));
        for Stored { intent, slot, .. } in stored {
            let pair = slot / 2;
            let lane = self.lanes.entry(intent.handler.into()).or_insert_with(|| Lane::new(pair));
            (lane.pair, lane.newer, lane.sequence) = (pair, slot % 2, intent.sequence);
            lane.remember(intent.carried.into_iter().chain(intent.own));
        }
        let used: HashSet<usize> = self.lanes.values().map(|lane| lane.pair).collect();
        self.free = (0..self.pairs).filter(|pair| !used.contains(pair)).collect();
    }

    /// Whether a record of a handler is in the file already.
    pub(super) fn knows(&self, handler: &str, id: &Id) -> bool {
        self.lanes.get(handler).is_some_and(|lane| lane.known.contains(id))
    }

    /// The number of the next batch.
    pub(super) fn next_sequence(&self) -> u64 {
        self.sequence + 1
    }

    /// Writes down what is about to happen. The carried ids of `intent` are those that must not be lost now; the most
    /// recent others are added. The slot that it took is for [`Sidecar::complete`].
    pub(super) fn begin(&mut self, intent: &mut Intent, sync: bool) -> io::Result<usize> {
        let handler: Arc<str> = intent.handler.as_str().into();
        if !self.lanes.contains_key(&handler) {
            let lane = Lane::new(self.free_pair()?);
            self.lanes.insert(handler.clone(), lane);
        }
        let Some(lane) = self.lanes.get(&handler) else {
            return Err(io::Error::other("bug: the slots of the handler are gone"));
        };
        lane.carry(intent);
        let slot = 2 * lane.pair + (1 - lane.newer);
        let bytes = intent.encode().ok_or_else(|| {
            let kind = io::ErrorKind::InvalidInput;
            io::Error::new(kind, "the handler's name is too long to be stored")
        })?;
        self.write(&bytes, place(slot))?;
        self.sequence = intent.sequence;
        if sync { self.sync().map(|()| slot) } else { Ok(slot) }
    }

    /// Notes that the data of an intent is complete and safe.
    pub(super) fn complete(&mut self, intent: Intent, slot: usize) {
        // Not synced and allowed to fail: without it, a start compares the data instead.
        if let Err(error) = self.mark(intent.sequence, slot) {
            tracing::debug!(%error, "cannot mark a batch as completed");
        }
        self.last = Some((intent.sequence, slot));
        if let Some(lane) = self.lanes.get_mut(intent.handler.as_str()) {
            (lane.newer, lane.sequence) = (slot % 2, intent.sequence);
            lane.remember(intent.own.into_iter());
        }
    }

    /// Marks the last batch complete for good: nobody will look for its data again.
    ///
    /// # Errors
    /// It may have been marked or not.
    pub(super) fn seal(&self, sync: bool) -> io::Result<()> {
        let Some((sequence, slot)) = self.last else { return Ok(()) };
        self.mark(sequence, slot)?;
        if sync { self.sync() } else { Ok(()) }
    }

    fn mark(&self, sequence: u64, slot: usize) -> io::Result<()> {
        self.write(&mark(sequence), place(slot) + MARK_AT.start as u64)
    }

    /// Makes everything in it durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.disk.sync(&self.file).map_err(at("sync", &self.path))
    }

    fn write(&self, bytes: &[u8], place: u64) -> io::Result<()> {
        self.disk.write_at(&self.file, bytes, place).map_err(at("write to", &self.path))
    }

    /// Slots for one more handler. New ones are written in full once, so that later writes find their place on the disk.
    fn free_pair(&mut self) -> io::Result<usize> {
        if let Some(pair) = self.free.pop() {
            return Ok(pair);
        }
        let pair = if self.pairs < LANES_MAX { self.pairs } else { self.oldest_pair()? };
        self.write(&vec![0; PAIR], place(2 * pair))?;
        self.sync()?;
        self.pairs = self.pairs.max(pair + 1);
        Ok(pair)
    }

    /// Forgets the handler that was silent for longest, for its slots.
    fn oldest_pair(&mut self) -> io::Result<usize> {
        let silent = self.lanes.iter().min_by_key(|(_, lane)| lane.sequence);
        let handler = silent.map(|(handler, _)| handler.clone());
        let lane = handler.and_then(|handler| self.lanes.remove(&handler));
        lane.map(|lane| lane.pair).ok_or_else(|| io::Error::other("bug: no slot can be freed"))
    }
}

impl Lane {
    fn new(pair: usize) -> Self {
        let (order, known) = (VecDeque::new(), HashSet::new());
        Self { pair, newer: 1, sequence: 0, order, known }
    }

    fn remember(&mut self, ids: impl Iterator<Item = Id>) {
        for id in ids {
            if self.known.insert(id) {
                self.order.push_back(id);
            }
        }
        while self.order.len() > RECENT_MAX {
            self.order.pop_front().map(|id| self.known.remove(&id));
        }
    }

    /// Puts the most recent ids before those that an intent carries already, as far as there is room.
    fn carry(&self, intent: &mut Intent) {
        let wanted = std::mem::take(&mut intent.carried);
        let room = (OWN_MAX + CARRIED).saturating_sub(intent.own.len());
        let recent = self.order.iter().skip(self.order.len().saturating_sub(CARRIED)).copied();
        let all: Vec<Id> = recent.chain(wanted).collect();
        intent.carried = all[all.len().saturating_sub(room)..].to_vec();
    }
}

fn place(slot: usize) -> u64 {
    (HEADER + slot * SLOT) as u64
}

/// The intents that are whole, the last one last, and the slots of those that are torn.
fn stored(slots: &[u8]) -> (Vec<Stored>, Vec<usize>) {
    let (mut stored, mut torn) = (Vec::new(), Vec::new());
    let whole = slots.len() / PAIR * PAIR; // half a pair is one that was being made
    for (slot, bytes) in slots[..whole].chunks_exact(SLOT).enumerate() {
        match Intent::decode(&bytes[..MARK_AT.start]) {
            Some(intent) => {
                let done = bytes[MARK_AT] == mark(intent.sequence);
                stored.push(Stored { intent, done, slot });
            }
            None if Intent::begins(bytes) => torn.push(slot),
            None => {}
        }
    }
    stored.sort_by_key(|one| one.intent.sequence);
    (stored, torn)
}

fn read(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take((HEADER + LANES_MAX * PAIR) as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The header with our name in it; the one that was there must have been a sidecar's, or an empty one's.
fn header(path: &Path, old: &[u8], owner: &str) -> io::Result<Vec<u8>> {
    let start = &old[..old.len().min(MAGIC.len())];
    let unfinished = start.iter().all(|byte| *byte == 0);
    if !MAGIC.starts_with(start) && !unfinished {
        let text = format!("{} was not created by this action; move it away", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut header = MAGIC.to_vec();
    header.extend(owner.bytes().take(OWNER_MAX));
    header.resize(HEADER, 0);
    Ok(header)
}

fn lock(path: &Path, file: &File) -> io::Result<()> {
    match crate::lock::take(file) {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let text = format!("{} is in use by {}", path.display(), holder(file));
            Err(io::Error::new(io::ErrorKind::ResourceBusy, text))
        }
        Err(TryLockError::Error(error)) => Err(at("lock", path)(error)),
    }
}

fn holder(file: &File) -> String {
    let mut bytes = Vec::new();
    let read = file.take((MAGIC.len() + OWNER_MAX) as u64).read_to_end(&mut bytes);
    let name = bytes.get(MAGIC.len()..).unwrap_or_default();
    let name: Vec<u8> = name.iter().copied().take_while(|byte| *byte != 0).collect();
    match String::from_utf8(name) {
        Ok(name) if read.is_ok() && !name.is_empty() => name,
        _ => "another process".into(),
    }
}
