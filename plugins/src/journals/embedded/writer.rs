//! The one thread that writes: takes all that has queued up, commits it as one transaction, then answers everybody.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use bytes::Bytes;
use rusqlite::{Connection, TransactionBehavior};
use switchhook_api::journal::{Health, JournalError};
use switchhook_journal_kit::Plan;

use super::attach;
use super::frame::ENTRIES;
use super::lanes::{Cell, Lanes};
use super::lock::Lock;
use super::place::LOOK_EVERY;
use super::queue::{Batch, Chunk, Group, Kept, Order, Queue, Queued, Settling, answer};
use super::schema::REPLAYS;
use super::store::{LOST, Shared};
use super::write::{self, Stored};
use super::{late, locked, same};

/// Commands whose lanes are remembered.
const ROUTES_MAX: usize = 1024;

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) connection: Connection,
    pub(super) checkpoints: SyncSender<()>,
    pub(super) since_checkpoint: usize,
    pub(super) lanes: Arc<Lanes>,
    pub(super) routes: HashMap<Arc<str>, Vec<Arc<Cell>>>,
    /// How often the WAL was copied.
    pub(super) copies: u64,
    /// How often lanes were attached.
    pub(super) attached: u64,
    /// When it was last tried whether a full disk has room again.
    pub(super) looked: Option<Duration>,
    /// The indexes were built anew.
    pub(super) mended: bool,
    /// Commits in a row that kept nothing of what came in.
    pub(super) failures: u32,
    /// As it was when the lock was taken.
    pub(super) data_version: i64,
    /// The lock, where it had to be taken again.
    pub(super) lock: Option<Lock>,
    /// It was tried to save what a removed store holds.
    pub(super) rescue_tried: bool,
    /// When it last looked for all files of the store.
    pub(super) looked_at: Option<Duration>,
}

/// Ends the store if the writer panics, so that nobody waits for ever.
struct Alarm(Arc<Shared>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("the journal's writer panicked; restart to recover");
            let left = {
                let mut queue = locked(&self.0.queue);
                std::mem::replace(&mut *queue, Queue::ended())
            };
            self.0.notes_lost.fetch_add(left.notes() as u64, Ordering::Relaxed);
            drop(left); // whoever waits is told that the journal is closed
        }
    }
}

/// A settlement that the lane has accepted.
pub(super) struct Planned {
    pub(super) job: Settling,
    pub(super) cell: Arc<Cell>,
    pub(super) plan: Plan,
    /// Which records may share a blob: the end of each run, as an index.
    pub(super) runs: Vec<usize>,
    /// Who gets the records that were made again.
    pub(super) heirs: Vec<Arc<Cell>>,
}

impl Writer {
    pub(super) fn run(mut self) {
        let _alarm = Alarm(self.shared.clone());
        while let Some(batch) = self.next() {
            self.work(batch);
        }
        self.finish();
    }

    fn next(&mut self) -> Option<Batch> {
        let mut idle = false;
        loop {
            self.set_busy(); // a disk that hangs may hang here
            self.look_after_place_if_due(idle);
            let full = matches!(self.shared.health(), Health::Unavailable(_));
            self.look_for_room_if(full && !self.shared.place.is_apart());
            {
                let mut queue = locked(&self.shared.queue);
                if !queue.is_empty() || self.shared.late.is_due() {
                    queue.busy_since = Some(self.shared.clock.now());
                    return Some(queue.take());
                }
                queue.busy_since = None;
                if queue.stop {
                    return None;
                }
                queue.asleep = true;
            }
            std::thread::park_timeout(LOOK_EVERY);
            idle = locked(&self.shared.queue).is_empty();
        }
    }

    pub(super) fn ready(&self) {
        *locked(&self.shared.told) = None;
        if self.shared.health() != Health::Ready {
            tracing::info!("journal recovered: accepting callbacks again");
            self.shared.health.send_replace(Health::Ready);
        }
    }

    fn work(&mut self, mut batch: Batch) {
        if let Health::Failed(_) = self.shared.health() {
            self.at_rest();
            return self.refuse(batch, &JournalError::Closed);
        }
        for job in std::mem::take(&mut batch.attach) {
            let mut attached = self.mending(|writer| attach::attach(writer, &job.specs));
            if let Err(JournalError::Full) = attached
                && self.shared.ballast.give()
            {
                attached = attach::attach(self, &job.specs);
            }
            if let Err(error) = &attached {
                self.unwell(error);
            }
            self.at_rest();
            drop(job.answer.send(attached));
        }
        let order = batch.order.take();
        self.keep_and_settle(batch);
        if let Some(Order(order)) = order {
            #[cfg(test)]
            self.limit_pages();
            self.set_busy();
            order(self); // answers, and says that it is at rest
            self.look_after_wal();
        }
    }

