//! What all subscriptions of one action instance share: its breaker, its slow start, its retry budget, and how much of it
//! each may use at a time.
//!
//! A lane asks for room before it leases, and gets its permits at the moment the lease is made: a lane that waits for work
//! holds nothing, and nothing is leased that could not be attempted at once. A lane that waits for room goes before those that
//! have more under way; a lane that has no work reserves nothing. Only a lane whose last attempt ran into its timeout leaves
//! one attempt free for the lanes that have none under way, so that they do not wait for its next timeouts as well.

mod standing;
mod tally;

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use switchhook_api::{Clock, Failure, Rng, Table};
use tokio::sync::Notify;

pub(super) use self::tally::Ended;
use self::tally::Tally;
use super::DeliveryContext;
use super::breaker::{Admits, Breaker, Opened, Pass};
use super::budget::Budget;
use super::occupied::Threads;
use super::policy::Policy;
use super::ramp::Ramp;
use crate::metrics::OfTarget;

/// Hands out permits for attempts of one action instance.
pub(crate) struct Gate {
    name: Arc<str>,
    concurrency: usize,
    /// What one lane ever asks for.
    most: Room,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rng: Arc<Rng>,
    pub(super) metrics: Counts,
    pub(super) threads: Arc<Threads>,
    inner: Mutex<Inner>,
    changed: Notify,
}

/// Its own metrics, looked up once.
pub(super) struct Counts {
    pub(super) open: Gauge,
    pub(super) opened: Counter,
    delayed: Counter,
    pub(super) under_way: Gauge,
    pub(super) in_a_row: Gauge,
    pub(super) forgotten: Counter,
}

pub(super) struct Inner {
    pub(super) breaker: Breaker,
    pub(super) ramp: Ramp,
    pub(super) budget: Budget,
    pub(super) tally: Tally,
    /// Since when the action is paused because its target is gone.
    gone: Option<Duration>,
    seats: Vec<Place>,
    under_way: usize,
    arrivals: u64,
}

/// What a lane has at the gate.
#[derive(Default)]
struct Place {
    under_way: usize,
    /// It waits for room, and since which arrival.
    waits: Option<u64>,
    /// Its last attempt ran into its timeout.
    hung: bool,
}

/// One lane's seat at the gate.
#[derive(Clone)]
pub(crate) struct LimiterHandle {
    pub(super) gate: Arc<Gate>,
    number: usize,
}

/// How much may begin: so many attempts, each with so many records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) attempts: usize,
    pub(super) records: usize,
    /// It is for a probe.
    pub(super) probe: bool,
}

impl Room {
    fn min(self, most: Self) -> Self {
        let (attempts, records) = (self.attempts, self.records);
        let (attempts, records) = (attempts.min(most.attempts), records.min(most.records));
        Self { attempts, records, ..self }
    }

    pub(super) fn holds(self, other: Self) -> bool {
        let enough = self.attempts >= other.attempts && self.records >= other.records;
        enough && self.probe == other.probe
    }
}

/// Why there is no room.
enum Full {
    /// Until this time.
    Until(Duration),
    /// Until something changes.
    Changed,
}

