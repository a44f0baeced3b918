//! What putting a backup in the store's place would mean, counted before it is done. A lane does again what the backup has
//! as owed and the store as settled, wherever its cursor stands: what waits for a retry lies behind it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params};
use switchhook_api::BoxError;
use switchhook_api::journal::{ConsumerId, Position, Restored, RestoredConsumer};

use super::frame::Blob;
use super::schema::{PLACE, REPLAYS, count, identify, number, slot};
use super::verify::{data_of, read_all};

/// One of the two stores, as its file has it.
struct Side<'c> {
    store: &'c Connection,
    lanes: BTreeMap<String, Stored>,
    /// The last callback.
    last: u64,
    /// Dead letters that the other one does not have, by lane.
    letters: BTreeMap<String, u64>,
    /// Replays that wait, and in the other one do not, by lane.
    replays: BTreeMap<String, u64>,
}

/// A lane as it is stored.
#[derive(Default)]
struct Stored {
    cursor: u64,
    paused: bool,
    /// What has a row of its own, replays left out.
    open: BTreeSet<u64>,
}

impl Stored {
    /// One that has settled everything.
    fn done() -> Self {
        Self { cursor: u64::MAX, ..Self::default() }
    }

    fn has_settled(&self, position: u64) -> bool {
        position <= self.cursor && !self.open.contains(&position)
    }

    /// Everything at or below is settled.
    fn settled_to(&self) -> u64 {
        self.open.first().map_or(self.cursor, |first| self.cursor.min(first.saturating_sub(1)))
    }
}

/// What would change, and what a reading of the whole backup finds.
pub(super) fn compare(store: &Connection, backup: &Connection) -> Result<Restored, BoxError> {
    bring_up_to_date(backup)?;
    let (now, then) = (Side::read(store, backup)?, Side::read(backup, store)?);
    let names: BTreeSet<&String> = now.lanes.keys().chain(then.lanes.keys()).collect();
    let lanes = names.into_iter().map(|name| lane(&now, &then, name));
    let events = "SELECT coalesce(sum(count), 0) FROM entries";
    Ok(Restored {
        events: count(backup.query_row(events, [], |row| row.get(0))?),
        events_lost: events_lost(store, backup)?,
        lanes: lanes.collect::<rusqlite::Result<_>>()?,
        found: read_all(backup)?,
        kept: None,
    })
}

/// What older formats lack, for this connection alone: a backup is not written to.
fn bring_up_to_date(backup: &Connection) -> Result<(), BoxError> {
    if identify(backup)? == Some(1) {
        backup.execute_batch(
            "PRAGMA temp_store = MEMORY;
             CREATE TEMP VIEW records AS SELECT slot, last, 0 AS count, data FROM main.records;
             CREATE TEMP VIEW lanes AS SELECT no, id, cursor, 0 AS paused FROM main.lanes;
             CREATE TEMP TABLE replays (no INTEGER, lane INTEGER, position INTEGER, record INTEGER, id BLOB);
             CREATE TEMP TABLE marks (name TEXT, value INTEGER);",
        )?;
    }
    Ok(())
}

/// Callbacks that only the store has. The same one has the same place and came at the same time: a place alone may have been
/// given twice.
fn events_lost(store: &Connection, backup: &Connection) -> rusqlite::Result<u64> {
    let mut kept =
        backup.prepare("SELECT 1 FROM entries WHERE first = ?1 AND count = ?2 AND at = ?3")?;
    let mut rows = store.prepare("SELECT first, count, at FROM entries")?;
    let (mut rows, mut lost) = (rows.query([])?, 0);
    while let Some(row) = rows.next()? {
        let (first, many, at): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if !kept.exists(params![first, many, at])? {
            lost += count(many);
        }
    }
    Ok(lost)
}

/// The rows of a table that the other store does not have, by lane; `mark` tells two with the same number.
fn only_in(
    here: &Connection,
    there: &Connection,
    table: &str,
    mark: &str,
) -> rusqlite::Result<BTreeMap<String, u64>> {
    let find = format!("SELECT 1 FROM {table} WHERE no = ?1 AND position = ?2 AND {mark} = ?3");
    let all = format!(
        "SELECT lanes.id, one.no, one.position, one.{mark} FROM {table} AS one JOIN lanes ON lanes.no = one.lane"
    );
    let (mut find, mut all) = (there.prepare(&find)?, here.prepare(&all)?);
    let (mut rows, mut found) = (all.query([])?, BTreeMap::new());
    while let Some(row) = rows.next()? {
        let (no, position, mark): (i64, i64, Value) = (row.get(1)?, row.get(2)?, row.get(3)?);
        if !find.exists(params![no, position, mark])? {
            *found.entry(row.get(0)?).or_default() += 1;
        }
    }
    Ok(found)
}

