//! What operators do with a journal: look, give up or try again, pause, tidy, copy.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{JournalError, LaneId, Page, Position};
use crate::facts::Facts;

/// Deliveries that a lane keeps open at most before it takes no further replays.
pub const REPLAYS_OPEN_MAX: usize = 5_000;
/// Damaged items that one [`Verified`] names; the rest is only counted.
pub const DAMAGE_MAX: usize = 1_000;

/// The operators' side of a journal. Beside a running server it goes on while callbacks are kept and delivered. What a
/// store has no way to do it may leave out: that is [`JournalError::Unsupported`].
#[async_trait]
pub trait Upkeep: Send + Sync + 'static {
    /// Every lane, those that left the configuration included, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn lanes(&self) -> Result<Vec<LaneStatus>, JournalError> {
        Err(JournalError::Unsupported("list its consumers"))
    }
    /// What was given up, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn dead_letters(
        &self,
        _query: &DeadLetterQuery,
    ) -> Result<Page<DeadLetter>, JournalError> {
        Err(JournalError::Unsupported("list dead letters"))
    }
    /// Makes dead letters deliveries again, with new ids and all their attempts, in one commit; they are dead letters no
    /// more. One of a projection is handled again, without a change to the handler's state, and what comes of it goes to all
    /// the handler's actions.
    ///
    /// # Errors
    /// [`JournalError::Overloaded`] when a lane would have more than [`REPLAYS_OPEN_MAX`] items open,
    /// [`JournalError::Refused`] when one is not in the configuration or disabled there; nothing was changed then, nor by any
    /// other error.
    async fn retry_dead_letters(&self, _numbers: &[u64]) -> Result<Requeued, JournalError> {
        Err(JournalError::Unsupported("retry dead letters"))
    }
    /// Forgets dead letters for good, in one commit; how many there were.
    ///
    /// # Errors
    /// Nothing was changed.
    async fn drop_dead_letters(&self, _numbers: &[u64]) -> Result<u64, JournalError> {
        Err(JournalError::Unsupported("drop dead letters"))
    }
    /// Sends stored records again, each once and as a new delivery with an id of its own, whatever became of the first. The
    /// handler and its state have no part in it. With ordering by key they go after what their key has open already.
    ///
    /// # Errors
    /// As of [`Upkeep::retry_dead_letters`]; also when the lane is no subscription.
    async fn replay(&self, _replay: &Replay) -> Result<Requeued, JournalError> {
        Err(JournalError::Unsupported("replay records"))
    }
    /// From now on, and after a restart, the action's lanes, new ones included, hand out nothing, or do so again. What is
    /// leased is not called back. An action that is to go on gets what waits for a retry at once, paused or not.
    ///
    /// # Errors
    /// When no lane, attached or not, has this action; nothing was changed then, nor by any other error.
    async fn pause(&self, _action: &str, _paused: bool) -> Result<(), JournalError> {
        Err(JournalError::Unsupported("pause actions"))
    }
    /// Removes what is older or larger than is wanted and needed by nobody: what a lane of the configuration has not settled, a
    /// disabled one too, and what a dead letter or a replay refers to, stays, with what shares its commit. A lane that left the
    /// configuration longer ago than `orphan_retention` needs nothing, and goes itself, as with `forget_lane`. New lanes begin
    /// after what was removed, and no position is given twice.
    ///
    /// # Errors
    /// Part of it may have been done.
    async fn prune(&self, _retention: &Retention) -> Result<Pruned, JournalError> {
        Err(JournalError::Unsupported("remove expired data"))
    }
    /// Removes a lane that left the configuration, with its dead letters and what waits in it; says how it stood. With the
    /// projection of a handler goes the handler's state, with a subscription it does not.
    ///
    /// # Errors
    /// When there is no such lane, or it was in the configuration when lanes were attached last.
    async fn forget_lane(&self, _lane: &LaneId) -> Result<LaneStatus, JournalError> {
        Err(JournalError::Unsupported("delete consumers"))
    }
    /// What there is, in numbers.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn stats(&self) -> Result<Stats, JournalError> {
        Err(JournalError::Unsupported("report statistics"))
    }
    /// Reads everything and compares every checksum.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    async fn verify(&self) -> Result<Verified, JournalError> {
        Err(JournalError::Unsupported("verify itself"))
    }
    /// Copies the store, as of now, into a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written; it is not there then.
    async fn backup(&self, _to: &Path) -> Result<BackedUp, JournalError> {
        Err(JournalError::Unsupported("be backed up"))
    }
    /// Puts a backup in the store's place and keeps what was there beside it; or, on a dry run, only says what that would
    /// mean. Afterwards this journal is closed: open it anew.
    ///
    /// # Errors
    /// When the file is no whole backup, or lanes are attached; nothing was changed then, nor by any other error that does not
    /// say so.
    async fn restore(&self, _from: &Path, _dry_run: bool) -> Result<Restored, JournalError> {
        Err(JournalError::Unsupported("be restored"))
    }
    /// Entries and records found damaged and set aside since this journal was opened.
    fn damaged(&self) -> u64 {
        0
    }
}

