//! What waits for the writer. Callers put their frames straight into the blob that will be stored; one sleeping writer is
//! woken once; all answers of a commit go back to each runtime in one send.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use switchhook_api::StateChanges;
use switchhook_api::journal::{
    Appended, ConsumerId, ConsumerSpec, Dedupe, Disposition, Entry, JournalError, Position,
};
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};

use super::frame;
use super::late::Late;
use super::writer::Writer;

/// A blob is closed once it has so many bytes or entries.
pub(super) const BLOB_BYTES: usize = 256 << 10;
pub(super) const BLOB_ENTRIES: usize = 1024;
/// One commit takes so many blobs and settlements at most.
const COMMIT_BLOBS: usize = 4;
const COMMIT_SETTLEMENTS: usize = 256;
/// A commit that takes longer than this refuses who comes: they would hold connections that others need.
const STUCK_AFTER: Duration = Duration::from_millis(1500);

pub(super) type Kept = Result<Vec<Appended>, JournalError>;
pub(super) type Answer<T> = oneshot::Sender<Result<T, JournalError>>;
/// An answer on its way to the runtime that waits for it.
pub(super) type Ack = (oneshot::Sender<Kept>, Kept);
type Hand = mpsc::UnboundedSender<Vec<Ack>>; // bounded by what the queue lets in

/// Frames for one blob, and who waits for them.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) data: Vec<u8>,
    pub(super) entries: Vec<Queued>,
    pub(super) groups: Vec<Group>,
}

/// An entry whose frame is in the chunk.
#[derive(Debug)]
pub(super) struct Queued {
    /// Where its frame ends.
    pub(super) end: usize,
    pub(super) command: Arc<str>,
    pub(super) dedupe: Option<Dedupe>,
}

/// The entries of one append.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) count: usize,
    /// None: noted, nobody waits.
    pub(super) waiter: Option<(runtime::Id, oneshot::Sender<Kept>)>,
}

impl Group {
    /// Whether its append was dropped, so that nothing of it is to be kept.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.waiter.as_ref().is_some_and(|(_, waiter)| waiter.is_closed())
    }
}

/// A settlement, its records already as frames.
#[derive(Debug)]
pub(super) struct Settling {
    pub(super) lane: ConsumerId,
    pub(super) token: u64,
    pub(super) fates: Vec<(Position, Disposition)>,
    pub(super) state: StateChanges,
    pub(super) frames: Vec<u8>,
    /// The position of each record and where its frame ends, in order.
    pub(super) records: Vec<(u64, usize)>,
    /// The records among them that were made again, with their keys.
    pub(super) again: Vec<(u64, Option<u64>)>,
    pub(super) answer: Answer<()>,
}

/// Lanes to attach.
#[derive(Debug)]
pub(super) struct Attaching {
    pub(super) specs: Vec<ConsumerSpec>,
    pub(super) answer: Answer<()>,
}

/// What an operator wants to be changed, in a commit of its own. Dropped before its turn, it answers that the journal is
/// closed.
pub(super) struct Order(pub(super) Box<dyn FnOnce(&mut Writer) + Send>);

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Order")
    }
}

/// What one commit takes.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) chunks: Vec<Chunk>,
    pub(super) settles: Vec<Settling>,
    pub(super) attach: Vec<Attaching>,
    pub(super) order: Option<Order>,
    pub(super) hands: Vec<(runtime::Id, Hand)>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    chunks: VecDeque<Chunk>,
    bytes: usize,
    notes: usize,
    pub(super) settles: VecDeque<Settling>,
    pub(super) attach: Vec<Attaching>,
    pub(super) orders: VecDeque<Order>,
    hands: Vec<(runtime::Id, Hand)>,
    pub(super) asleep: bool,
    /// Since when the writer has been at the disk with what it took last.
    pub(super) busy_since: Option<Duration>,
    /// No more work is taken; what is here is still done.
    pub(super) stop: bool,
}

/// How many of some chunks' callbacks nobody waits for.
fn notes<'a>(chunks: impl IntoIterator<Item = &'a Chunk>) -> usize {
    let groups = chunks.into_iter().flat_map(|chunk| &chunk.groups);
    groups.filter(|group| group.waiter.is_none()).map(|group| group.count).sum()
}

impl Batch {
    pub(super) fn notes(&self) -> usize {
        notes(&self.chunks)
    }
}

impl Queue {
    /// One that takes nothing.
    pub(super) fn ended() -> Self {
        Self { stop: true, ..Self::default() }
    }

