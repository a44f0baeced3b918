//! The operators' side of the journal in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use switchhook_api::Clock;
use switchhook_api::journal::{
    ConsumerId, ConsumerStatus, DeadLetter, DeadLetterQuery, JournalError, Page, Position, Pruned,
    REPLAYS_OPEN_MAX, Replay, Requeued, Retention,
};
use uuid::Uuid;

use super::{Kept, Letter, Replayed, Store};
use crate::{Due, Lane, OpenRow};

/// The size of an entry in addition to its body, for [`Retention::retention_size`].
pub(super) const ENTRY_BYTES: usize = 256;

fn refused<T>(why: String) -> Result<T, JournalError> {
    Err(JournalError::Refused(why))
}

fn before(wall: Timestamp, by: Duration) -> Timestamp {
    wall.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

impl Kept {
    /// Makes waiting retries due now.
    fn make_due(&mut self, clock: &dyn Clock) {
        self.lane.make_due(clock.now());
        let now = Due::after(Duration::ZERO, clock.wall());
        self.rows.values_mut().filter_map(|row| row.due.as_mut()).for_each(|due| *due = now);
    }
}

impl Store {
    fn status(&self, id: &ConsumerId, kept: &Kept, clock: &dyn Clock) -> ConsumerStatus {
        let name = id.to_string();
        let (now, wall) = (clock.now(), clock.wall());
        let due = kept.lane.next_due(now);
        let due = due.and_then(|due| wall.saturating_add(due.saturating_sub(now)).ok());
        ConsumerStatus {
            cursor: Position(kept.lane.cursor()),
            behind: self.head.saturating_sub(kept.lane.scanned()),
            open: kept.lane.open() as u64,
            full: !kept.lane.has_room(),
            dead: self.dead.iter().filter(|one| one.letter.lane == name).count() as u64,
            due,
            paused: kept.paused,
            disabled: kept.attached && !kept.spec.enabled,
            detached: kept.detached_at.is_some(),
            detached_at: kept.detached_at,
            lane: name,
        }
    }

    pub(in super::super) fn lanes(&self, clock: &dyn Clock) -> Vec<ConsumerStatus> {
        self.lanes.iter().map(|(id, kept)| self.status(id, kept, clock)).collect()
    }

    pub(in super::super) fn dead_letters(&self, query: &DeadLetterQuery) -> Page<DeadLetter> {
        let lane = query.lane.as_ref().map(ConsumerId::to_string);
        let wanted = |letter: &&DeadLetter| {
            lane.as_ref().is_none_or(|lane| *lane == letter.lane)
                && query.before.is_none_or(|before| letter.number < before)
                && (query.numbers.is_empty() || query.numbers.contains(&letter.number))
        };
        let mut found = self.dead.iter().rev().map(|one| &one.letter).filter(wanted);
        let mut items: Vec<DeadLetter> = found.by_ref().take(query.limit).cloned().collect();
        let next = items.last().map(|last| Position(last.number));
        let next = next.filter(|_| found.next().is_some());
        for letter in &mut items {
            letter.callback = self.entry(letter.position.0).map(|entry| entry.facts.clone());
        }
        Page { items, next, damaged: 0 }
    }

    /// The key of an item to be replayed, as rows store it; none if the item does not exist.
    fn key_of(
        &self,
        lane: &ConsumerId,
        position: Position,
        record: Option<u64>,
    ) -> Option<OpenRow> {
        let key = match lane {
            ConsumerId::Projection { .. } => self.entry(position.0).map(|_| Some("")),
            ConsumerId::Subscription { .. } => {
                let place = record.map_or(position, Position);
                self.record(lane, place).map(|record| record.key.as_deref())
            }
        }?;
        let key = key.map(Lane::key_hash);
        Some(OpenRow { position, attempts: 0, key, due: None, reason: None })
    }

    /// A consumer of the configuration that has space for this many more items.
    fn takes(&self, lane: &ConsumerId, more: usize) -> Result<(), JournalError> {
        match self.lanes.get(lane) {
            Some(kept) if !kept.spec.enabled && kept.detached_at.is_none() => refused(format!(
                "consumer {lane} is disabled in the configuration: enable it there first"
            )),
            Some(kept) if kept.detached_at.is_none() => {
                match kept.lane.open() + more > REPLAYS_OPEN_MAX {
                    true => Err(JournalError::Overloaded),
                    false => Ok(()),
                }
            }
            _ => refused(format!("consumer {lane} is not in the configuration")),
        }
    }

    /// Adds a replay to its consumer, with a row of its own.
    pub(super) fn requeue(
        &mut self,
        lane: &ConsumerId,
        row: OpenRow,
        record: Option<u64>,
        id: Uuid,
        clock: &dyn Clock,
    ) {
        self.replays_made += 1;
        let (number, position) = (self.replays_made, row.position);
        self.replays.insert(number, Replayed { lane: lane.clone(), position, record, id });
        let row = OpenRow { position: Position::of_replay(number), ..row };
        if let Some(kept) = self.lanes.get_mut(lane) {
            kept.rows.insert(row.position.0, row.clone());
            kept.lane.requeue([row], clock.now());
        }
    }

    pub(in super::super) fn retry_dead_letters(
        &mut self,
        numbers: &[u64],
        clock: &dyn Clock,
    ) -> Result<Requeued, JournalError> {
        let numbers: BTreeSet<u64> = numbers.iter().copied().collect();
        let mut found = Vec::new();
        for one in self.dead.iter().filter(|one| numbers.contains(&one.letter.number)) {
            let lane: ConsumerId = one.letter.lane.parse().unwrap_or_else(|never| match never {});
            let row = self.key_of(&lane, one.letter.position, one.record);
            found.extend(row.map(|row| (one.letter.number, lane, row, one.record)));
        }
        let mut counts: BTreeMap<&ConsumerId, usize> = BTreeMap::new();
        for (_, lane, ..) in &found {
            *counts.entry(lane).or_default() += 1;
        }
        for (lane, count) in counts {
            self.takes(lane, count)?;
        }
        let queued = found.len() as u64;
        for (number, lane, row, record) in found {
            self.dead.retain(|one| one.letter.number != number);
            let id = self.rng.id(clock.wall());
            self.requeue(&lane, row, record, id, clock);
        }
        Ok(Requeued { queued, missing: numbers.len() as u64 - queued })
    }

    pub(in super::super) fn drop_dead_letters(&mut self, numbers: &[u64]) -> u64 {
        let before = self.dead.len();
        self.dead.retain(|one| !numbers.contains(&one.letter.number));
        self.sweep();
        (before - self.dead.len()) as u64
    }

    pub(in super::super) fn replay(
        &mut self,
        replay: &Replay,
        clock: &dyn Clock,
    ) -> Result<Requeued, JournalError> {
        let lane = &replay.lane;
        if lane.action().is_none() {
            return refused(format!(
                "{lane} is a handler; name a consumer of its records as `{lane}>action`"
            ));
        }
        self.takes(lane, 0)?;
        let positions: BTreeSet<Position> = replay.positions.iter().copied().collect();
        let mut rows: Vec<OpenRow> = Vec::new();
        for position in positions.iter().filter(|one| one.replay_number().is_none()) {
            rows.extend(self.key_of(lane, *position, None));
        }
        let queued = rows.len();
        if !replay.dry_run {
            self.takes(lane, queued)?;
            for row in rows {
                let id = self.rng.id(clock.wall());
                self.requeue(lane, row, None, id, clock);
            }
        }
        let missing = (positions.len() - queued) as u64;
        Ok(Requeued { queued: queued as u64, missing })
    }

    pub(super) fn is_paused(&self, action: &str) -> bool {
        let of = |id: &ConsumerId| id.action().is_some_and(|name| **name == *action);
        self.lanes.iter().any(|(id, kept)| of(id) && kept.paused)
    }

    pub(in super::super) fn pause(
        &mut self,
        action: &str,
        paused: bool,
        clock: &dyn Clock,
    ) -> Result<(), JournalError> {
        let of = |id: &ConsumerId| id.action().is_some_and(|name| **name == *action);
        let mut lanes: Vec<_> = self.lanes.iter_mut().filter(|(id, _)| of(id)).collect();
        if lanes.is_empty() {
            return refused(format!("there is no action `{action}`"));
        }
        for (_, kept) in &mut lanes {
            kept.paused = paused;
            if !paused {
                kept.make_due(clock);
            }
        }
        Ok(())
    }

    pub(in super::super) fn forget_lane(
        &mut self,
        id: &ConsumerId,
        clock: &dyn Clock,
    ) -> Result<ConsumerStatus, JournalError> {
        let Some(kept) = self.lanes.get(id) else {
            return refused(format!("there is no consumer {id}"));
        };
        if kept.detached_at.is_none() {
            let how = if kept.spec.enabled { "" } else { ", though disabled" };
            return refused(format!(
                "consumer {id} is in the configuration{how}: remove it there first"
            ));
        }
        let status = self.status(id, kept, clock);
        self.lanes.remove(id);
        self.dead.retain(|one| one.letter.lane != status.lane);
        self.replays.retain(|_, one| one.lane != *id);
        if id.action().is_none() {
            self.state.retain(|(handler, _), _| **handler != **id.handler());
        }
        self.sweep();
        Ok(status)
    }

    pub(in super::super) fn prune(
        &mut self,
        retention: &Retention,
        clock: &dyn Clock,
    ) -> Result<Pruned, JournalError> {
        let (mut pruned, wall) = (Pruned::default(), clock.wall());
        if let Some(keep) = retention.orphan_retention {
            let left = |kept: &Kept| kept.detached_at.is_some_and(|at| at <= before(wall, keep));
            let gone = self.lanes.iter().filter(|(_, kept)| left(kept)).map(|(id, _)| id.clone());
            for id in gone.collect::<Vec<_>>() {
                pruned.lanes.push(self.forget_lane(&id, clock)?.lane);
            }
        }
        if let Some(keep) = retention.dead_letter_retention {
            let (count, oldest) = (self.dead.len(), before(wall, keep));
            self.dead.retain(|one| one.letter.at > oldest);
            pruned.dead_letters = (count - self.dead.len()) as u64;
        }
        self.prune_entries(retention, wall, &mut pruned);
        self.sweep();
        Ok(pruned)
    }

    /// The consumer with the lowest cursor, and that cursor.
    fn floor(&self) -> Option<(u64, &ConsumerId)> {
        let of = |kept: &Kept| match kept.rows.keys().next() {
            Some(first) => kept.cursor.min(first - 1),
            None => kept.cursor.max(kept.lane.cursor()),
        };
        self.lanes.iter().map(|(id, kept)| (of(kept), id)).min()
    }

    fn prune_entries(&mut self, retention: &Retention, wall: Timestamp, pruned: &mut Pruned) {
        for kept in self.lanes.values_mut() {
            kept.cursor = kept.cursor.max(kept.lane.advance_idle());
        }
        let floor = self.floor().map(|(floor, id)| (floor, id.to_string()));
        let mut bytes: usize =
            self.entries.values().map(|one| one.event.body.len() + ENTRY_BYTES).sum();
        let referred: BTreeSet<u64> = self
            .dead
            .iter()
            .map(|one| one.letter.position.0)
            .chain(self.replays.values().map(|one| one.position.0))
            .collect();
        let mut gone = Vec::new();
        for (position, one) in &self.entries {
            let old = retention.retention.is_some_and(|keep| one.at <= before(wall, keep));
            let large = retention.retention_size.is_some_and(|keep| bytes as u64 > keep);
            if !old && !large {
                break;
            }
            if let Some((_, lane)) = floor.as_ref().filter(|(floor, _)| position > floor) {
                pruned.held_by = Some(lane.clone());
                break;
            }
            if !referred.contains(position) {
                bytes -= one.event.body.len() + ENTRY_BYTES;
                gone.push(*position);
            }
        }
        for position in &gone {
            self.entries.remove(position);
            self.records.values_mut().for_each(|records| _ = records.remove(position));
            self.pruned = self.pruned.max(*position);
        }
        pruned.events = gone.len() as u64;
    }

    /// Drops records at positions of their own that nothing refers to any more.
    pub(super) fn sweep(&mut self) {
        let letters = self.dead.iter().filter_map(|one: &Letter| one.record);
        let needed: BTreeSet<u64> =
            letters.chain(self.replays.values().filter_map(|one| one.record)).collect();
        for records in self.records.values_mut() {
            records.retain(|at, _| Position(*at).replay_number().is_none() || needed.contains(at));
        }
    }
}
