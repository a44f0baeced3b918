//! What operators ask for, each in a commit of its own: dead letters and deliveries again, pausing, lanes that are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use switchhook_api::Clock;
use switchhook_api::journal::{
    ConsumerId, ConsumerStatus, JournalError, REPLAYS_OPEN_MAX, Replay, Requeued,
};
use switchhook_journal_kit::{Lane, OpenRow};

use super::frame::ENTRIES;
use super::replays::Origin;
use super::schema::{count, number};
use super::store::Shared;
use super::writer::Writer;
use super::{history, locked, prune, replays};

/// One item to be done again.
#[derive(Debug)]
struct Again {
    lane: ConsumerId,
    position: u64,
    record: Option<u64>,
    key: Option<u64>,
    /// The dead letter that it was.
    letter: Option<i64>,
}

impl Shared {
    pub(super) async fn retry_dead_letters(
        self: &Arc<Self>,
        numbers: &[u64],
    ) -> Result<Requeued, JournalError> {
        let numbers: BTreeSet<u64> = numbers.iter().copied().collect();
        let all = numbers.len() as u64;
        let letters = self.reader.with(move |connection| letters(connection, &numbers)).await?;
        let mut found = Vec::new();
        for (letter, lane, position, record) in letters {
            let lane: ConsumerId = lane.parse().unwrap_or_else(|never| match never {});
            self.is_enabled(&lane)?;
            let handler = self.handler(&lane).await?;
            if let Some(key) = self.key_of(&lane, handler, position, record).await? {
                found.push(Again { lane, position, record, key, letter: Some(letter) });
            }
        }
        let queued = self.order(move |writer| again(writer, &found)).await?;
        Ok(Requeued { queued, missing: all - queued })
    }

    pub(super) async fn drop_dead_letters(&self, numbers: &[u64]) -> Result<u64, JournalError> {
        let numbers: BTreeSet<u64> = numbers.iter().copied().collect();
        self.order(move |writer| {
            let dropped = change(writer, |connection| {
                let mut delete =
                    connection.prepare_cached("DELETE FROM dead_letters WHERE no = ?1")?;
                let mut dropped = 0;
                for no in numbers {
                    dropped += delete.execute([number(no)])?;
                }
                Ok(dropped)
            });
            Ok(dropped? as u64)
        })
        .await
    }

    pub(super) async fn replay(
        self: &Arc<Self>,
        replay: &Replay,
    ) -> Result<Requeued, JournalError> {
        let lane = &replay.lane;
        if lane.action().is_none() {
            let why =
                format!("{lane} is a handler; name a consumer of its records as `{lane}>action`");
            return Err(JournalError::Refused(why));
        }
        self.is_enabled(lane)?;
        let name = lane.to_string();
        self.reader.with(move |connection| Ok(attached(connection, &name))).await??;
        let handler = self.handler(lane).await?;
        let positions: BTreeSet<u64> = replay.positions.iter().map(|one| one.0).collect();
        let mut found = Vec::new();
        for position in &positions {
            if let Some(key) = self.key_of(lane, handler, *position, None).await? {
                let (lane, position) = (lane.clone(), *position);
                found.push(Again { lane, position, record: None, key, letter: None });
            }
        }
        let queued = match replay.dry_run {
            true => found.len() as u64,
            false => self.order(move |writer| again(writer, &found)).await?,
        };
        Ok(Requeued { queued, missing: positions.len() as u64 - queued })
    }

    /// Refuses what is for a lane that hands out nothing.
    fn is_enabled(&self, lane: &ConsumerId) -> Result<(), JournalError> {
        let cell = locked(&self.lanes).cells.get(lane).cloned();
        match cell.is_some_and(|cell| !locked(&cell.inner).spec.enabled) {
            true => Err(JournalError::Refused(format!(
                "consumer {lane} is disabled in the configuration: enable it there first"
            ))),
            false => Ok(()),
        }
    }