impl Gate {
    /// The gate of an action that takes so many records in one attempt.
    pub(crate) fn new(
        name: &Arc<str>,
        policy: &Policy,
        batch: usize,
        works: &DeliveryContext,
    ) -> Arc<Self> {
        let of = OfTarget { action: name.clone() };
        let all = &works.metrics;
        let metrics = Counts {
            open: all.circuit_breaker_open.get_or_create(&of).clone(),
            opened: all.circuit_breaker_opened.get_or_create(&of).clone(),
            delayed: all.retries_throttled.get_or_create(&of).clone(),
            under_way: all.attempts_in_flight.get_or_create(&of).clone(),
            in_a_row: all.consecutive_failures.get_or_create(&of).clone(),
            forgotten: all.limit_counter("failing_records"),
        };
        let inner = Inner {
            breaker: Breaker::new(policy.circuit_breaker),
            ramp: Ramp::new(policy.concurrency.max(batch)),
            budget: Budget::new(&policy.retry),
            tally: Tally::default(),
            gone: None,
            seats: Vec::new(),
            under_way: 0,
            arrivals: 0,
        };
        let most = match batch {
            0 | 1 => Room { attempts: policy.concurrency, records: 1, probe: false },
            records => Room { attempts: 1, records, probe: false },
        };
        Arc::new(Self {
            name: name.clone(),
            concurrency: policy.concurrency,
            most,
            clock: works.clock.clone(),
            rng: works.rng.clone(),
            metrics,
            threads: works.occupied.by(Table::Actions, name),
            inner: Mutex::new(inner),
            changed: Notify::new(),
        })
    }

    /// A seat for one more lane.
    pub(crate) fn seat(self: &Arc<Self>) -> LimiterHandle {
        let mut inner = self.inner();
        inner.seats.push(Place::default());
        LimiterHandle { gate: self.clone(), number: inner.seats.len() - 1 }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell_opened(&self, opened: Opened, failure: &Failure) {
        let Opened { failures, wait } = opened;
        let reason = failure.reason();
        let reason = switchhook_api::escape::for_line(&reason);
        let until = self.time_of_day(self.clock.now() + wait);
        let Some(suppressed) = super::LOG.take("opened") else { return };
        tracing::warn!(action = %self.name, failures, next_probe = %until, %reason, suppressed, "circuit breaker opened: the target keeps failing");
    }

    pub(super) fn tell_closed(&self) {
        let Some(suppressed) = super::LOG.take("closed") else { return };
        tracing::info!(action = %self.name, suppressed, "circuit breaker closed; ramping up");
    }
}

impl Inner {
    /// What a seat may begin now.
    fn room(&self, seat: usize, concurrency: usize, now: Duration) -> Result<Room, Full> {
        match self.breaker.admits(now) {
            Admits::Nothing(Some(until)) => return Err(Full::Until(until)),
            Admits::Nothing(None) => return Err(Full::Changed),
            Admits::Probe if self.left_to_others(seat, 1) > 0 => return Err(Full::Changed),
            Admits::Probe => return Ok(Room { attempts: 1, records: 1, probe: true }),
            Admits::All => {}
        }
        let limit = self.ramp.level().min(concurrency);
        let left = limit.saturating_sub(self.under_way + self.left_to_others(seat, limit));
        match left.min(self.share(seat, limit)) {
            0 => Err(Full::Changed),
            attempts => Ok(Room { attempts, records: self.ramp.level(), probe: false }),
        }
    }

    /// How many more a seat may have under way: its part, while others wait for theirs.
    fn share(&self, seat: usize, limit: usize) -> usize {
        let waits = |(number, place): (usize, &Place)| number != seat && place.waits.is_some();
        if !self.seats.iter().enumerate().any(waits) {
            return limit;
        }
        let busy = |(number, place): &(usize, &Place)| {
            *number == seat || place.waits.is_some() || place.under_way > 0
        };
        let busy = self.seats.iter().enumerate().filter(busy).count().max(1);
        let own = self.seats.get(seat).map_or(0, |place| place.under_way);
        limit.div_ceil(busy).saturating_sub(own)
    }

    /// Attempts that are left to others: to those who have waited longer and have no more under way; and one to those who have
    /// none at all, where this lane's attempts hang.
    fn left_to_others(&self, seat: usize, limit: usize) -> usize {
        let Some(own) = self.seats.get(seat) else { return 0 };
        let (mut idle, mut waiting) = (false, 0);
        for (_, other) in self.seats.iter().enumerate().filter(|(number, _)| *number != seat) {
            let waited = other.waits.is_some_and(|since| own.waits.is_none_or(|own| since < own));
            waiting += usize::from(waited && other.under_way <= own.under_way);
            idle |= other.under_way == 0;
        }
        waiting.max(usize::from(own.hung && idle && limit > 1))
    }

