//! The role of an action: delivers records to a destination. One call is one attempt; the framework decides when and how often.

use async_trait::async_trait;

use crate::BoxError;
use crate::failure::Failure;
use crate::record::Record;

/// Delivers records.
#[async_trait]
pub trait Action: Send + Sync + 'static {
    /// One attempt. `Ok` means that the target has the record durably.
    ///
    /// # Errors
    /// A transient failure is retried later; a permanent one makes a dead letter at once.
    async fn deliver(&self, record: &Record) -> Result<(), Failure>;

    /// One attempt for several records, in order, with one result for each. After a record has failed, no later record of the
    /// same key may be delivered. Called only if [`Action::batch_max`] is above 1.
    async fn deliver_batch(&self, records: &[Record]) -> Vec<Result<(), Failure>> {
        let mut results = Vec::with_capacity(records.len());
        for record in records {
            let blocked = records[..results.len()].iter().zip(&results).any(
                |(earlier, result): (&Record, &Result<(), Failure>)| {
                    result.is_err() && earlier.key.is_some() && earlier.key == record.key
                },
            );
            results.push(match blocked {
                true => Err(Failure::transient("waiting for an earlier record with the same key")),
                false => self.deliver(record).await,
            });
        }
        results
    }

    /// The most records that one [`Action::deliver_batch`] takes. With 1, each record is an attempt of its own, `concurrency` at
    /// a time.
    fn batch_max(&self) -> usize {
        1
    }

    /// Whether an attempt cannot be cancelled, such as a write to a disk. Its result must then be known before the next attempt:
    /// after its `timeout` there is a warning, and the framework keeps waiting.
    fn is_uncancellable(&self) -> bool {
        false
    }

    /// Acquires what only one instance can hold, such as a file, after the previous holder has released it.
    ///
    /// # Errors
    /// The server does not start.
    async fn start(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Reopens its files, on SIGUSR1, after they were moved away. Deliveries may be under way.
    async fn reopen(&self) {}

    /// Releases everything; no delivery is under way.
    async fn shutdown(&self) {}
}