    /// The number of a lane's handler; 0, which no handler has, if it has made nothing yet.
    async fn handler(self: &Arc<Self>, lane: &ConsumerId) -> Result<u64, JournalError> {
        let name = lane.handler().to_string();
        let find = "SELECT no FROM handlers WHERE name = ?1";
        let no = self.reader.with(move |connection| {
            connection.prepare_cached(find)?.query_row([name], |row| row.get(0)).optional()
        });
        Ok(no.await?.map_or(0, count))
    }

    /// The key of what would be done again; none: it is not there, or not whole.
    async fn key_of(
        self: &Arc<Self>,
        lane: &ConsumerId,
        handler: u64,
        position: u64,
        record: Option<u64>,
    ) -> Result<Option<Option<u64>>, JournalError> {
        if lane.action().is_none() {
            let held = self.held(ENTRIES, position).await?;
            return Ok(held.map(|_| Some(Lane::key_hash(""))));
        }
        let place = record.unwrap_or(position);
        let Some(held) = self.held(handler, place).await?.filter(|_| handler != ENTRIES) else {
            return Ok(None);
        };
        let Some(parts) = held.blob.record(held.frame) else { return Ok(None) };
        let key = parts.key.map(Lane::key_hash);
        let whole = parts.body.is_some() || self.held(ENTRIES, place).await?.is_some();
        Ok(whole.then_some(key))
    }

