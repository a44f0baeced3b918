//! An action that records what was delivered to it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use switchhook_api::{Action, Failure, Record};
use tokio::sync::watch;

/// Collects the records that were delivered to it, and fails on request.
#[derive(Debug)]
pub struct RecordingAction {
    records: watch::Sender<Vec<Record>>,
    failures: Mutex<VecDeque<Failure>>,
    attempts: Mutex<u64>,
}

impl Default for RecordingAction {
    fn default() -> Self {
        let records = watch::Sender::new(Vec::new());
        Self { records, failures: Mutex::default(), attempts: Mutex::default() }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RecordingAction {
    /// Makes one of the next attempts fail; several calls queue up.
    pub fn fail_next(&self, failure: Failure) {
        locked(&self.failures).push_back(failure);
    }

    /// The delivered records, in order.
    pub fn records(&self) -> Vec<Record> {
        self.records.borrow().clone()
    }

    /// The bodies of the delivered records, as text.
    pub fn bodies(&self) -> Vec<String> {
        let text = |record: &Record| String::from_utf8_lossy(&record.body).into_owned();
        self.records.borrow().iter().map(text).collect()
    }

    /// The number of attempts, including failed ones.
    pub fn attempts(&self) -> u64 {
        *locked(&self.attempts)
    }

    /// Waits until this many records were delivered, and returns all of them.
    pub async fn delivered(&self, count: usize) -> Vec<Record> {
        let mut records = self.records.subscribe();
        match records.wait_for(|records| records.len() >= count).await {
            Ok(records) => records.clone(),
            Err(_) => self.records(),
        }
    }
}

#[async_trait]
impl Action for RecordingAction {
    async fn deliver(&self, record: &Record) -> Result<(), Failure> {
        *locked(&self.attempts) += 1;
        if let Some(failure) = locked(&self.failures).pop_front() {
            return Err(failure);
        }
        self.records.send_modify(|records| records.push(record.clone()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback;

    #[tokio::test]
    async fn scripted_failures_come_first_and_are_not_recorded() {
        let action = RecordingAction::default();
        action.fail_next(Failure::transient("busy"));
        let facts = callback("A.B", "").facts;
        let record = Record::new("h".into(), facts, None, String::new(), "{}".into());
        assert!(action.deliver(&record).await.is_err());
        action.deliver(&record).await.unwrap();
        assert_eq!((action.bodies(), action.attempts()), (vec!["{}".to_owned()], 2));
        assert_eq!(action.delivered(1).await.len(), 1);
    }
}