/// How a lane stands.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LaneStatus {
    /// Its name, as text.
    #[serde(rename = "consumer")]
    pub lane: String,
    /// Everything at or below has been delivered, or waits below, or is a dead letter.
    pub cursor: Position,
    /// Entries of the journal that it has not looked at yet.
    #[serde(rename = "lag")]
    pub behind: u64,
    /// Items handed out, held behind their key, or waiting for a retry.
    #[serde(rename = "pending")]
    pub open: u64,
    /// It takes nothing new before some of its open items are settled: there are too many.
    #[serde(default)]
    pub full: bool,
    /// Dead letters.
    #[serde(rename = "dead_letters")]
    pub dead: u64,
    /// When the first of those falls due that wait for a time; none: none does.
    #[serde(rename = "next_retry_at", default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Hands out nothing until it is resumed.
    #[serde(default)]
    pub paused: bool,
    /// Hands out nothing until it is enabled in the configuration.
    #[serde(default)]
    pub disabled: bool,
    /// Not in the configuration when lanes were attached last.
    #[serde(rename = "orphaned")]
    pub detached: bool,
    /// Since when.
    #[serde(rename = "orphaned_since", default, skip_serializing_if = "Option::is_none")]
    pub detached_at: Option<Timestamp>,
}

impl LaneStatus {
    /// Its name.
    pub fn id(&self) -> LaneId {
        self.lane.parse().unwrap_or_else(|never| match never {})
    }
}

/// What was given up, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Names it for commands; never given twice.
    pub number: u64,
    /// The lane, as text.
    #[serde(rename = "consumer")]
    pub lane: String,
    /// The callback's place.
    pub position: Position,
    /// When it was given up.
    pub at: Timestamp,
    /// Attempts that were made.
    pub attempts: u32,
    /// Why. Holds what others wrote: escape it wherever it goes.
    pub reason: String,
    /// The target's last answer; escape it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// The callback without its body; none if it is damaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Facts>,
}

/// A question about dead letters.
#[derive(Clone, Debug, Default)]
pub struct DeadLetterQuery {
    /// At most so many.
    pub limit: usize,
    /// Only those with a smaller number: the `next` of the page before.
    pub before: Option<u64>,
    /// Only of this lane.
    pub lane: Option<LaneId>,
    /// Only these; empty: all.
    pub numbers: Vec<u64>,
}

