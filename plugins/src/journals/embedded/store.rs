//! What callers, readers and the writer share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::Thread;

use rusqlite::Connection;
use switchhook_api::journal::{
    Appended, ConsumerSpec, Disposition, Entry, Health, JournalError, Position, Settlement,
};
use switchhook_api::{BoxError, BuildContext, Clock, NewRecord, Rng};
use switchhook_journal_kit::Lane;
use tokio::sync::{oneshot, watch};

use super::ballast::{self, Ballast};
use super::lanes::Lanes;
use super::late::{Late, Waiting};
use super::place::Place;
use super::queue::{Attaching, Order, Queue, Settling};
use super::reader::Reader;
use super::writer::Writer;
use super::{Options, Threads, apart, checkpoint, commit_error, frame, locked};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) file: PathBuf,
    pub(super) place: Arc<Place>,
    pub(super) ballast: Ballast,
    /// Noted, and not kept after all.
    pub(super) notes_lost: AtomicU64,
    pub(super) queue: Mutex<Queue>,
    pub(super) late: Arc<Late>,
    writer: OnceLock<Thread>,
    pub(super) reader: Arc<Reader>,
    pub(super) lanes: Mutex<Arc<Lanes>>,
    /// The last position that is safe.
    pub(super) head: AtomicU64,
    pub(super) health: watch::Sender<Health>,
    closed: AtomicBool,
    /// Why the last commit failed, once that was logged.
    pub(super) told: Mutex<Option<String>>,
    /// Little of the WAL is left to copy: the writer may do it.
    pub(super) restart_wal: AtomicBool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rng: Arc<Rng>,
    /// Leases are numbered from here, so that tokens of an earlier process mean nothing.
    pub(super) tokens: u64,
    queue_bytes_max: usize,
    notes_max: usize,
    /// Lets a test run out of disk: the most pages that the database may have; all ones: it cannot be written at all.
    #[cfg(test)]
    pub(super) pages: AtomicU64,
    /// Lets a test hold a commit.
    #[cfg(test)]
    pub(super) gate: super::tests::Gate,
}

/// Why the store has come to its end after an error of the disk.
pub(super) const LOST: &str = "the journal could not be written; restart to recover";

/// Records as frames, and the position of each and where its frame ends.
type RecordFrames = (Vec<u8>, Vec<(u64, usize)>);

/// Starts the two threads of a store.
pub(super) fn start(shared: &Arc<Shared>, connection: Connection) -> Result<Threads, BoxError> {
    let file = connection.path().map(PathBuf::from).ok_or("the database has no file")?;
    let (checkpoints, copier) = checkpoint::start(&file, shared.clone())?;
    let data_version = apart::data_version(&connection)?;
    let writer = Writer {
        shared: shared.clone(),
        connection,
        checkpoints,
        since_checkpoint: 0,
        lanes: Arc::default(),
        routes: HashMap::new(),
        copies: 0,
        attached: 0,
        looked: None,
        mended: false,
        failures: 0,
        data_version,
        lock: None,
        rescue_tried: false,
        looked_at: None,
    };
    let builder = std::thread::Builder::new().name("journal-write".into());
    let thread = builder.spawn(move || writer.run())?;
    shared.late.written_by(thread.thread());
    shared.writer.get_or_init(|| thread.thread().clone());
    Ok([thread, copier])
}

/// Metadata in their stored form, one after the other, and where each ends.
fn encode(entries: &[Entry]) -> (Vec<u8>, Vec<usize>) {
    let mut facts = Vec::with_capacity(entries.len() * 192);
    let mut ends = Vec::with_capacity(entries.len());
    for entry in entries {
        entry.facts.write_to(&mut facts);
        ends.push(facts.len());
    }
    (facts, ends)
}

/// The records that come of callbacks handled again, with their keys.
fn made_again(fates: &[(Position, Disposition)]) -> Vec<(u64, Option<u64>)> {
    let again = |(position, fate): &(Position, Disposition)| match fate {
        Disposition::Recorded(Some(new)) if position.replay_number().is_some() => {
            Some((position.0, new.key.as_deref().map(Lane::key_hash)))
        }
        _ => None,
    };
    fates.iter().filter_map(again).collect()
}

