//! What all subscriptions of one action instance share: its breaker, its slow start, its retry budget, and how much of it
//! each may use at a time.
//!
//! A lane asks for room before it leases, and gets its permits at the moment the lease is made: a lane that waits for work
//! holds nothing, and nothing is leased that could not be attempted at once. One attempt is kept for each lane that has none
//! under way, up to half of what may be at a time, so that a lane whose records hang cannot keep another waiting; and a lane
//! that waits for room goes before those that have more under way.

mod standing;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Notify;

#[cfg(test)]
pub(crate) use self::standing::LeftAlone;
pub(crate) use self::standing::Standing;
use super::Works;
use super::breaker::{Admits, Breaker, Opened, Pass};
use super::budget::Budget;
use super::occupied::Threads;
use super::permit::Permits;
use super::ramp::Ramp;
use crate::config::tables;
use crate::handler::Failure;
use crate::metrics::OfTarget;
use crate::plugin::Table;
use crate::time::{Clock, Rng};

/// How long a lease that is half made waits for room: well within the margin of its term.
const HALF_MADE_MAX: Duration = Duration::from_secs(30);

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
}

pub(super) struct Inner {
    pub(super) breaker: Breaker,
    pub(super) ramp: Ramp,
    pub(super) budget: Budget,
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
}

/// One lane's seat at the gate.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(super) gate: Arc<Gate>,
    number: usize,
}

/// How much may begin: so many attempts, each with so many records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) attempts: usize,
    pub(super) records: usize,
}

impl Room {
    fn min(self, most: Self) -> Self {
        let (attempts, records) = (self.attempts, self.records);
        Self { attempts: attempts.min(most.attempts), records: records.min(most.records) }
    }

    fn holds(self, other: Self) -> bool {
        self.attempts >= other.attempts && self.records >= other.records
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
        table: &tables::Action,
        batch: usize,
        works: &Works,
    ) -> Arc<Self> {
        let of = OfTarget { action: name.clone() };
        let all = &works.metrics;
        let metrics = Counts {
            open: all.breaker_open.get_or_create(&of).clone(),
            opened: all.breaker_opened.get_or_create(&of).clone(),
            delayed: all.retries_delayed.get_or_create(&of).clone(),
            under_way: all.attempts_under_way.get_or_create(&of).clone(),
        };
        let inner = Inner {
            breaker: Breaker::new(table.breaker),
            ramp: Ramp::new(table.concurrency.max(batch)),
            budget: Budget::new(&table.retry),
            gone: None,
            seats: Vec::new(),
            under_way: 0,
            arrivals: 0,
        };
        let most = match batch {
            0 | 1 => Room { attempts: table.concurrency, records: 1 },
            records => Room { attempts: 1, records },
        };
        Arc::new(Self {
            name: name.clone(),
            concurrency: table.concurrency,
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
    pub(crate) fn seat(self: &Arc<Self>) -> Seat {
        let mut inner = self.inner();
        inner.seats.push(Place::default());
        Seat { gate: self.clone(), number: inner.seats.len() - 1 }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell_opened(&self, opened: Opened, failure: &Failure) {
        let Opened { failures, wait } = opened;
        let reason = failure.reason();
        let reason = crate::escape::for_line(&reason);
        let until = self.time_of_day(self.clock.now() + wait);
        let Some(suppressed) = super::LOG.take("opened") else { return };
        tracing::warn!(action = %self.name, failures, %until, %reason, suppressed, "the target keeps failing: it is left alone, then probed");
    }

    pub(super) fn tell_closed(&self) {
        let Some(suppressed) = super::LOG.take("closed") else { return };
        tracing::info!(action = %self.name, suppressed, "the target answers again: deliveries start slowly");
    }
}

impl Inner {
    /// What a seat may begin now.
    fn room(&self, seat: usize, concurrency: usize, now: Duration) -> Result<Room, Full> {
        match self.breaker.admits(now) {
            Admits::Nothing(Some(until)) => return Err(Full::Until(until)),
            Admits::Nothing(None) => return Err(Full::Changed),
            Admits::Probe if self.left_to_others(seat, 1) > 0 => return Err(Full::Changed),
            Admits::Probe => return Ok(Room { attempts: 1, records: 1 }),
            Admits::All => {}
        }
        let limit = self.ramp.level().min(concurrency);
        match limit.saturating_sub(self.under_way + self.left_to_others(seat, limit)) {
            0 => Err(Full::Changed),
            attempts => Ok(Room { attempts, records: self.ramp.level() }),
        }
    }

    /// Attempts that are left to others: to those who have waited longer and have no more under way, and to those who have
    /// none at all.
    fn left_to_others(&self, seat: usize, limit: usize) -> usize {
        let Some(own) = self.seats.get(seat) else { return 0 };
        let (mut idle, mut first_idle, mut first) = (0, 0, 0);
        for (_, other) in self.seats.iter().enumerate().filter(|(number, _)| *number != seat) {
            let waited = other.waits.is_some_and(|since| own.waits.is_none_or(|own| since < own));
            let before = usize::from(waited && other.under_way <= own.under_way);
            match other.under_way {
                0 => (idle, first_idle) = (idle + 1, first_idle + before),
                _ => first += before,
            }
        }
        first + first_idle.max(idle.min(limit / 2))
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

impl Seat {
    /// Makes a lease that holds no more than there is room for: `lease` is called with that room, again when it has shrunk
    /// meanwhile. The permits are for its attempts, one for each that was allowed.
    pub(super) async fn admit<T, F: Future<Output = T>>(
        &self,
        mut lease: impl FnMut(Room) -> F,
    ) -> (T, Permits) {
        let turn = Turn(self);
        loop {
            let room = turn.comes().await;
            let mut leasing = pin!(lease(room));
            let begun = self.gate.clock.now();
            loop {
                let admitted = poll_fn(|cx| {
                    // Only while the journal is asked: whoever waits for work takes nothing from those who have some.
                    let Some(permits) = self.take(room) else { return Poll::Ready(None) };
                    leasing.as_mut().poll(cx).map(|leased| Some((leased, permits)))
                });
                if let Some(admitted) = admitted.await {
                    return admitted;
                }
                // A lease that is half made is not begun anew for others' sake: one that takes long would never be made. But
                // its term may be running.
                let holds = turn.comes().await.holds(room);
                if !holds || self.gate.clock.now() > begun + HALF_MADE_MAX {
                    break;
                }
            }
        }
    }

    /// When a retry may be made that would like to wait so long.
    pub(super) fn place_retry(&self, wait: Duration) -> Duration {
        let now = self.gate.clock.now();
        let placed = self.gate.inner().budget.place(now, wait);
        if placed > wait {
            self.gate.metrics.delayed.inc();
        }
        placed
    }

    fn take(&self, room: Room) -> Option<Permits> {
        let gate = &*self.gate;
        let now = gate.clock.now();
        let mut inner = gate.inner();
        inner.room(self.number, gate.concurrency, now).ok().filter(|now| now.holds(room))?;
        let pass = inner.take(self.number, room.attempts);
        if let Some(place) = inner.seats.get_mut(self.number) {
            place.waits = None;
        }
        drop(inner);
        Some(Permits::new(self.clone(), pass, room.attempts))
    }
}

/// A lane's turn at the gate, until it is dropped.
struct Turn<'s>(&'s Seat);

impl Turn<'_> {
    /// Waits for room.
    async fn comes(&self) -> Room {
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

impl Seat {
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
