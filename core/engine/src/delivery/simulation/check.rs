//! What must hold of everything that happened, whatever failed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use switchhook_api::journal::{ConsumerId, Ordering};

use super::log::{Event, Kind};
use super::script;
use crate::delivery::Policy;

/// Keys and bodies by position.
type Bodies = BTreeMap<u64, (String, String)>;
type Place = (ConsumerId, u64);

/// What happened, by place.
#[derive(Default)]
pub(super) struct Found {
    events: Vec<(Duration, Event)>,
    begun: BTreeMap<Place, Vec<usize>>,
    took: BTreeMap<Place, Vec<usize>>,
    kept: BTreeMap<Place, Vec<(usize, Kind)>>,
    unkept: BTreeMap<Place, usize>,
    restored: Vec<(usize, Option<ConsumerId>)>,
}

/// Settled deliveries that one restart may bring back.
const BROUGHT_BACK_MAX: usize = 32;

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

impl Found {
    pub(super) fn new(events: &[(Duration, Event)]) -> Self {
        let mut found = Self { events: events.to_vec(), ..Self::default() };
        for (number, (_, event)) in events.iter().enumerate() {
            match event.clone() {
                Event::Begun { lane, position, .. } => {
                    found.begun.entry((lane, position)).or_default().push(number);
                }
                Event::Took { lane, position } => {
                    found.took.entry((lane, position)).or_default().push(number);
                }
                Event::Settled { lane, position, fate, kept: true, .. } => {
                    found.kept.entry((lane, position)).or_default().push((number, fate));
                }
                Event::Restored { lane } => found.restored.push((number, lane)),
                Event::Settled { lane, position, kept: false, .. } => {
                    *found.unkept.entry((lane, position)).or_default() += 1;
                }
                _ => {}
            }
        }
        found
    }

    fn kept(&self, place: &Place) -> &[(usize, Kind)] {
        self.kept.get(place).map_or(&[], Vec::as_slice)
    }

    /// Its fates from one end to the next: what was settled behind something still open may come back once the store went
    /// back to what it has for certain, and for nothing else.
    fn lives_of(&self, place: &Place) -> Result<Vec<&[(usize, Kind)]>, String> {
        let kept = self.kept(place);
        let lives: Vec<_> = kept.split_inclusive(|(_, fate)| fate.is_last()).collect();
        let last = lives.last().and_then(|life| life.last());
        ensure(last.is_some_and(|(_, fate)| fate.is_last()), || format!("{place:?}: lost"))?;
        let begun = self.begun.get(place).map_or(&[][..], Vec::as_slice);
        for (end, fate) in kept.iter().filter(|(_, fate)| fate.is_last()) {
            let Some(again) = begun.iter().find(|begun| *begun > end) else { continue };
            ensure(self.is_restored(&place.0, *end, *again), || {
                format!("{place:?}: an attempt though it was settled as {fate:?}")
            })?;
        }
        Ok(lives)
    }

    fn is_restored(&self, lane: &ConsumerId, after: usize, before: usize) -> bool {
        self.restored.iter().any(|(at, which)| {
            (after..before).contains(at) && which.as_ref().is_none_or(|which| which == lane)
        })
    }

    /// The fate that ended it at last, and when.
    fn last(&self, place: &Place) -> Result<(usize, Kind), String> {
        self.lives_of(place)?;
        self.kept(place).last().copied().ok_or_else(|| format!("{place:?}: lost"))
    }

    /// Every callback was handled in the one way that its body allows, and the state counts each that was once.
    pub(super) fn projection(
        &self,
        handler: &Arc<str>,
        bodies: &Bodies,
        numbers: &BTreeMap<(Arc<str>, u64), u64>,
        state: u64,
    ) -> Result<(), String> {
        let mut count = 0;
        for (position, (_, body)) in bodies {
            let place = (ConsumerId::projection(handler), *position);
            let (_, fate) = self.last(&place)?;
            let once = self.kept(&place).len() == 1;
            ensure(once, || format!("{place:?}: settled as {:?}", self.kept(&place)))?;
            let expected = match script::is_recorded(body) {
                Some(true) => Kind::Recorded,
                Some(false) => Kind::Skipped,
                None => Kind::Dead,
            };
            ensure(fate == expected, || format!("{place:?}, `{body}`: {fate:?}"))?;
            if let Some(number) = numbers.get(&(handler.clone(), *position)) {
                ensure(*number == count, || format!("{place:?}: number {number}, not {count}"))?;
            }
            count += u64::from(fate != Kind::Dead);
        }
        ensure(state == count, || format!("the state of {handler} is {state}, not {count}"))
    }

