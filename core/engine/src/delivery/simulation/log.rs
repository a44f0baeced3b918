//! What happened, in order.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use switchhook_api::Clock;
use switchhook_api::journal::{ConsumerId, Disposition};

use super::clock::VirtualClock;

/// One thing that happened; `life` is a node from its start to its end.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(in crate::delivery) enum Event {
    Handled {
        life: u32,
        handler: Arc<str>,
        position: u64,
    },
    /// An attempt began.
    Begun {
        life: u32,
        lane: ConsumerId,
        position: u64,
    },
    /// The target has the record.
    Took {
        lane: ConsumerId,
        position: u64,
    },
    Settled {
        life: u32,
        lane: ConsumerId,
        position: u64,
        fate: Kind,
        kept: bool,
    },
    Crashed {
        life: u32,
    },
    /// The store forgot the leases of a lane, or of all, and went back to what it has for certain.
    Restored {
        lane: Option<ConsumerId>,
    },
    Paused {
        action: String,
        paused: bool,
    },
    Jumped {
        seconds: i64,
    },
}

/// A fate without its words.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(in crate::delivery) enum Kind {
    Recorded,
    Skipped,
    Delivered,
    Retry { after: Duration },
    Dead,
}

impl Kind {
    pub(super) fn of(fate: &Disposition) -> Self {
        match fate {
            Disposition::Recorded(Some(_)) => Self::Recorded,
            Disposition::Recorded(None) => Self::Skipped,
            Disposition::Delivered => Self::Delivered,
            Disposition::Retry { after, .. } => Self::Retry { after: *after },
            Disposition::Dead { .. } => Self::Dead,
        }
    }

    pub(super) fn is_last(self) -> bool {
        !matches!(self, Self::Retry { .. })
    }
}

/// All events with their times.
#[derive(Debug)]
pub(in crate::delivery) struct Log {
    pub(in crate::delivery) clock: Arc<VirtualClock>,
    events: Mutex<Vec<(Duration, Event)>>,
}

impl Log {
    pub(super) fn new(clock: Arc<VirtualClock>) -> Arc<Self> {
        Arc::new(Self { clock, events: Mutex::default() })
    }

    pub(in crate::delivery) fn push(&self, event: Event) {
        self.events.lock().unwrap().push((self.clock.now(), event));
    }

    pub(in crate::delivery) fn all(&self) -> Vec<(Duration, Event)> {
        self.events.lock().unwrap().clone()
    }

    /// Times at which attempts began.
    pub(in crate::delivery) fn attempts(&self) -> Vec<Duration> {
        let begun =
            |(at, event): &(Duration, Event)| matches!(event, Event::Begun { .. }).then_some(*at);
        self.events.lock().unwrap().iter().filter_map(begun).collect()
    }

    /// In how many lanes the target has this record.
    pub(super) fn taken(&self, record: u64) -> usize {
        let took = |(_, event): &(Duration, Event)| match event {
            Event::Took { lane, position } if *position == record => Some(lane.clone()),
            _ => None,
        };
        let events = self.events.lock().unwrap();
        events.iter().filter_map(took).collect::<BTreeSet<_>>().len()
    }

    /// A number that is the same for the same events at the same times.
    pub(super) fn trace(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.events.lock().unwrap().hash(&mut hasher);
        hasher.finish()
    }
}
