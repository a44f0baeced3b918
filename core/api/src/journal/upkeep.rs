//! The operators' side of a journal: inspect, retry or drop dead letters, replay, pause, prune, back up.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ConsumerId, JournalError, Page, Position};
use crate::facts::Metadata;

/// The number of pending deliveries above which a consumer accepts no further replays.
pub const REPLAYS_OPEN_MAX: usize = 5_000;
/// The number of damaged items that one [`Verified`] names; further ones are only counted.
pub const DAMAGE_MAX: usize = 1_000;

/// The operators' side of a journal. It works while callbacks are persisted and delivered. A journal may leave methods out; they
/// return [`JournalError::Unsupported`].
#[async_trait]
pub trait JournalAdmin: Send + Sync + 'static {
    /// All consumers by name, including orphaned ones.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn lanes(&self) -> Result<Vec<ConsumerStatus>, JournalError> {
        Err(JournalError::Unsupported("list its consumers"))
    }
    /// Dead letters, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn dead_letters(
        &self,
        _query: &DeadLetterQuery,
    ) -> Result<Page<DeadLetter>, JournalError> {
        Err(JournalError::Unsupported("list dead letters"))
    }
    /// Turns dead letters into deliveries again, with new ids and all their attempts, in one commit. A dead letter of a
    /// projection is handled again, without changes to the handler's state, and its record goes to all actions of the handler.
    ///
    /// # Errors
    /// [`JournalError::Overloaded`] if a consumer would have more than [`REPLAYS_OPEN_MAX`] items pending,
    /// [`JournalError::Refused`] if one is orphaned or disabled. After any error, nothing was changed.
    async fn retry_dead_letters(&self, _numbers: &[u64]) -> Result<Requeued, JournalError> {
        Err(JournalError::Unsupported("retry dead letters"))
    }
    /// Drops dead letters for good, in one commit; returns how many there were.
    ///
    /// # Errors
    /// Nothing was changed.
    async fn drop_dead_letters(&self, _numbers: &[u64]) -> Result<u64, JournalError> {
        Err(JournalError::Unsupported("drop dead letters"))
    }
    /// Delivers stored records again, each as a new delivery with an id of its own, whatever became of the first one. The handler
    /// is not called. With ordering by key, a replay comes after the pending items of its key.
    ///
    /// # Errors
    /// As of [`JournalAdmin::retry_dead_letters`]; also if the consumer is not a subscription.
    async fn replay(&self, _replay: &Replay) -> Result<Requeued, JournalError> {
        Err(JournalError::Unsupported("replay records"))
    }
    /// Pauses or resumes the consumers of an action, including new ones; this survives a restart. A paused consumer leases
    /// nothing; existing leases are not revoked. Resuming makes retries due at once, whether the action was paused or not.
    ///
    /// # Errors
    /// No consumer, registered or orphaned, has this action. After any error, nothing was changed.
    async fn pause(&self, _action: &str, _paused: bool) -> Result<(), JournalError> {
        Err(JournalError::Unsupported("pause actions"))
    }
    /// Removes what exceeds the wanted age or size and is not needed. Still needed are items that a consumer of the configuration
    /// (even a disabled one) has not settled, and what a dead letter or a replay refers to, with everything in the same commit. A
    /// consumer that has been orphaned for longer than `orphan_retention` needs nothing and is removed too, as by `forget_lane`.
    /// New consumers start after what was removed, and no position is used twice.
    ///
    /// # Errors
    /// Part of it may have been done.
    async fn prune(&self, _retention: &Retention) -> Result<Pruned, JournalError> {
        Err(JournalError::Unsupported("remove expired data"))
    }
    /// Removes an orphaned consumer with its dead letters and pending items, and returns its last status. The state of a handler
    /// is removed with its projection, not with a subscription.
    ///
    /// # Errors
    /// There is no such consumer, or it was in the configuration when consumers were last registered.
    async fn forget_lane(&self, _lane: &ConsumerId) -> Result<ConsumerStatus, JournalError> {
        Err(JournalError::Unsupported("delete consumers"))
    }
    /// Statistics.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn stats(&self) -> Result<Stats, JournalError> {
        Err(JournalError::Unsupported("report statistics"))
    }
    /// Reads everything and compares every checksum.
    ///
    /// # Errors
    /// The store cannot be read at all.
    async fn verify(&self) -> Result<Verified, JournalError> {
        Err(JournalError::Unsupported("verify itself"))
    }
    /// Copies the current store into a new file.
    ///
    /// # Errors
    /// The file exists already, or cannot be written; then no file is left behind.
    async fn backup(&self, _to: &Path) -> Result<BackedUp, JournalError> {
        Err(JournalError::Unsupported("be backed up"))
    }
    /// Replaces the store with a backup and keeps the previous store beside it. A dry run only reports what that would change.
    /// Afterwards this journal is closed: open it again.
    ///
    /// # Errors
    /// The file is not a complete backup, or consumers are registered. After an error, nothing was changed unless it says so.
    async fn restore(&self, _from: &Path, _dry_run: bool) -> Result<Restored, JournalError> {
        Err(JournalError::Unsupported("be restored"))
    }
    /// Damaged entries and records that were found and quarantined since this journal was opened.
    fn damaged(&self) -> u64 {
        0
    }
}