    fn keep_and_settle(&mut self, mut batch: Batch) {
        self.refuse_new_if_apart(&mut batch);
        self.refuse_new_without_ballast(&mut batch);
        let settles = std::mem::take(&mut batch.settles);
        let planned: Vec<Planned> = settles.into_iter().filter_map(|job| self.plan(job)).collect();
        let marks = !self.shared.late.unmarked().is_empty();
        if batch.chunks.is_empty() && planned.is_empty() && !marks {
            return self.at_rest();
        }
        #[cfg(test)]
        self.limit_pages();
        let committed = self.mending(|writer| writer.commit(&batch.chunks, &planned));
        self.at_rest();
        match committed {
            Ok(stored) => self.done(batch, planned, stored),
            Err(JournalError::Full) if !planned.is_empty() => {
                // Settling needs hardly any room: deliveries go on while nothing new can be kept.
                self.unwell(&JournalError::Full);
                self.refuse(batch, &JournalError::Full);
                match self.commit_with_little_room(&planned) {
                    Ok(stored) => self.done(Batch::default(), planned, stored),
                    Err(error) => self.failed(Batch::default(), planned, &error),
                }
            }
            Err(error @ JournalError::Store(_)) => self.commit_apart(batch, planned, &error),
            Err(error) => self.failed(batch, planned, &error),
        }
        self.look_after_wal();
    }

    /// Asks the lane; a stale settlement is answered at once.
    fn plan(&self, job: Settling) -> Option<Planned> {
        let Some(cell) = self.lanes.cells.get(&job.lane).cloned() else {
            drop(job.answer.send(Err(JournalError::Stale)));
            return None;
        };
        let clock = &self.shared.clock;
        let mut inner = locked(&cell.inner);
        match inner.lane.settle(job.token, &job.fates, clock.now(), clock.wall()) {
            Ok(plan) => {
                inner.committing = true;
                for (position, _) in &job.fates {
                    inner.facts.remove(&position.0);
                }
                let runs = inner.runs(&job.records);
                drop(inner);
                let heirs = self.lanes.subscriptions.get(cell.id.handler());
                let heirs = heirs.filter(|_| !job.again.is_empty()).cloned().unwrap_or_default();
                Some(Planned { job, cell, plan, runs, heirs })
            }
            Err(error) => {
                drop(inner);
                drop(job.answer.send(Err(error)));
                None
            }
        }
    }