    pub(super) async fn pause(&self, action: &str, paused: bool) -> Result<(), JournalError> {
        let action = action.to_owned();
        self.order(move |writer| {
            let clock = writer.shared.clock.clone();
            let lanes =
                change(writer, |connection| set_paused(connection, &action, paused, &*clock))?;
            if lanes == 0 {
                return Err(JournalError::Refused(format!("there is no action `{action}`")));
            }
            let of = |id: &ConsumerId| id.action().is_some_and(|name| **name == *action);
            for cell in writer.lanes.cells.values().filter(|cell| of(&cell.id)) {
                cell.pause(paused, clock.now());
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn forget_lane(
        &self,
        lane: &ConsumerId,
    ) -> Result<ConsumerStatus, JournalError> {
        let name = lane.to_string();
        let status = self.order(move |writer| left(writer, &name)).await?;
        let name = status.lane.clone();
        self.in_steps(move |writer| prune::remove_lane(writer, &name)).await?;
        Ok(status)
    }
}

/// Changes the store in one commit.
pub(super) fn change<T>(
    writer: &mut Writer,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, JournalError> {
    let connection = &mut writer.connection;
    let run = || {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = change(&tx)?;
        tx.commit()?;
        Ok(changed)
    };
    run().map_err(|error| writer.shared.commit_error(error))
}

/// Pauses the lanes of an action, or lets them go on with what waits for a retry due now; how many there are.
fn set_paused(
    connection: &Connection,
    action: &str,
    paused: bool,
    clock: &dyn Clock,
) -> rusqlite::Result<usize> {
    let pause = "UPDATE lanes SET paused = ?2
         WHERE instr(id, '>') AND substr(id, instr(id, '>') + 1) = ?1";
    let lanes = connection.prepare_cached(pause)?.execute(params![action, paused])?;
    if !paused {
        // Without a wait it stays due, whatever becomes of the time of day.
        let due = "UPDATE open_items SET due = min(due, ?2), wait = 0
             WHERE due IS NOT NULL AND coalesce(wait, 1) > 0 AND lane IN
                 (SELECT no FROM lanes WHERE instr(id, '>') AND substr(id, instr(id, '>') + 1) = ?1)";
        connection.prepare_cached(due)?.execute(params![action, clock.wall().as_millisecond()])?;
    }
    Ok(lanes)
}

type Letter = (i64, String, u64, Option<u64>);

/// Those that there are: number, lane, position, and where the record lies if elsewhere.
fn letters(connection: &Connection, numbers: &BTreeSet<u64>) -> rusqlite::Result<Vec<Letter>> {
    let mut find = connection.prepare_cached(
        "SELECT dead_letters.no, id, position, record FROM dead_letters JOIN lanes ON lanes.no = lane
         WHERE dead_letters.no = ?1",
    )?;
    let mut letters = Vec::new();
    for no in numbers {
        let letter = find.query_row([number(*no)], |row| {
            let record: Option<i64> = row.get(3)?;
            Ok((row.get(0)?, row.get(1)?, count(row.get(2)?), record.map(count)))
        });
        letters.extend(letter.optional()?);
    }
    Ok(letters)
}

/// The number of a lane of the configuration.
fn attached(connection: &Connection, lane: &str) -> Result<i64, JournalError> {
    let find = "SELECT no FROM lanes WHERE id = ?1 AND detached_at IS NULL";
    let no = connection.query_row(find, [lane], |row| row.get(0)).optional();
    let none = || JournalError::Refused(format!("consumer {lane} is not in the configuration"));
    no.map_err(super::store_error)?.ok_or_else(none)
}

/// Puts items into their lanes again and their dead letters away: all or none. How many there were.
fn again(writer: &mut Writer, items: &[Again]) -> Result<u64, JournalError> {
    let mut counts: BTreeMap<&ConsumerId, (i64, usize)> = BTreeMap::new();
    for item in items {
        counts.entry(&item.lane).or_default().1 += 1;
    }
    for (lane, (no, count)) in &mut counts {
        *no = attached(&writer.connection, &lane.to_string())?;
        if open(writer, lane, *no)? + *count > REPLAYS_OPEN_MAX {
            return Err(JournalError::Overloaded);
        }
    }
    let (rng, wall) = (writer.shared.rng.clone(), writer.shared.clock.wall());
    let rows = change(writer, |connection| {
        let mut rows: BTreeMap<&ConsumerId, Vec<OpenRow>> = BTreeMap::new();
        for item in items {
            if let Some(letter) = item.letter {
                let delete = "DELETE FROM dead_letters WHERE no = ?1";
                if connection.prepare_cached(delete)?.execute([letter])? == 0 {
                    continue; // somebody else was faster
                }
            }
            let origin = Origin { position: item.position, record: item.record, id: rng.id(wall) };
            let no = counts.get(&item.lane).map_or(0, |(no, _)| *no);
            let row = replays::put(connection, no, &origin, item.key)?;
            rows.entry(&item.lane).or_default().push(row);
        }
        Ok(rows)
    })?;
    let (mut queued, now) = (0, writer.shared.clock.now());
    for (lane, rows) in rows {
        queued += rows.len() as u64;
        if let Some(cell) = writer.lanes.cells.get(lane) {
            cell.requeue(rows, now);
        }
    }
    Ok(queued)
}

/// Items that a lane has open.
fn open(writer: &Writer, lane: &ConsumerId, no: i64) -> Result<usize, JournalError> {
    if let Some(cell) = writer.lanes.cells.get(lane) {
        return Ok(locked(&cell.inner).lane.open());
    }
    let sql = "SELECT count(*) FROM open_items WHERE lane = ?1";
    let open = writer.connection.query_row(sql, [no], |row| row.get(0));
    let open = open.map_err(|error| writer.shared.commit_error(error))?;
    Ok(usize::try_from(count(open)).unwrap_or(usize::MAX))
}

/// A lane that left the configuration, as it stands.
fn left(writer: &Writer, name: &str) -> Result<ConsumerStatus, JournalError> {
    let head = writer.shared.head.load(Ordering::Relaxed);
    let lanes = history::stored_lanes(&writer.connection, head);
    let lanes = lanes.map_err(|error| writer.shared.commit_error(error))?;
    let Some(status) = lanes.into_iter().find(|status| status.lane == name) else {
        return Err(JournalError::Refused(format!("there is no consumer {name}")));
    };
    if status.detached {
        return Ok(status);
    }
    let cell = writer.lanes.cells.get(&status.id());
    let disabled = cell.is_some_and(|cell| !locked(&cell.inner).spec.enabled);
    let how = if disabled { ", though disabled" } else { "" };
    Err(JournalError::Refused(format!(
        "consumer {name} is in the configuration{how}: remove it there first"
    )))
}
