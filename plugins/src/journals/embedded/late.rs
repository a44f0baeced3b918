//! What was committed after nobody waited for it any more: its sender was not told OK. It cannot be taken back, so it is
//! delivered, and marked for those who look for it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::Thread;

use rusqlite::{Connection, Transaction, params};
use switchhook_api::journal::{Appended, JournalError, StoredEvent};
use tokio::sync::oneshot;

use super::locked;
use super::queue::Kept;
use super::store::Shared;

/// Late callbacks; their marks are stored with the next commit.
#[derive(Debug, Default)]
pub(super) struct Late {
    state: Mutex<State>,
    count: AtomicU64,
    writer: OnceLock<Thread>,
}

#[derive(Debug, Default)]
struct State {
    /// Not yet marked in the store. The next commit of any kind takes all of them.
    unmarked: Vec<u64>,
    /// Some of them came after the writer looked last.
    fresh: bool,
}

impl Late {
    /// Marks are stored by this thread, which is woken for them.
    pub(super) fn written_by(&self, writer: &Thread) {
        self.writer.get_or_init(|| writer.clone());
    }

    /// How many there have been.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes in an answer that nobody heard.
    pub(super) fn unheard(&self, kept: &Kept) {
        let Ok(appended) = kept else { return };
        let kept = appended.iter().filter_map(|one| match one {
            Appended::Kept(position) => Some(position.0),
            Appended::Duplicate(_) => None, // it was kept, and answered so, before
        });
        let mut state = locked(&self.state);
        let before = state.unmarked.len();
        state.unmarked.extend(kept);
        let late = state.unmarked.len() - before;
        state.fresh |= late > 0;
        drop(state);
        self.count.fetch_add(late as u64, Ordering::Relaxed);
        if let Some(writer) = self.writer.get().filter(|_| late > 0) {
            writer.unpark();
        }
    }

    /// Hands an answer to the append that waits for it, if it still does.
    pub(super) fn answer(&self, waiter: oneshot::Sender<Kept>, kept: Kept) {
        if let Err(unheard) = waiter.send(kept) {
            self.unheard(&unheard);
        }
    }

    /// Whether some are new since this was asked last. Those that could not be stored wait for the next commit.
    pub(super) fn is_due(&self) -> bool {
        std::mem::take(&mut locked(&self.state).fresh)
    }

    pub(super) fn unmarked(&self) -> Vec<u64> {
        locked(&self.state).unmarked.clone()
    }

    /// The first so many are marked in the store.
    pub(super) fn marked(&self, count: usize) {
        locked(&self.state).unmarked.drain(..count);
    }
}

/// An append that waits for its answer.
pub(super) struct Waiting<'s> {
    pub(super) kept: oneshot::Receiver<Kept>,
    pub(super) late: &'s Late,
}

impl Waiting<'_> {
    pub(super) async fn answer(mut self) -> Kept {
        (&mut self.kept).await.map_err(|_| JournalError::Closed)?
    }
}

impl Drop for Waiting<'_> {
    /// From here on no answer comes; one that is there was not heard.
    fn drop(&mut self) {
        self.kept.close();
        if let Ok(kept) = self.kept.try_recv() {
            self.late.unheard(&kept);
        }
    }
}

/// The mark of a position. In the order of their names marks are in the order of their positions.
fn name(position: u64) -> String {
    format!("late {position:020}")
}

/// Where a query looks for the mark of an entry in a row of `entries`.
pub(super) const IN_ROW: &str =
    "EXISTS (SELECT 1 FROM marks WHERE name BETWEEN printf('late %020d', first)
    AND printf('late %020d', first + count - 1))";

pub(super) fn mark(tx: &Transaction<'_>, late: &[u64], wall: i64) -> rusqlite::Result<()> {
    for position in late {
        tx.prepare_cached("INSERT OR REPLACE INTO marks (name, value) VALUES (?1, ?2)")?
            .execute(params![name(*position), wall])?;
    }
    Ok(())
}

/// Removes the marks of entries that are removed.
pub(super) fn forget(connection: &Connection, first: u64, last: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM marks WHERE name BETWEEN ?1 AND ?2")?
        .execute([name(first), name(last)])?;
    Ok(())
}

fn find(connection: &Connection, first: u64, last: u64) -> rusqlite::Result<Vec<String>> {
    let mut found =
        connection.prepare_cached("SELECT name FROM marks WHERE name BETWEEN ?1 AND ?2")?;
    found.query_map([name(first), name(last)], |row| row.get(0))?.collect()
}

impl Shared {
    /// The marked ones between two positions, both included.
    pub(super) async fn late(
        self: &Arc<Self>,
        first: u64,
        last: u64,
    ) -> Result<HashSet<u64>, JournalError> {
        // Before the store is read: one that is marked meanwhile is found there.
        let mut late: HashSet<u64> = self.late.unmarked().into_iter().collect();
        let marked = self.reader.with(move |connection| find(connection, first, last)).await?;
        let position = |name: &String| name.strip_prefix("late ")?.parse::<u64>().ok();
        late.extend(marked.iter().filter_map(position));
        Ok(late)
    }

    /// Says of events whether they are marked.
    pub(super) async fn tell_late(
        self: &Arc<Self>,
        events: &mut [StoredEvent],
    ) -> Result<(), JournalError> {
        let places = || events.iter().map(|event| event.position.0);
        let (Some(first), Some(last)) = (places().min(), places().max()) else { return Ok(()) };
        let late = self.late(first, last).await?;
        for event in events {
            event.persisted_late = late.contains(&event.position.0);
        }
        Ok(())
    }
}