impl Shared {
    pub(super) fn new(
        (file, place): (PathBuf, Place),
        ballast: Ballast,
        head: u64,
        options: &Options,
        cx: &BuildContext,
    ) -> Self {
        let place = Arc::new(place);
        let chance = cx.rng.id(cx.clock.wall()).as_u128();
        Self {
            queue: Mutex::default(),
            late: Arc::default(),
            writer: OnceLock::new(),
            reader: Arc::new(Reader::new(file.clone(), place.clone())),
            place,
            file,
            ballast,
            notes_lost: AtomicU64::new(0),
            lanes: Mutex::default(),
            head: AtomicU64::new(head),
            health: watch::Sender::new(Health::Ready),
            closed: AtomicBool::new(false),
            told: Mutex::default(),
            restart_wal: AtomicBool::new(false),
            clock: cx.clock.clone(),
            rng: cx.rng.clone(),
            tokens: u64::try_from(chance & 0xFF_FFFF_FFFF).unwrap_or_default(),
            queue_bytes_max: options.queue.bytes(),
            notes_max: options.notes,
            #[cfg(test)]
            pages: AtomicU64::new(0),
            #[cfg(test)]
            gate: super::tests::Gate::default(),
        }
    }

    pub(super) fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// Whether a commit has been under way for so long that nobody should begin to wait for the disk.
    pub(super) fn is_stuck(&self) -> bool {
        let now = self.clock.now();
        locked(&self.queue).is_stuck(now)
    }

    /// Whether the store can be used at all.
    pub(super) fn open(&self) -> Result<(), JournalError> {
        let failed = matches!(*self.health.borrow(), Health::Failed(_));
        if failed || self.closed.load(Ordering::SeqCst) {
            Err(JournalError::Closed)
        } else {
            Ok(())
        }
    }

    /// Runs `change` on the queue and wakes the writer if it sleeps.
    fn enqueue<T>(
        &self,
        change: impl FnOnce(&mut Queue) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.open()?;
        let mut queue = locked(&self.queue);
        let done = change(&mut queue)?;
        let asleep = std::mem::take(&mut queue.asleep);
        drop(queue);
        if asleep {
            self.unpark();
        }
        Ok(done)
    }

