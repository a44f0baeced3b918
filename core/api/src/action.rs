//! The role of an action: delivers records somewhere. One call is one attempt; when and how often is the framework's business.

use async_trait::async_trait;

use crate::BoxError;
use crate::failure::Failure;
use crate::record::Record;

/// Delivers records.
#[async_trait]
pub trait Action: Send + Sync + 'static {
    /// One attempt. `Ok` means that the target has it for good.
    ///
    /// # Errors
    /// Transient: tried again later. Permanent: a dead letter at once.
    async fn deliver(&self, record: &Record) -> Result<(), Failure>;

    /// One attempt for several records, in order; one result for each. Once a record has failed, none of the same key
    /// after it may have been delivered. Called only where [`Action::batch_max`] is above 1.
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

    /// How many records one [`Action::deliver_batch`] may take. 1: each record is an attempt of its own, `concurrency` at a time.
    fn batch_max(&self) -> usize {
        1
    }

    /// Whether an attempt that nobody waits for any more goes on to its end all the same, as a write to a disk does. What
    /// became of it must then be known before it is made again: past its `timeout` there is a warning, and the wait goes on.
    fn goes_on(&self) -> bool {
        false
    }

    /// Takes what only one can hold (a file), after its predecessor let go.
    ///
    /// # Errors
    /// The server does not start.
    async fn start(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Opens its files anew, on SIGUSR1: somebody has moved them away. Deliveries may be under way.
    async fn reopen(&self) {}

    /// Lets go of everything; no delivery is under way.
    async fn shutdown(&self) {}
}
