//! What the writer does while the disk is full: nothing new is kept, and room is looked for.

use std::sync::atomic::Ordering;
use std::time::Duration;

use switchhook_api::journal::JournalError;

use super::queue::Batch;
use super::write::{self, Stored};
use super::writer::{Planned, Writer};

/// How often it is looked for.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often, and after how long each time, a commit that needs a new WAL is tried while the old one is being copied. New
/// callbacks wait to be refused meanwhile.
const COPYING_LOOKS: usize = 3;
const COPYING_LOOK: Duration = Duration::from_millis(20);

impl Writer {
    /// While the disk is full, looks for room now and then, however much there is to do: deliveries that go on must not
    /// keep it from being found.
    pub(super) fn look_for_room_if(&mut self, full: bool) {
        let now = self.shared.clock.now();
        match self.looked.filter(|_| full) {
            None => self.looked = full.then_some(now),
            Some(looked) if now.saturating_sub(looked) >= LOOK_EVERY => {
                self.looked = Some(now);
                self.look_for_room();
            }
            Some(_) => {}
        }
    }

    /// Finds out whether the disk has room again. Without it, a server that says that it is not ready, and is therefore
    /// sent nothing, would never be ready again.
    fn look_for_room(&mut self) {
        #[cfg(test)]
        self.limit_pages();
        let tried = match self.has_ballast() {
            true => write::try_room(&mut self.connection, self.shared.head.load(Ordering::Relaxed))
                .map_err(|error| self.shared.commit_error(error)),
            false => Err(JournalError::Full),
        };
        match tried {
            Ok(bytes) => {
                self.since_checkpoint += bytes;
                self.ready();
            }
            Err(error) => {
                self.unwell(&error);
                // A full disk has no room for a longer WAL: begun anew, it takes what fits into the database's free pages.
                self.restart_wal();
            }
        }
        self.look_after_wal();
    }

    /// Whether there is room for what was kept before, beside what is new.
    fn has_ballast(&self) -> bool {
        self.shared.ballast.keep(|| write::free(&self.connection))
    }

    /// Tries again with a WAL begun anew, if it is that for which there is no room. While it is being copied it cannot be.
    pub(super) fn commit_with_little_room(
        &mut self,
        planned: &[Planned],
    ) -> Result<Stored, JournalError> {
        for _ in 0..COPYING_LOOKS {
            match self.commit(&[], planned) {
                Err(JournalError::Full) => self.restart_wal(),
                done => return done,
            }
            std::thread::park_timeout(COPYING_LOOK);
        }
        self.commit(&[], planned)
    }

    /// The ballast's room is for what was kept before.
    pub(super) fn refuse_new_without_ballast(&self, batch: &mut Batch) {
        if batch.chunks.is_empty() || self.has_ballast() {
            return;
        }
        let (chunks, hands) = (std::mem::take(&mut batch.chunks), batch.hands.clone());
        self.unwell(&JournalError::Full);
        self.refuse(Batch { chunks, hands, ..Batch::default() }, &JournalError::Full);
    }
}
