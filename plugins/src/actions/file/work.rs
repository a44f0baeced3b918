//! What one call of the framework asks for, cut into batches.

use std::sync::Arc;

use switchhook_api::{Failure, Record};

use super::intent::Id;
use super::line;
use super::store::{Batch, Store};

/// Bytes of data from which on a batch takes no further record.
const DATA_MAX: usize = 4 * 1024 * 1024;

/// The records of one call and what became of them so far.
pub(super) struct Work<'a> {
    records: &'a [Record],
    /// Records that one batch may have.
    limit: usize,
    results: Vec<Result<(), Failure>>,
    /// The places of the records of the batch under way.
    members: Vec<usize>,
    /// Ids of this call that are in the file: until the call has been settled, a crash brings them back.
    written: Vec<Id>,
    /// Keys behind which nothing may go any more.
    blocked: Vec<Arc<str>>,
}

impl<'a> Work<'a> {
    /// Nothing has been done yet.
    pub(super) fn new(records: &'a [Record], limit: usize) -> Self {
        let results = Vec::with_capacity(records.len());
        let (members, written, blocked) = (Vec::new(), Vec::new(), Vec::new());
        Self { records, limit, results, members, written, blocked }
    }

    /// Takes records up to the next batch. None: there is nothing left to write.
    pub(super) fn next_batch(&mut self, store: &Store) -> Option<Batch> {
        self.members.clear();
        let mut batch = Batch::default();
        while let Some(record) = self.records.get(self.results.len()) {
            if self.members.is_empty() {
                self.begin(record, &mut batch);
            }
            let full = self.members.len() >= self.limit || batch.data.len() >= DATA_MAX;
            if full || *record.handler != batch.handler {
                break;
            }
            let result = self.take(record, &mut batch, store);
            self.results.push(result);
        }
        batch.carried.clone_from(&self.written);
        (!self.members.is_empty()).then_some(batch)
    }

    /// Starts a batch with its first record's handler.
    fn begin(&mut self, record: &Record, batch: &mut Batch) {
        if *record.handler == batch.handler {
            return;
        }
        record.handler.as_ref().clone_into(&mut batch.handler);
        let done = self.results.len();
        if done.checked_sub(1).is_some_and(|last| self.records[last].handler != record.handler) {
            self.written.clear();
        }
        let coming = self.records[done..].iter().take(self.limit);
        let bytes: usize = coming.clone().map(|record| record.body.len() + 1).sum();
        batch.data.reserve(bytes.min(DATA_MAX + record.body.len()));
        batch.ids.reserve(coming.len());
    }

    /// The result of a record, if its batch succeeds.
    fn take(&mut self, record: &Record, batch: &mut Batch, store: &Store) -> Result<(), Failure> {
        let id = *record.delivery().as_bytes();
        if store.knows(&batch.handler, &id) {
            self.written.push(id);
            return Ok(());
        }
        if record.key.as_ref().is_some_and(|key| self.blocked.contains(key)) {
            return Err(Failure::transient("waiting for an earlier record with the same key"));
        }
        if let Err(reason) = line::push(&mut batch.data, &record.body) {
            self.blocked.extend(record.key.clone());
            return Err(Failure::permanent(reason));
        }
        batch.ids.push(id);
        self.members.push(self.results.len());
        Ok(())
    }

    /// The batch under way is in the file.
    pub(super) fn succeeded(&mut self) {
        let ids = self.members.iter().map(|place| &self.records[*place]);
        self.written.extend(ids.map(|record| *record.delivery().as_bytes()));
        self.members.clear();
    }

    /// The batch under way failed, and with it everything that has not been looked at.
    pub(super) fn failed(mut self, reason: &str) -> Vec<Result<(), Failure>> {
        for place in &self.members {
            self.results[*place] = Err(Failure::transient(reason));
        }
        let rest = self.records.len() - self.results.len();
        self.results.extend((0..rest).map(|_| Err(Failure::transient(reason))));
        self.results
    }

    /// What became of every record, once all have been looked at.
    pub(super) fn results(self) -> Vec<Result<(), Failure>> {
        self.results
    }
}
