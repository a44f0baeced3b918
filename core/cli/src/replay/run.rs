//! Sends them: chunk by chunk, no faster than was asked for, waiting where a lane is full.

use std::time::Duration;

use switchhook_api::journal::{ConsumerId, Position};
use switchhook_engine::admin::Replay;
use tokio::time::Instant;

use super::plan::Plan;
use super::rate::Rate;
use crate::Failed;
use crate::dead_letters::full_without_server;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::store::{Store, StoreError};

/// Callbacks that are sent off together at most.
const CHUNK: usize = 500;
/// Before a full lane is asked again.
const FULL: Duration = Duration::from_millis(500);

/// A replay that stopped early.
#[derive(Debug)]
pub(super) struct Stopped {
    why: Failed,
    queued: u64,
    total: u64,
    /// Everything up to here was sent off, to every lane.
    pub(super) after: Option<Position>,
    /// Some of what comes next may have been sent off already.
    partly_sent: bool,
}

impl Stopped {
    /// The failure, with what was done and how to continue. Values of `--override` may be secret and are not repeated.
    pub(super) fn into_failure(self, again: &str, overridden: bool, served: bool) -> Failed {
        let (queued, total) = (self.queued, self.total);
        let partly_sent = match self.partly_sent {
            true => "\nThe last deliveries may be repeated.",
            false => "",
        };
        let when = if served { "" } else { "; they are made when a server runs" };
        let with = if overridden { ", with --override as before" } else { "" };
        self.why.with_line(&format!(
            "{queued} of {total} deliveries queued{when}. To continue{with}:\n  {again}{partly_sent}"
        ))
    }
}

/// A replay in progress.
struct Run<'a> {
    plan: &'a Plan,
    rate: Rate,
    interrupt: &'a Interrupt,
    progress: Progress,
    begun: Instant,
    queued: u64,
}

/// How many were sent off.
pub(super) async fn run(
    store: &mut Store,
    plan: &Plan,
    rate: Rate,
    total: u64,
    interrupt: &Interrupt,
) -> Result<u64, Stopped> {
    let progress = Progress::new("deliveries", total);
    let begun = Instant::now();
    let mut run = Run { plan, rate, interrupt, progress, begun, queued: 0 };
    let (mut after, mut partly_sent) = (None, false);
    let done = run.all(store, &mut after, &mut partly_sent).await;
    run.progress.clear();
    match done {
        Ok(()) => Ok(run.queued),
        Err(why) => Err(Stopped { why, queued: run.queued, total, after, partly_sent }),
    }
}

impl Run<'_> {
    async fn all(
        &mut self,
        store: &mut Store,
        after: &mut Option<Position>,
        partly_sent: &mut bool,
    ) -> Result<(), Failed> {
        let size = self.rate.chunk(CHUNK).div_ceil(self.plan.lanes.len().max(1));
        let mut next = Some(None);
        while let Some(from) = next {
            self.keep_to_rate().await?;
            let (positions, more) = self.plan.positions(store, from, size).await?;
            for lane in &self.plan.lanes {
                if !positions.is_empty() {
                    *partly_sent = true; // also where the answer is lost: the order may have been carried out
                    self.send(store, lane, &positions).await?;
                }
            }
            *partly_sent = false;
            *after = positions.last().copied().or(*after);
            next = more.map(Some);
        }
        Ok(())
    }

    async fn send(
        &mut self,
        store: &mut Store,
        lane: &ConsumerId,
        positions: &[Position],
    ) -> Result<(), Failed> {
        let mut announced = false;
        loop {
            let (name, positions) = (lane.to_string(), positions.to_vec());
            match store.execute(Replay { lane: name, positions, dry_run: false }).await {
                Ok(sent) => {
                    self.queued += sent.queued;
                    self.progress.add(sent.queued);
                    return Ok(());
                }
                Err(StoreError::Overloaded) if !store.is_served() => {
                    return Err(full_without_server(&lane.to_string()));
                }
                Err(StoreError::Overloaded) => {
                    if !announced {
                        self.progress
                            .print(&format!("{lane} is full; waiting for its pending deliveries"));
                        announced = true;
                    }
                    self.interrupt.wait(FULL).await;
                }
                Err(error) => return Err(error.into()),
            }
            self.check_interrupt()?;
        }
    }

    /// Waits until what was sent off has had its time.
    async fn keep_to_rate(&self) -> Result<(), Failed> {
        let due = self.rate.time_for(self.queued);
        self.interrupt.wait(due.saturating_sub(self.begun.elapsed())).await;
        self.check_interrupt()
    }

    fn check_interrupt(&self) -> Result<(), Failed> {
        match self.interrupt.is_set() {
            true => Err(Failed::interrupted("interrupted")),
            false => Ok(()),
        }
    }
}
