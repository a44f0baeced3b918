//! What is done again: rows that name the callback, and the record made of it where that lies elsewhere.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use switchhook_api::Uuid;
use switchhook_api::journal::Position;
use switchhook_journal_kit::OpenRow;

use super::schema::{count, number};

/// What is to be done again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The callback's place.
    pub(super) position: u64,
    /// Where its record lies, if not at that place.
    pub(super) record: Option<u64>,
    /// The id of the new delivery.
    pub(super) id: Uuid,
}

impl Origin {
    /// Where the record lies.
    pub(super) fn place(&self) -> u64 {
        self.record.unwrap_or(self.position)
    }
}

/// Puts it into a lane as a row of its own, which the lane has to be told of after the commit.
pub(super) fn put(
    connection: &Connection,
    lane: i64,
    origin: &Origin,
    key: Option<u64>,
) -> rusqlite::Result<OpenRow> {
    connection
        .prepare_cached("INSERT INTO replays (lane, position, record, id) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            lane,
            number(origin.position),
            origin.record.map(number),
            origin.id.as_bytes()
        ])?;
    let position = Position::of_replay(count(connection.last_insert_rowid()));
    connection
        .prepare_cached(
            "INSERT INTO open_items (lane, position, attempts, key, due, reason)
             VALUES (?1, ?2, 0, ?3, NULL, NULL)",
        )?
        .execute(params![lane, number(position.0), key.map(number)])?;
    Ok(OpenRow { position, attempts: 0, key, due: None, reason: None })
}

/// What a position of a lane stands for; none: it is no replay, or not known any more.
pub(super) fn find(
    connection: &Connection,
    position: Position,
) -> rusqlite::Result<Option<Origin>> {
    let Some(no) = position.replay_number() else { return Ok(None) };
    connection
        .prepare_cached("SELECT position, record, id FROM replays WHERE no = ?1")?
        .query_row([number(no)], |row| {
            let record: Option<i64> = row.get(1)?;
            Ok(Origin {
                position: count(row.get(0)?),
                record: record.map(count),
                id: Uuid::from_bytes(row.get(2)?),
            })
        })
        .optional()
}

/// The same for several.
pub(super) fn find_all(
    connection: &Connection,
    positions: &[Position],
) -> rusqlite::Result<HashMap<Position, Origin>> {
    let mut found = HashMap::new();
    for position in positions {
        found.extend(find(connection, *position)?.map(|origin| (*position, origin)));
    }
    Ok(found)
}

/// Forgets one that was done or given up.
pub(super) fn delete(connection: &Connection, position: u64) -> rusqlite::Result<()> {
    if let Some(no) = Position(position).replay_number() {
        connection.prepare_cached("DELETE FROM replays WHERE no = ?1")?.execute([number(no)])?;
    }
    Ok(())
}