    /// Makes room for `bytes`, or says that there is too much already.
    pub(super) fn admit(&self, bytes: usize, limit: usize) -> Result<(), JournalError> {
        match (self.stop, self.bytes.saturating_add(bytes) > limit) {
            (true, _) => Err(JournalError::Closed),
            (_, true) if self.bytes > 0 => Err(JournalError::Overloaded),
            _ => Ok(()),
        }
    }

    /// Whether the disk has not answered for so long that nobody should begin to wait for it.
    pub(super) fn is_stuck(&self, now: Duration) -> bool {
        self.busy_since.is_some_and(|since| now.saturating_sub(since) > STUCK_AFTER)
    }

    /// Whether another note may come in.
    pub(super) fn admit_note(&mut self, limit: usize) -> bool {
        let room = self.notes < limit;
        self.notes += usize::from(room);
        room
    }

    /// Callbacks that nobody waits for.
    pub(super) fn notes(&self) -> usize {
        notes(&self.chunks)
    }

    /// Takes in an append; `facts` are theirs in stored form, one after the other, each ending at its `ends`.
    pub(super) fn push(
        &mut self,
        entries: Vec<Entry>,
        facts: &[u8],
        ends: &[usize],
        waiter: Option<(runtime::Id, oneshot::Sender<Kept>)>,
    ) {
        let full =
            |chunk: &Chunk| chunk.data.len() >= BLOB_BYTES || chunk.entries.len() >= BLOB_ENTRIES;
        if self.chunks.back().is_none_or(full) {
            self.chunks.push_back(Chunk::default());
        }
        let Some(chunk) = self.chunks.back_mut() else { return };
        let (before, count) = (chunk.data.len(), entries.len());
        let mut start = 0;
        for (entry, end) in entries.into_iter().zip(ends) {
            let facts = facts.get(start..*end).unwrap_or_default();
            frame::put_entry(&mut chunk.data, &entry.facts.command, facts, &entry.body);
            let end_of_frame = chunk.data.len();
            let (command, dedupe) = (entry.facts.command, entry.dedupe);
            chunk.entries.push(Queued { end: end_of_frame, command, dedupe });
            start = *end;
        }
        chunk.groups.push(Group { count, waiter });
        self.bytes += chunk.data.len() - before;
    }

    /// The task of the caller's runtime that completes its answers; started when the first is needed.
    pub(super) fn hand_of(&mut self, late: &Arc<Late>) -> runtime::Id {
        let handle = runtime::Handle::current();
        let id = handle.id();
        self.hands.retain(|(_, hand)| !hand.is_closed());
        if !self.hands.iter().any(|(other, _)| *other == id) {
            let (hand, answers) = mpsc::unbounded_channel();
            handle.spawn(hand_out(answers, late.clone()));
            self.hands.push((id, hand));
        }
        id
    }

    pub(super) fn is_empty(&self) -> bool {
        let work = self.chunks.is_empty() && self.settles.is_empty();
        work && self.attach.is_empty() && self.orders.is_empty()
    }

    /// What the next commit takes.
    pub(super) fn take(&mut self) -> Batch {
        let blobs = self.chunks.len().min(COMMIT_BLOBS);
        let chunks: Vec<Chunk> = self.chunks.drain(..blobs).collect();
        let settles = self.settles.len().min(COMMIT_SETTLEMENTS);
        for chunk in &chunks {
            self.bytes -= chunk.data.len();
            self.notes -= chunk.groups.iter().filter(|group| group.waiter.is_none()).count();
        }
        let attach = std::mem::take(&mut self.attach);
        let settles = self.settles.drain(..settles).collect();
        let order = self.orders.pop_front();
        Batch { chunks, settles, attach, order, hands: self.hands.clone() }
    }
}

async fn hand_out(mut answers: mpsc::UnboundedReceiver<Vec<Ack>>, late: Arc<Late>) {
    while let Some(acks) = answers.recv().await {
        complete(acks, &late);
    }
}

fn complete(acks: Vec<Ack>, late: &Late) {
    for (waiter, kept) in acks {
        late.answer(waiter, kept);
    }
}

/// Sends the answers of a commit, one send for each runtime.
pub(super) fn answer(
    hands: &[(runtime::Id, Hand)],
    mut acks: Vec<(runtime::Id, Ack)>,
    late: &Late,
) {
    while let Some((id, _)) = acks.first() {
        let id = *id;
        let (here, others): (Vec<_>, Vec<_>) = acks.into_iter().partition(|(one, _)| *one == id);
        acks = others;
        let here: Vec<Ack> = here.into_iter().map(|(_, ack)| ack).collect();
        match hands.iter().find(|(one, _)| *one == id) {
            Some((_, hand)) => {
                if let Err(unsent) = hand.send(here) {
                    complete(unsent.0, late); // that runtime has ended
                }
            }
            None => complete(here, late),
        }
    }
}
