//! One attempt: within its time, told to the gate, and what becomes of its records.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use switchhook_api::journal::{Disposition, JournalError, Lease, Position};
use switchhook_api::{Failure, Record, program_name};
use tokio::time::timeout;

use super::evidence::Who;
use super::gate::Ended;
use super::permit::Permit;
use super::subscription::{Subscription, split};
use super::{LOG, retry};
use crate::metrics::OfAction;

/// Why an attempt gave no result.
#[derive(Clone, Copy)]
enum NoResult {
    Panicked,
    InTime,
}

/// What was done about a target that is gone.
#[derive(Clone, Copy, PartialEq)]
enum Gone {
    /// Its action is paused.
    Paused,
    /// It could not be paused just now.
    GoesOn,
    /// There is no way to pause it: its records are given up.
    Unable,
}

/// What became of a batch.
pub(super) struct Batch {
    pub(super) fates: Vec<(Position, Disposition)>,
    /// One of its records makes the action panic or hang: they come again one at a time, so that no other is given up for it.
    pub(super) alone: bool,
}

impl Subscription {
    /// Several records in one attempt.
    pub(super) async fn attempt_batch(&self, lease: Lease, permit: Permit) -> Batch {
        let (places, records) = split(lease);
        let outcome = self.attempt(async { self.action.deliver_batch(&records).await }).await;
        let hung = matches!(outcome, Err(NoResult::InTime));
        let whole = outcome.as_ref().is_ok_and(|results| results.len() == records.len());
        let (answered, alone) = (outcome.is_ok(), records.len() > 1 && !whole);
        let failure = || match &outcome {
            Ok(_) => Failure::permanent("the action returned fewer results than it got records"),
            Err(none) => self.failure(*none),
        };
        let results = if alone {
            // One record may be the cause: no other is given up for it.
            let reason = failure().reason();
            let reason = format!("{reason}; each record of the batch is retried on its own");
            repeat(&records, || Failure::transient(reason.clone()))
        } else if whole {
            outcome.unwrap_or_default()
        } else {
            repeat(&records, failure)
        };
        let who = |index: usize| self.who(places[index].0, &records[index]);
        let first = places.iter().any(|(_, before)| *before == 0);
        tell(permit, who, &results, answered, Ended { first, hung, ..Ended::default() });
        let before = places.iter().map(|(_, before)| *before);
        let fates = self.fates(records.iter().zip(before), results).await;
        Batch {
            fates: places.into_iter().map(|(position, _)| position).zip(fates).collect(),
            alone,
        }
    }

    /// One record; `before` are the attempts made so far.
    pub(super) async fn attempt_one(
        &self,
        (position, before): (Position, u32),
        record: &Record,
        permit: Permit,
    ) -> Disposition {
        let outcome = self.attempt(async { self.action.deliver(record).await }).await;
        let (answered, hung) = (outcome.is_ok(), matches!(outcome, Err(NoResult::InTime)));
        let result = [outcome.unwrap_or_else(|none| Err(self.failure(none)))];
        let ended = Ended { first: before == 0, hung, ..Ended::default() };
        tell(permit, |_| self.who(position, record), &result, answered, ended);
        let fates = self.fates([(record, before)], result).await;
        fates.into_iter().next().unwrap_or(Disposition::Delivered)
    }

    fn who(&self, position: Position, record: &Record) -> Who {
        Who::new(self.seat.number(), position, record)
    }

    /// Within its time. Whatever the action does, beginning, ending and being dropped included, stays in here.
    async fn attempt<T>(&self, attempt: impl Future<Output = T>) -> Result<T, NoResult> {
        let bounded = async {
            let mut attempt = pin!(self.seat.gate.threads.within(attempt));
            match timeout(self.policy.timeout.0, attempt.as_mut()).await {
                Ok(result) => Ok(result),
                Err(_) if self.action.is_uncancellable() => {
                    let (action, timeout) = (&self.action_name, self.policy.timeout);
                    tracing::warn!(%action, %timeout, "attempt exceeded its timeout; this action cannot be cancelled, so it is waited for");
                    Ok(attempt.await)
                }
                Err(_) => Err(NoResult::InTime),
            }
        };
        AssertUnwindSafe(bounded).catch_unwind().await.unwrap_or(Err(NoResult::Panicked))
    }

    /// What becomes of the records of one attempt.
    async fn fates<'r>(
        &self,
        records: impl IntoIterator<Item = (&'r Record, u32)>,
        results: impl AsRef<[Result<(), Failure>]>,
    ) -> Vec<Disposition> {
        let results = results.as_ref();
        self.count_all(results);
        if results.iter().all(Result::is_ok) {
            return results.iter().map(|_| Disposition::Delivered).collect();
        }
        let done = match results.iter().find_map(|result| gone(result)) {
            Some(failure) => self.pause(failure).await,
            None => Gone::Unable,
        };
        // One chance for all: what failed together falls due together, and is one attempt again.
        let chance = self.works.rng.fraction();
        let retry = &self.policy.retry;
        let fate = |((_, before), result): (&(&Record, u32), &Result<(), Failure>)| match result {
            Ok(()) => Disposition::Delivered,
            Err(failure) if done != Gone::Unable && failure.is_gone() => {
                retry::again(retry, *before, failure, chance)
            }
            Err(failure) => retry::fate(retry, *before, failure, chance),
        };
        let records: Vec<_> = records.into_iter().collect();
        let mut fates: Vec<Disposition> = records.iter().zip(results).map(fate).collect();
        let first = |((_, before), fate): (&(&Record, u32), &Disposition)| {
            *before == 0 && matches!(fate, Disposition::Retry { .. })
        };
        let first = records.iter().zip(&fates).any(first);
        self.place(&mut fates, first);
        for (((record, before), fate), result) in records.iter().zip(&fates).zip(results) {
            // That it is paused has been said; that it is tried again would contradict it.
            if done != Gone::Paused || gone(result).is_none() {
                self.report(record, *before, fate);
            }
        }
        fates
    }