/// The status of a consumer.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsumerStatus {
    /// Its name, as text.
    #[serde(rename = "consumer")]
    pub lane: String,
    /// Everything up to it has been delivered, is pending with a stored row, or is a dead letter.
    pub cursor: Position,
    /// The lag: entries of the journal that it has not looked at yet.
    #[serde(rename = "lag")]
    pub behind: u64,
    /// Pending items: leased, waiting behind an earlier item of their key, or waiting for a retry.
    #[serde(rename = "pending")]
    pub open: u64,
    /// It takes nothing new until some of its pending items are settled, because there are too many.
    #[serde(default)]
    pub full: bool,
    /// The number of dead letters.
    #[serde(rename = "dead_letters")]
    pub dead: u64,
    /// When the next retry is due; none if no retry waits.
    #[serde(rename = "next_retry_at", default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Leases nothing until it is resumed.
    #[serde(default)]
    pub paused: bool,
    /// Leases nothing until it is enabled in the configuration.
    #[serde(default)]
    pub disabled: bool,
    /// Orphaned: not in the configuration when consumers were last registered.
    #[serde(rename = "orphaned")]
    pub detached: bool,
    /// Since when.
    #[serde(rename = "orphaned_since", default, skip_serializing_if = "Option::is_none")]
    pub detached_at: Option<Timestamp>,
}

impl ConsumerStatus {
    /// Its name.
    pub fn id(&self) -> ConsumerId {
        self.lane.parse().unwrap_or_else(|never| match never {})
    }
}

/// A dead letter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its number for commands; never used twice.
    pub number: u64,
    /// The consumer, as text.
    #[serde(rename = "consumer")]
    pub lane: String,
    /// The position of the callback.
    pub position: Position,
    /// When it became a dead letter.
    pub at: Timestamp,
    /// The attempts made.
    pub attempts: u32,
    /// The reason. It may hold text from outside: escape it wherever it is shown.
    pub reason: String,
    /// The last response of the target; escape it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// The callback without its body; none if it is damaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Metadata>,
}

/// A query of dead letters.
#[derive(Clone, Debug, Default)]
pub struct DeadLetterQuery {
    /// The maximum number of items.
    pub limit: usize,
    /// Only those with a smaller number: the `next` of the page before.
    pub before: Option<u64>,
    /// Only of this consumer.
    pub lane: Option<ConsumerId>,
    /// Only these; empty: all.
    pub numbers: Vec<u64>,
}