fn lane(now: &Side<'_>, then: &Side<'_>, name: &str) -> rusqlite::Result<RestoredConsumer> {
    let (here, there) = (now.lanes.get(name), then.lanes.get(name));
    let many = |counts: &BTreeMap<String, u64>| counts.get(name).copied().unwrap_or_default();
    let (again, skipped) = match (here, there) {
        (_, None) => (0, 0),
        (None, Some(there)) => (then.owes(name, there, &Stored::done())?, 0),
        (Some(here), Some(there)) => (then.owes(name, there, here)?, now.owes(name, here, there)?),
    };
    let paused = |lane: Option<&Stored>| lane.is_some_and(|lane| lane.paused);
    Ok(RestoredConsumer {
        lane: name.to_owned(),
        now: here.map(|lane| Position(lane.cursor)),
        then: there.map(|lane| Position(lane.cursor)),
        again,
        skipped,
        replays_again: many(&then.replays),
        replays_lost: many(&now.replays),
        dead_back: many(&then.letters),
        dead_lost: many(&now.letters),
        paused: Some(paused(there)).filter(|then| *then != paused(here)),
    })
}

impl<'c> Side<'c> {
    fn read(store: &'c Connection, other: &Connection) -> rusqlite::Result<Self> {
        let last = "SELECT first, count FROM entries ORDER BY first DESC LIMIT 1";
        let last = store.query_row(last, [], |row| Ok((count(row.get(0)?), count(row.get(1)?))));
        let (first, many) = last.optional()?.unwrap_or_default();
        Ok(Self {
            store,
            lanes: lanes(store)?,
            last: first.saturating_add(many).saturating_sub(1),
            letters: only_in(store, other, "dead_letters", "at")?,
            replays: only_in(store, other, "replays", "id")?,
        })
    }

    /// How many items a lane of this side owes that the same lane of the other has settled; at most: not all that is handled
    /// makes a record, and not every command is wanted.
    fn owes(&self, name: &str, lane: &Stored, other: &Stored) -> rusqlite::Result<u64> {
        let behind = lane.open.iter().filter(|at| **at <= lane.cursor);
        let waiting = behind.filter(|at| other.has_settled(**at)).count() as u64;
        let reach = other.cursor.min(self.last);
        if reach <= lane.cursor {
            return Ok(waiting);
        }
        let unsettled = other.open.range(lane.cursor + 1..=reach).count() as u64;
        Ok(waiting + self.items(name, lane.cursor, reach)?.saturating_sub(unsettled))
    }

    /// What there is for a lane after one position, up to another.
    fn items(&self, name: &str, after: u64, to: u64) -> rusqlite::Result<u64> {
        let id: ConsumerId = name.parse().unwrap_or_else(|never| match never {});
        if id.action().is_none() {
            return self.entries(after, to);
        }
        // What the handler has yet to look at may all become records.
        let handled = self.lanes.get(&**id.handler()).map_or(u64::MAX, Stored::settled_to);
        let handled = handled.clamp(after, to);
        Ok(self.records(id.handler(), after, handled)? + self.entries(handled, to)?)
    }

    fn entries(&self, after: u64, to: u64) -> rusqlite::Result<u64> {
        let sum = "SELECT coalesce(sum(min(first + count - 1, ?2) - max(first, ?1 + 1) + 1), 0) FROM entries
             WHERE first >= coalesce((SELECT max(first) FROM entries WHERE first <= ?1 + 1), 0)
             AND first <= ?2 AND first + count - 1 > ?1";
        let sum = self.store.query_row(sum, params![number(after), number(to)], |row| row.get(0));
        sum.map(count)
    }

    fn records(&self, handler: &str, after: u64, to: u64) -> rusqlite::Result<u64> {
        let find = "SELECT no FROM handlers WHERE name = ?1";
        let no = self.store.query_row(find, [handler], |row| row.get(0)).optional()?;
        let Some(no) = no.map(count) else { return Ok(0) };
        let mut rows = self.store.prepare_cached(
            "SELECT slot, last, count FROM records WHERE slot <= ?3 AND slot >=
             coalesce((SELECT max(slot) FROM records WHERE slot BETWEEN ?1 AND ?2), ?2)",
        )?;
        let slots = params![slot(no, 0), slot(no, after + 1), slot(no, to.min(REPLAYS - 1))];
        let (mut rows, mut sum) = (rows.query(slots)?, 0);
        while let Some(row) = rows.next()? {
            let (at, last, many): (i64, u64, u64) =
                (row.get(0)?, count(row.get(1)?), count(row.get(2)?));
            let first = count(at) & PLACE;
            if first > after && last <= to && many > 0 {
                sum += many;
                continue;
            }
            let data = data_of(self.store, "SELECT data FROM records WHERE slot = ?1", at)?;
            let blob = Blob::read(no, first, last, first, data);
            let within = |at: u64| (after + 1..=to).contains(&at);
            sum += blob.frames().iter().filter(|frame| within(frame.position)).count() as u64;
        }
        Ok(sum)
    }
}

fn lanes(store: &Connection) -> rusqlite::Result<BTreeMap<String, Stored>> {
    let mut open =
        store.prepare("SELECT position FROM open_items WHERE lane = ?1 AND position < ?2")?;
    let mut all = store.prepare("SELECT no, id, cursor, paused FROM lanes")?;
    let (mut rows, mut lanes) = (all.query([])?, BTreeMap::new());
    while let Some(row) = rows.next()? {
        let no: i64 = row.get(0)?;
        let open = open.query_map(params![no, number(REPLAYS)], |row| row.get(0).map(count))?;
        let open = open.collect::<rusqlite::Result<_>>()?;
        let (cursor, paused) = (count(row.get(2)?), row.get(3)?);
        lanes.insert(row.get(1)?, Stored { cursor, paused, open });
    }
    Ok(lanes)
}