    /// Notes whether the last attempt of a lane ran into its timeout.
    pub(super) fn note_hung(&mut self, seat: usize, hung: bool) {
        if let Some(place) = self.seats.get_mut(seat) {
            place.hung = hung;
        }
    }

    fn take(&mut self, seat: usize, attempts: usize) -> Pass {
        if let Some(place) = self.seats.get_mut(seat) {
            place.under_way += attempts;
        }
        self.under_way += attempts;
        self.breaker.begin()
    }

    fn give_back(&mut self, seat: usize, attempts: usize) {
        if let Some(place) = self.seats.get_mut(seat) {
            place.under_way -= attempts.min(place.under_way);
        }
        self.under_way -= attempts.min(self.under_way);
    }

    fn anybody_waits(&self) -> bool {
        self.seats.iter().any(|place| place.waits.is_some())
    }
}

impl LimiterHandle {
    /// Its turn.
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn(self)
    }

    /// Its number among all lanes of the action.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// When a retry may be made that would like to wait so long; `first`: it is the first one of its record.
    pub(super) fn place_retry(&self, wait: Duration, first: bool) -> Duration {
        let now = self.gate.clock.now();
        let placed = self.gate.inner().budget.place(now, wait, first);
        if placed > wait {
            self.gate.metrics.delayed.inc();
        }
        placed
    }

    /// Begins as much as the room is for, unless it has shrunk.
    pub(super) fn take(&self, room: Room) -> Option<Pass> {
        let gate = &*self.gate;
        let now = gate.clock.now();
        let mut inner = gate.inner();
        inner.room(self.number, gate.concurrency, now).ok().filter(|now| now.holds(room))?;
        let pass = inner.take(self.number, room.attempts);
        let waited = inner.seats.get_mut(self.number).and_then(|place| place.waits.take());
        let others = waited.is_some() && inner.anybody_waits();
        drop(inner);
        if others {
            gate.changed.notify_waiters(); // they left room for this one
        }
        Some(pass)
    }
}

/// A lane's turn at the gate, until it is dropped.
pub(super) struct Turn<'s>(&'s LimiterHandle);

impl Turn<'_> {
    /// Waits for room.
    pub(super) async fn comes(&self) -> Room {
        let gate = &*self.0.gate;
        loop {
            let mut changed = pin!(gate.changed.notified());
            changed.as_mut().enable();
            match self.look(gate) {
                Ok(room) => return room.min(gate.most),
                Err(Full::Changed) => changed.await,
                Err(Full::Until(at)) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = gate.clock.sleep_until(at) => {}
                },
            }
        }
    }

    fn look(&self, gate: &Gate) -> Result<Room, Full> {
        let now = gate.clock.now();
        let mut inner = gate.inner();
        let room = inner.room(self.0.number, gate.concurrency, now);
        if room.is_err() {
            let arrival = inner.arrivals;
            inner.arrivals += 1;
            if let Some(place) = inner.seats.get_mut(self.0.number) {
                place.waits.get_or_insert(arrival);
            }
        }
        room
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let gate = &*self.0.gate;
        let mut inner = gate.inner();
        let waited = inner.seats.get_mut(self.0.number).and_then(|place| place.waits.take());
        drop(inner);
        if waited.is_some() {
            gate.changed.notify_waiters();
        }
    }
}

impl LimiterHandle {
    /// Gives attempts back, and changes what comes of them.
    pub(super) fn leave<T>(&self, attempts: usize, then: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.gate.inner();
        inner.give_back(self.number, attempts);
        let result = then(&mut inner);
        let waits = inner.anybody_waits();
        drop(inner);
        if waits {
            self.gate.changed.notify_waiters();
        }
        result
    }
}