    /// Every record was delivered or given up as its target allows, in order, with no attempt too many.
    pub(super) fn subscription(
        &self,
        handler: &Arc<str>,
        action: &Arc<str>,
        (policy, ordering, batch): (&Policy, Ordering, usize),
        bodies: &Bodies,
    ) -> Result<(), String> {
        let lane = ConsumerId::subscription(handler, action);
        let mut keys: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        let mut brought_back = 0;
        for (position, (key, body)) in bodies {
            let place = (lane.clone(), *position);
            if script::is_recorded(body) != Some(true) {
                let begun = self.begun.contains_key(&place);
                ensure(!begun, || format!("{place:?}: delivered, but no record was made"))?;
                continue;
            }
            brought_back += self.fate(&place, body, (policy, batch))?;
            if ordering == Ordering::Key && !key.is_empty() {
                let line = keys.entry(key.as_str()).or_default();
                self.order(&place, line)?;
                line.push(*position);
            }
        }
        let restored = |(_, which): &&(usize, Option<ConsumerId>)| {
            which.as_ref().is_none_or(|which| *which == lane)
        };
        let allowed = BROUGHT_BACK_MAX * self.restored.iter().filter(restored).count();
        ensure(brought_back <= allowed, || {
            format!("{lane}: {brought_back} came back, not {allowed}")
        })
    }

    /// How often it came back though it was settled.
    fn fate(
        &self,
        place: &Place,
        body: &str,
        (policy, batch): (&Policy, usize),
    ) -> Result<usize, String> {
        let lives = self.lives_of(place)?;
        let (most, gone) = (policy.retry.attempts as usize, usize::from(script::is_gone(body)));
        let took = self.took.get(place).map_or(0, Vec::len);
        for life in &lives {
            let attempts = life.len();
            ensure(attempts <= most + gone, || {
                format!("{place:?}: {attempts} attempts, allowed {most}")
            })?;
            match life.last() {
                Some((_, Kind::Delivered)) => ensure(took > 0, || {
                    format!("{place:?}: called delivered, but the target has it not")
                })?,
                other => {
                    let early = attempts < most && !script::is_refused(body);
                    ensure(matches!(other, Some((_, Kind::Dead))) && !early, || {
                        format!("{place:?}, `{body}`: given up after {attempts} of {most} attempts")
                    })?;
                }
            }
        }
        // A batch that is cut off fails as a whole, also for what was taken of it.
        let hung = match batch {
            1 => usize::from(script::hangs_though_taken(body)),
            _ => self.kept(place).len() - lives.len(),
        };
        let unkept = self.unkept.get(place).copied().unwrap_or(0);
        let explained = lives.len() + hung + unkept + self.lost(place);
        ensure(took <= explained, || format!("{place:?}: taken {took} times, without a reason"))?;
        Ok(lives.len() - 1)
    }

    /// Attempts that a crash ended before they were settled.
    fn lost(&self, place: &Place) -> usize {
        let settled = self.kept(place).len() + self.unkept.get(place).copied().unwrap_or(0);
        self.begun.get(place).map_or(0, Vec::len).saturating_sub(settled)
    }

    /// The target got nothing of a key before everything earlier of it was taken or given up.
    fn order(&self, place: &Place, earlier: &[u64]) -> Result<(), String> {
        let Some(first) = self.took.get(place).and_then(|took| took.first()) else { return Ok(()) };
        for before in earlier {
            let other = (place.0.clone(), *before);
            let taken = self.took.get(&other).is_some_and(|took| took[0] < *first);
            let dead = |(at, fate): &(usize, Kind)| *fate == Kind::Dead && at < first;
            let given_up = self.kept(&other).iter().any(dead);
            ensure(taken || given_up, || format!("{place:?} was taken before {before}"))?;
        }
        Ok(())
    }

    /// What a node began it settled, unless it was killed.
    pub(super) fn lives(&self) -> Result<(), String> {
        let (mut open, mut crashed) = (BTreeMap::<(u32, Place), i64>::new(), BTreeSet::new());
        for (_, event) in &self.events {
            match event.clone() {
                Event::Begun { life, lane, position } => {
                    *open.entry((life, (lane, position))).or_default() += 1;
                }
                Event::Settled { life, lane, position, .. } if lane.action().is_some() => {
                    *open.entry((life, (lane, position))).or_default() -= 1;
                }
                Event::Crashed { life } => _ = crashed.insert(life),
                _ => {}
            }
        }
        for ((life, place), open) in open {
            let holds = open == 0 || open > 0 && crashed.contains(&life);
            ensure(holds, || format!("{place:?}: {open} attempts of node {life} not settled"))?;
        }
        Ok(())
    }

    /// Nothing begins while its action is paused.
    pub(super) fn pauses(&self) -> Result<(), String> {
        let mut paused: BTreeMap<&str, Duration> = BTreeMap::new();
        for (at, event) in &self.events {
            match event {
                Event::Paused { action, paused: true } => _ = paused.insert(action, *at),
                Event::Paused { action, paused: false } => _ = paused.remove(action.as_str()),
                Event::Begun { lane, position, .. } => {
                    let since = lane.action().and_then(|action| paused.get(&**action));
                    ensure(since.is_none_or(|since| since == at), || {
                        format!("{lane} {position}: an attempt while it was paused")
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