    fn unpark(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    pub(super) async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Appended>, JournalError> {
        if entries.is_empty() {
            return self.open().map(|()| Vec::new());
        }
        let (facts, ends) = encode(&entries);
        let bytes = facts.len() + entries.iter().map(|entry| entry.body.len()).sum::<usize>();
        let (waiter, kept) = oneshot::channel();
        let now = self.clock.now();
        if let Some(why) = self.place.why() {
            self.open()?;
            return Err(JournalError::Displaced(why));
        }
        self.enqueue(|queue| {
            queue.admit(bytes, self.queue_bytes_max)?;
            if queue.is_stuck(now) {
                return Err(JournalError::Overloaded);
            }
            let hand = queue.hand_of(&self.late);
            queue.push(entries, &facts, &ends, Some((hand, waiter)));
            Ok(())
        })?;
        Waiting { kept, late: &self.late }.answer().await
    }

    pub(super) fn note(&self, entry: Entry) -> bool {
        let entries = vec![entry];
        let (facts, ends) = encode(&entries);
        let bytes = facts.len() + entries.iter().map(|entry| entry.body.len()).sum::<usize>();
        let noted = self.enqueue(|queue| {
            queue.admit(bytes, self.queue_bytes_max / 2)?; // the other half is for what must be kept
            if !queue.admit_note(self.notes_max) {
                return Err(JournalError::Overloaded);
            }
            queue.push(entries, &facts, &ends, None);
            Ok(())
        });
        noted.is_ok()
    }

    pub(super) async fn attach(&self, lanes: &[ConsumerSpec]) -> Result<(), JournalError> {
        let (answer, done) = oneshot::channel();
        let job = Attaching { specs: lanes.to_vec(), answer };
        self.enqueue(|queue| {
            queue.admit(0, usize::MAX)?;
            queue.attach.push(job);
            Ok(())
        })?;
        done.await.map_err(|_| JournalError::Closed)?
    }

    pub(super) async fn settle(&self, settlement: Settlement) -> Result<(), JournalError> {
        self.open()?;
        let (frames, records) = self.encode_records(&settlement)?;
        let Settlement { lane, token, fates, state } = settlement;
        let again = made_again(&fates);
        let (answer, done) = oneshot::channel();
        let job = Settling { lane, token, fates, state, frames, records, again, answer };
        self.enqueue(|queue| {
            queue.admit(0, usize::MAX)?;
            queue.settles.push_back(job);
            Ok(())
        })?;
        done.await.map_err(|_| JournalError::Closed)?
    }

    /// Has the writer change something in a commit of its own. An error means that nothing was changed.
    pub(super) async fn order<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Writer) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (answer, done) = oneshot::channel();
        let order = Order(Box::new(move |writer: &mut Writer| {
            if answer.is_closed() {
                return writer.at_rest(); // withdrawn before its turn
            }
            let changed = change(writer);
            match &changed {
                Err(error @ (JournalError::Full | JournalError::Closed)) => writer.unwell(error),
                Err(error) => _ = writer.mend(error),
                Ok(_) => {}
            }
            writer.at_rest();
            drop(answer.send(changed));
        }));
        self.enqueue(|queue| {
            queue.admit(0, usize::MAX)?;
            queue.orders.push_back(order);
            Ok(())
        })?;
        done.await.map_err(|_| JournalError::Closed)?
    }

    /// The frames of a settlement's records, on the caller's thread.
    fn encode_records(&self, settlement: &Settlement) -> Result<RecordFrames, JournalError> {
        let mut order: Vec<(u64, &NewRecord)> = Vec::new();
        for (position, fate) in &settlement.fates {
            if let Disposition::Recorded(Some(new)) = fate {
                order.push((position.0, new));
            }
        }
        order.sort_by_key(|(position, _)| *position);
        let (mut frames, mut records) = (Vec::with_capacity(order.len() * 512), Vec::new());
        if order.is_empty() {
            return Ok((frames, records));
        }
        let cell = locked(&self.lanes).cells.get(&settlement.lane).cloned();
        let cell = cell.ok_or(JournalError::Stale)?;
        let inner = locked(&cell.inner);
        for (position, new) in order {
            let known = inner.facts.get(&position).ok_or(JournalError::Stale)?; // not leased
            let body = new.body.as_ref().or(known.body.as_ref());
            frame::put_record(&mut frames, position, new, body, &known.facts);
            records.push((position, frames.len()));
        }
        Ok((frames, records))
    }

    /// The store can no longer be used by this process.
    pub(super) fn fail(&self, why: &str) {
        self.health.send_replace(Health::Failed(why.to_owned()));
        self.wake_all();
    }

    /// Ends the store if an error beside a commit, in a checkpoint say, means that the disk failed.
    pub(super) fn fail_if_lost(&self, error: rusqlite::Error) -> JournalError {
        let error = self.commit_error(error);
        match error {
            JournalError::Closed => self.fail(LOST),
            JournalError::Full if !self.place.is_apart() => _ = self.ballast.give(),
            _ => {}
        }
        error
    }

    /// What a failed commit means on this disk.
    pub(super) fn commit_error(&self, error: rusqlite::Error) -> JournalError {
        let folder = self.file.parent().unwrap_or(&self.file);
        commit_error(error, || ballast::probe(folder))
    }

    pub(super) async fn failed(&self) -> String {
        let mut health = self.health.subscribe();
        let mut why = None;
        let failed = health.wait_for(|health| {
            if let Health::Failed(text) = health {
                why = Some(text.clone());
            }
            matches!(health, Health::Failed(_))
        });
        drop(failed.await);
        match why {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    /// Takes no more work and tells those who wait; what is queued is still committed.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        locked(&self.queue).stop = true;
        self.unpark();
        self.wake_all();
    }

    fn wake_all(&self) {
        for cell in locked(&self.lanes).cells.values() {
            cell.notify.notify_waiters();
        }
    }
}