    /// Gives the retry of an attempt its place in time: an attempt is one for its target, however many records it has.
    fn place(&self, fates: &mut [Disposition], first: bool) {
        let mut waits: Vec<&mut Duration> = fates
            .iter_mut()
            .filter_map(|fate| match fate {
                Disposition::Retry { after, .. } => Some(after),
                _ => None,
            })
            .collect();
        let Some(earliest) = waits.iter().map(|wait| **wait).min() else { return };
        let placed = self.seat.place_retry(earliest, first);
        for wait in &mut waits {
            **wait = placed.max(**wait);
        }
    }

    /// Pauses the action, for its target is gone, and says so once.
    async fn pause(&self, failure: &Failure) -> Gone {
        let action = &self.action_name;
        let reason = failure.reason();
        let reason = switchhook_api::escape::for_line(&reason);
        match self.works.journal.pause(action, true).await {
            Err(JournalError::Unsupported(_)) => Gone::Unable,
            Err(error) => {
                let error = switchhook_api::error_line(&error);
                if let Some(suppressed) = LOG.take("unpaused") {
                    tracing::error!(%action, %reason, %error, suppressed, "the target is gone, but the action could not be paused");
                }
                Gone::GoesOn
            }
            Ok(()) => {
                // What was under way beside it finds the same.
                if let Some(suppressed) = self.seat.note_gone().then(|| LOG.take("gone")).flatten()
                {
                    let program = program_name();
                    tracing::error!(%action, %reason, suppressed, "the target is gone: action paused, its records stay in the journal; run `{program} resume {action}` to continue");
                }
                Gone::Paused
            }
        }
    }

    fn report(&self, record: &Record, before: u32, fate: &Disposition) {
        let action = &self.action_name;
        match fate {
            Disposition::Retry { after, reason } => {
                let Some(suppressed) = LOG.take("retry") else { return };
                let after =
                    Duration::from_millis(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
                let (record, reason) = (record.id(), switchhook_api::escape::for_line(reason));
                tracing::warn!(%action, record, attempt = before.saturating_add(1), retry_in = ?after, %reason, suppressed, "delivery failed: it will be retried");
            }
            Disposition::Dead { reason, .. } => {
                self.count("dead_letter", 1);
                let Some(suppressed) = LOG.take("dead") else { return };
                let (record, reason) = (record.id(), switchhook_api::escape::for_line(reason));
                tracing::error!(%action, record, %reason, suppressed, "delivery failed: record moved to dead letters");
            }
            Disposition::Delivered | Disposition::Recorded(_) => {}
        }
    }

    fn failure(&self, none: NoResult) -> Failure {
        match none {
            NoResult::Panicked => Failure::permanent("the action panicked"),
            NoResult::InTime => {
                let within = self.policy.timeout;
                Failure::transient(format!("timeout: no result within {within}"))
            }
        }
    }

    fn count_all(&self, results: &[Result<(), Failure>]) {
        let failed = results.iter().filter(|result| result.is_err()).count();
        self.count("delivered", results.len() - failed);
        self.count("failed", failed);
    }

    fn count(&self, result: &'static str, n: usize) {
        if n > 0 {
            let (handler, action) = (self.handler.clone(), self.action_name.clone());
            let labels = OfAction { handler, action, result: result.into() };
            self.works.metrics.deliveries.get_or_create(&labels).inc_by(n as u64);
        }
    }
}

/// Tells the gate how the target is. It fails where nothing came through and nothing was refused for good.
fn tell(
    permit: Permit,
    who: impl Fn(usize) -> Who,
    results: &[Result<(), Failure>],
    answered: bool,
    mut ended: Ended,
) {
    let failed = |index: &usize| {
        let failure = results[*index].as_ref().err();
        failure.is_some_and(|failure| !answered || !failure.is_permanent())
    };
    ended.failed = (0..results.len()).filter(failed).map(&who).collect();
    ended.taken = results.len() - ended.failed.len();
    let taken = (0..results.len()).filter(|index| !failed(index)).map(&who);
    let failures = || results.iter().filter_map(|result| result.as_ref().err());
    if results.iter().all(Result::is_err) {
        ended.undelivered = failures().next_back().map(Failure::reason);
    }
    match failures().max_by_key(|failure| failure.wanted_wait()) {
        Some(worst) if ended.taken == 0 => permit.failed(&ended, worst),
        _ => permit.answered(&ended, taken),
    }
}

fn gone(result: &Result<(), Failure>) -> Option<&Failure> {
    result.as_ref().err().filter(|failure| failure.is_gone())
}

fn repeat(records: &[Record], failure: impl Fn() -> Failure) -> Vec<Result<(), Failure>> {
    records.iter().map(|_| Err(failure())).collect()
}