    pub(super) fn commit(
        &mut self,
        chunks: &[Chunk],
        planned: &[Planned],
    ) -> Result<Stored, JournalError> {
        let wall = self.shared.clock.wall().as_millisecond();
        let head = self.shared.head.load(Ordering::Relaxed);
        let unmarked = self.shared.late.unmarked();
        let run = |connection: &mut Connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut stored = Stored::default();
            write::entries(&tx, chunks, head, wall, &mut stored)?;
            for one in planned {
                write::settlement(&tx, one, wall, &mut stored)?;
            }
            late::mark(&tx, &unmarked, wall)?;
            #[cfg(test)]
            self.shared.gate.pass();
            tx.commit()?;
            self.shared.late.marked(unmarked.len());
            Ok(stored)
        };
        run(&mut self.connection).map_err(|error| self.shared.commit_error(error))
    }

    pub(super) fn done(&mut self, batch: Batch, planned: Vec<Planned>, stored: Stored) {
        if stored.blobs.iter().any(|blob| blob.count > 0) {
            self.failures = 0;
            self.ready();
        }
        self.since_checkpoint += stored.bytes;
        let Stored { results, blobs, records, again, .. } = stored;
        let mut results = results.into_iter();
        let mut head = self.shared.head.load(Ordering::Relaxed);
        let mut woken: Vec<Arc<Cell>> = Vec::new();
        let mut acks = Vec::new();
        let chunks = batch.chunks.into_iter().zip(blobs);
        for (Chunk { data, entries, groups }, blob) in chunks {
            let kept: Vec<Kept> = results.by_ref().take(groups.len()).collect();
            if blob.count > 0 {
                self.mark(&entries, head, &blob.kept, &mut woken);
                let first = head + 1;
                head += blob.count;
                let data = Bytes::from(blob.rebuilt.unwrap_or(data));
                self.shared.reader.written(ENTRIES, first, head, first - 1, data);
            }
            for (group, kept) in groups.into_iter().zip(kept) {
                acks.extend(group.waiter.map(|(id, waiter)| (id, (waiter, kept))));
            }
        }
        self.shared.head.store(head, Ordering::Release);
        for cell in woken {
            cell.notify.notify_waiters();
        }
        self.acknowledge_in_place(&mut acks);
        answer(&batch.hands, acks, &self.shared.late);
        for (one, blobs) in planned.into_iter().zip(records) {
            self.settled(one, blobs);
        }
        let now = self.shared.clock.now();
        for (cell, row) in again {
            cell.requeue(vec![row], now);
        }
    }

    /// Tells each lane that wants them which of the new entries come first and last.
    fn mark(&mut self, entries: &[Queued], head: u64, kept: &[bool], woken: &mut Vec<Arc<Cell>>) {
        let mut spans: Vec<(&Arc<str>, u64, u64)> = Vec::new();
        let mut position = head;
        for (index, entry) in entries.iter().enumerate() {
            if !kept.get(index).copied().unwrap_or(true) {
                continue;
            }
            position += 1;
            match spans.iter_mut().find(|(command, _, _)| *command == &entry.command) {
                Some(span) => span.2 = position,
                None => spans.push((&entry.command, position, position)),
            }
        }
        for (command, first, last) in spans {
            for cell in self.route(command) {
                cell.mark(first, last, head); // not past what another command of it has before `first`
                if !woken.iter().any(|other| Arc::ptr_eq(other, cell)) {
                    woken.push(cell.clone());
                }
            }
        }
    }

    fn route(&mut self, command: &Arc<str>) -> &[Arc<Cell>] {
        if self.routes.len() >= ROUTES_MAX && !self.routes.contains_key(command) {
            self.routes.clear();
        }
        let lanes = &self.lanes;
        self.routes.entry(command.clone()).or_insert_with(|| lanes.wanting(command))
    }

    fn settled(&self, one: Planned, blobs: Vec<write::RecordBlob>) {
        let Planned { job, cell, plan, .. } = one;
        let known = locked(&cell.inner).lane.settled_to();
        let subscriptions = self.lanes.subscriptions.get(cell.id.handler());
        let subscriptions = subscriptions.filter(|_| cell.is_projection());
        if !job.state.is_empty() {
            self.shared.reader.state_written(cell.id.handler(), job.state);
        }
        let mut new = blobs.iter().filter(|blob| blob.first < REPLAYS);
        if let Some(first) = new.next() {
            let last = new.next_back().unwrap_or(first);
            for subscription in subscriptions.into_iter().flatten() {
                subscription.mark(first.first, last.last, known);
            }
        }
        for write::RecordBlob { first, last, data } in blobs {
            self.shared.reader.written(cell.handler, first, last, first, data);
        }
        cell.settled(plan.cursor);
        for subscription in subscriptions.into_iter().flatten() {
            subscription.wake_if_behind();
        }
        drop(job.answer.send(Ok(())));
    }

    pub(super) fn refuse(&self, batch: Batch, error: &JournalError) {
        let waiters =
            |group: Group| group.waiter.map(|(id, waiter)| (id, (waiter, Err(same(error)))));
        self.shared.notes_lost.fetch_add(batch.notes() as u64, Ordering::Relaxed);
        let groups = batch.chunks.into_iter().flat_map(|chunk| chunk.groups);
        answer(&batch.hands, groups.filter_map(waiters).collect(), &self.shared.late);
        for job in batch.settles {
            drop(job.answer.send(Err(same(error))));
        }
        for job in batch.attach {
            drop(job.answer.send(Err(same(error))));
        }
    }

    pub(super) fn unwell(&self, error: &JournalError) {
        match error {
            JournalError::Full => {
                if !self.shared.place.is_apart() {
                    self.shared.ballast.give();
                }
                if self.shared.health() == Health::Ready {
                    tracing::error!(
                        "the journal's disk is full: new callbacks are rejected until there is space"
                    );
                }
                self.shared.health.send_replace(Health::Unavailable(error.to_string()));
            }
            JournalError::Closed => self.shared.fail(LOST),
            other => self.shared.tell_failure(other),
        }
    }

    fn set_busy(&self) {
        locked(&self.shared.queue).busy_since = Some(self.shared.clock.now());
    }

    /// What was taken is at its end: the disk has answered.
    pub(super) fn at_rest(&self) {
        locked(&self.shared.queue).busy_since = None;
    }

    #[cfg(test)]
    pub(super) fn limit_pages(&self) {
        let pages = self.shared.pages.swap(0, Ordering::Relaxed);
        if pages == u64::MAX {
            self.connection.pragma_update(None, "query_only", true).unwrap();
        } else if pages > 0 {
            self.connection
                .pragma_update(None, "max_page_count", super::schema::number(pages))
                .unwrap();
        }
    }
}