impl DeadLetterQuery {
    /// The newest, at most so many.
    pub fn first(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// The same, of one lane.
    #[must_use]
    pub fn of(self, lane: &LaneId) -> Self {
        Self { lane: Some(lane.clone()), ..self }
    }
}

/// Which records are to be sent again, and to whom.
#[derive(Clone, Debug)]
pub struct Replay {
    /// A subscription.
    pub lane: LaneId,
    /// The callbacks; those of which the handler made no record are skipped and counted.
    pub positions: Vec<Position>,
    /// Only count.
    pub dry_run: bool,
}

/// What became of a wish to deliver again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requeued {
    /// Deliveries that are on their way now.
    pub queued: u64,
    /// What was named but is not there: no record, or no such dead letter.
    pub missing: u64,
}

/// How long what is kept. Nothing set: for ever.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retention {
    /// Callbacks and records, since they were kept.
    pub retention: Option<Duration>,
    /// Bytes of the whole store; beyond it the oldest go.
    pub retention_size: Option<u64>,
    /// Dead letters, since they were given up.
    pub dead_letter_retention: Option<Duration>,
    /// Lanes that left the configuration, since then.
    pub orphan_retention: Option<Duration>,
}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Callbacks.
    pub events: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Lanes that had left the configuration, as they stood.
    #[serde(rename = "consumers")]
    pub lanes: Vec<String>,
    /// The lane without which more would have gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
}

/// A store in numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stats {
    /// Callbacks.
    pub events: u64,
    /// The first and the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Position>,
    /// See `first`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Position>,
    /// When the first was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// When the last was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Timestamp>,
    /// Bytes that the store takes.
    pub bytes: u64,
    /// Of these, free for what comes next.
    pub free: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Items waiting for a retry or behind their key, that have a row of their own.
    #[serde(rename = "pending")]
    pub open: u64,
    /// The version of the store's format.
    pub format: u64,
}

/// What a reading of everything found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Verified {
    /// Callbacks that are whole.
    pub events: u64,
    /// Records that are whole.
    pub records: u64,
    /// Damaged ones.
    pub damaged: u64,
    /// The first [`DAMAGE_MAX`] of them.
    pub damage: Vec<Damage>,
    /// What is wrong with the store itself.
    pub problems: Vec<String>,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.damaged == 0 && self.problems.is_empty()
    }
}

/// One damaged item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// The handler whose record it is; none: a callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// Its place, or the nearest that can still be told.
    pub position: Position,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.handler {
            Some(handler) => write!(f, "record {} of {handler}", self.position),
            None => write!(f, "callback {}", self.position),
        }
    }
}

/// A copy that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackedUp {
    /// Its size.
    pub bytes: u64,
    /// The last callback in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Position>,
    /// What a reading of the new file found: damage is copied, too.
    #[serde(default)]
    pub found: Verified,
}

/// What a restore means, or meant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Restored {
    /// Callbacks that were kept after the backup and will not be in the store any more.
    pub events_lost: u64,
    /// Callbacks of the backup.
    pub events: u64,
    /// What a reading of the whole backup found. What is damaged in it is set aside afterwards.
    #[serde(default)]
    pub found: Verified,
    /// Every lane of either side.
    #[serde(rename = "consumers")]
    pub lanes: Vec<RestoredLane>,
    /// Where what was there is kept; none on a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// A lane before and after a restore. What will be done again cannot be told exactly: it is no more than is said here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredLane {
    /// Its name, as text.
    #[serde(rename = "consumer")]
    pub lane: String,
    /// Where it stands now; none: it is only in the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Position>,
    /// Where it will stand; none: it is not in the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Position>,
    /// What has been settled since the backup and will be done again, what waited for a retry in it included.
    pub again: u64,
    /// What is yet to be done and will be taken for done.
    pub skipped: u64,
    /// Replays that waited in the backup, were made since, and will be made again.
    pub replays_again: u64,
    /// Replays that wait now and will not be made.
    pub replays_lost: u64,
    /// Dead letters that were retried, dropped or removed since, and will be there again.
    pub dead_back: u64,
    /// Dead letters that will be gone.
    pub dead_lost: u64,
    /// Whether it will be paused, if that changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}