impl DeadLetterQuery {
    /// The newest ones, up to this number.
    pub fn first(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// The same, of one consumer.
    #[must_use]
    pub fn of(self, lane: &ConsumerId) -> Self {
        Self { lane: Some(lane.clone()), ..self }
    }
}

/// Which records are to be delivered again, and by which subscription.
#[derive(Clone, Debug)]
pub struct Replay {
    /// A subscription.
    pub lane: ConsumerId,
    /// The callbacks; those for which the handler made no record are skipped and counted.
    pub positions: Vec<Position>,
    /// Only count.
    pub dry_run: bool,
}

/// The result of retrying dead letters, or of a replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requeued {
    /// Deliveries that are pending now.
    pub queued: u64,
    /// Items that do not exist: no record, or no such dead letter.
    pub missing: u64,
}

/// What to remove. A limit that is not set removes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retention {
    /// The maximum age of callbacks and records, since they were persisted.
    pub retention: Option<Duration>,
    /// The maximum size of the store in bytes; above it the oldest callbacks are removed.
    pub retention_size: Option<u64>,
    /// The maximum age of dead letters.
    pub dead_letter_retention: Option<Duration>,
    /// How long an orphaned consumer stays.
    pub orphan_retention: Option<Duration>,
}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// Callbacks.
    pub events: u64,
    /// The number of dead letters.
    pub dead_letters: u64,
    /// Orphaned consumers, with their last status.
    #[serde(rename = "consumers")]
    pub lanes: Vec<String>,
    /// The consumer that kept more from being removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
}

/// Statistics of a store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stats {
    /// Callbacks.
    pub events: u64,
    /// The positions of the first and the last callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Position>,
    /// See `first`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Position>,
    /// When the first callback was persisted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// When the last callback was persisted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Timestamp>,
    /// The size of the store in bytes.
    pub bytes: u64,
    /// The part of it that is free for new data.
    pub free: u64,
    /// The number of dead letters.
    pub dead_letters: u64,
    /// Items that wait for a retry or behind their key, and have a stored row.
    #[serde(rename = "pending")]
    pub open: u64,
    /// The version of the store's format.
    pub format: u64,
}

/// The result of reading everything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Verified {
    /// Intact callbacks.
    pub events: u64,
    /// Intact records.
    pub records: u64,
    /// Damaged items.
    pub damaged: u64,
    /// The first [`DAMAGE_MAX`] of them.
    pub damage: Vec<Damage>,
    /// Errors of the store itself.
    pub problems: Vec<String>,
}

impl Verified {
    /// Whether everything is intact.
    pub fn is_whole(&self) -> bool {
        self.damaged == 0 && self.problems.is_empty()
    }
}

/// One damaged item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// The handler whose record it is; none for a callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// Its position, or the nearest one that is still known.
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

/// A backup that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackedUp {
    /// Its size.
    pub bytes: u64,
    /// The position of its last callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Position>,
    /// The result of verifying the new file. Damage is copied, too.
    #[serde(default)]
    pub found: Verified,
}

/// What a restore changes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Restored {
    /// Callbacks that were persisted after the backup and will be lost.
    pub events_lost: u64,
    /// Callbacks in the backup.
    pub events: u64,
    /// The result of verifying the whole backup. Damaged items are quarantined afterwards.
    #[serde(default)]
    pub found: Verified,
    /// All consumers of both stores.
    #[serde(rename = "consumers")]
    pub lanes: Vec<RestoredConsumer>,
    /// Where the previous store is kept; none on a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// A consumer before and after a restore. The numbers of repeated deliveries are upper limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredConsumer {
    /// Its name, as text.
    #[serde(rename = "consumer")]
    pub lane: String,
    /// Its current cursor; none if it is only in the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Position>,
    /// Its cursor after the restore; none if it is not in the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Position>,
    /// Items settled since the backup that will be repeated, including those that waited for a retry in the backup.
    pub again: u64,
    /// Pending items that will count as done.
    pub skipped: u64,
    /// Replays that waited in the backup, were made since, and will be repeated.
    pub replays_again: u64,
    /// Replays that wait now and will be lost.
    pub replays_lost: u64,
    /// Dead letters that were retried, dropped or removed since the backup, and will come back.
    pub dead_back: u64,
    /// Dead letters that will be lost.
    pub dead_lost: u64,
    /// Whether it will be paused, if that changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}
