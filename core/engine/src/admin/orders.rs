//! What an operator can ask for: one type for each command, shared by the command line and the server.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use switchhook_api::journal::{
    BackedUp, ConsumerStatus, Journal, JournalError, Position, Pruned, Requeued, Retention,
    Verified,
};

use crate::targets::Targets;

/// Dead letters or positions that one order may name.
pub const COMMAND_ITEMS_MAX: usize = 1000;

/// Something to be done with a journal: posted to its path, or done at once by whoever holds the journal.
pub trait AdminCommand: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where it is posted to.
    const PATH: &'static str;
    /// Whether the configured consumers must be registered before it.
    const NEEDS_CONSUMERS: bool = false;
    /// Whether it may take as long as there is much to read or write.
    const IS_LONG_RUNNING: bool = false;
    /// What is said when it is done.
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// Does it; `targets` are those of a server's actions.
    fn execute(
        self,
        journal: &dyn Journal,
        targets: &dyn Targets,
    ) -> impl Future<Output = Done<Self>> + Send;
}

/// The answer to a command, or why it was refused or failed.
pub(super) type Done<C> = Result<<C as AdminCommand>::Answer, JournalError>;

/// Makes dead letters deliveries again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The numbers of the dead letters.
    pub numbers: Vec<u64>,
}

impl AdminCommand for Retry {
    const PATH: &'static str = "/api/v1/dead-letters/retry";
    const NEEDS_CONSUMERS: bool = true;
    type Answer = Requeued;

    async fn execute(self, journal: &dyn Journal, _: &dyn Targets) -> Done<Self> {
        not_too_many(self.numbers.len())?;
        journal.retry_dead_letters(&self.numbers).await
    }
}

/// Forgets dead letters.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drop {
    /// The numbers of the dead letters.
    pub numbers: Vec<u64>,
}

/// How many there were.
#[derive(Debug, Serialize, Deserialize)]
pub struct Dropped {
    pub dropped: u64,
}

impl AdminCommand for Drop {
    const PATH: &'static str = "/api/v1/dead-letters/drop";
    type Answer = Dropped;

    async fn execute(self, journal: &dyn Journal, _: &dyn Targets) -> Done<Self> {
        not_too_many(self.numbers.len())?;
        Ok(Dropped { dropped: journal.drop_dead_letters(&self.numbers).await? })
    }
}

/// Sends stored records again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The consumer's name: `handler`, or `handler>action`.
    #[serde(rename = "consumer")]
    pub lane: String,
    /// The places of what is done again.
    pub positions: Vec<Position>,
    /// Only says what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

impl AdminCommand for Replay {
    const PATH: &'static str = "/api/v1/replay";
    const NEEDS_CONSUMERS: bool = true;
    type Answer = Requeued;

    async fn execute(self, journal: &dyn Journal, _: &dyn Targets) -> Done<Self> {
        not_too_many(self.positions.len())?;
        let Ok(lane) = self.lane.parse();
        let Self { positions, dry_run, .. } = self;
        journal.replay(&switchhook_api::journal::Replay { lane, positions, dry_run }).await
    }
}

/// Pauses the deliveries of an action, or resumes them: at once, also those that wait for a retry or for an open circuit
/// breaker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// The action instance.
    pub action: String,
    /// Whether nothing is delivered from now on.
    pub paused: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PauseResult {
    /// How it was before.
    pub was_paused: bool,
    /// What waited for a retry is due now.
    pub retries_due: bool,
    /// Its circuit breaker was open, and the target is probed now.
    pub probed: bool,
}

impl AdminCommand for Pause {
    const PATH: &'static str = "/api/v1/pause";
    type Answer = PauseResult;

    async fn execute(self, journal: &dyn Journal, targets: &dyn Targets) -> Done<Self> {
        // A journal that cannot list its consumers has none to report.
        let mut lanes = journal.lanes().await.unwrap_or_default();
        lanes.retain(|lane| lane.id().action().is_some_and(|name| **name == *self.action));
        let mut turned = PauseResult {
            was_paused: lanes.iter().any(|lane| lane.paused),
            ..PauseResult::default()
        };
        journal.pause(&self.action, self.paused).await?;
        if !self.paused {
            turned.retries_due = lanes.iter().any(|lane| lane.due.is_some());
            turned.probed = targets.resume(&self.action);
        }
        Ok(turned)
    }
}

/// Removes what is old: how long what is kept, in seconds and bytes; without a number, for ever.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prune {
    retention: Option<u64>,
    retention_size: Option<u64>,
    dead_letter_retention: Option<u64>,
    orphan_retention: Option<u64>,
}

impl From<Retention> for Prune {
    fn from(retention: Retention) -> Self {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
        Self {
            retention: seconds(retention.retention),
            retention_size: retention.retention_size,
            dead_letter_retention: seconds(retention.dead_letter_retention),
            orphan_retention: seconds(retention.orphan_retention),
        }
    }
}

impl AdminCommand for Prune {
    const PATH: &'static str = "/api/v1/journal/prune";
    const NEEDS_CONSUMERS: bool = true;
    const IS_LONG_RUNNING: bool = true;
    type Answer = Pruned;

    async fn execute(self, journal: &dyn Journal, _: &dyn Targets) -> Done<Self> {
        let time = |seconds: Option<u64>| seconds.map(Duration::from_secs);
        let retention = Retention {
            retention: time(self.retention),
            retention_size: self.retention_size,
            dead_letter_retention: time(self.dead_letter_retention),
            orphan_retention: time(self.orphan_retention),
        };
        journal.prune(&retention).await
    }
}

/// Removes an orphaned consumer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forget {
    /// The consumer's name: `handler`, or `handler>action`.
    #[serde(rename = "consumer")]
    pub lane: String,
}

impl AdminCommand for Forget {
    const PATH: &'static str = "/api/v1/consumers/forget";
    const NEEDS_CONSUMERS: bool = true;
    type Answer = ConsumerStatus;

    async fn execute(self, journal: &dyn Journal, _: &dyn Targets) -> Done<Self> {
        let Ok(lane) = self.lane.parse();
        journal.forget_lane(&lane).await
    }
}

/// Reads everything and compares every checksum.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {}

impl AdminCommand for Verify {
    const PATH: &'static str = "/api/v1/journal/verify";
    const IS_LONG_RUNNING: bool = true;
    type Answer = Verified;

    async fn execute(self, journal: &dyn Journal, _: &dyn Targets) -> Done<Self> {
        journal.verify().await
    }
}

/// Copies the store into a new file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Absolute: the server and whoever asks it may be in different folders.
    pub path: PathBuf,
}

impl AdminCommand for Backup {
    const PATH: &'static str = "/api/v1/journal/backup";
    const IS_LONG_RUNNING: bool = true;
    type Answer = BackedUp;

    async fn execute(self, journal: &dyn Journal, _: &dyn Targets) -> Done<Self> {
        if !self.path.is_absolute() {
            let why = format!("`{}` is not an absolute path", self.path.display());
            return Err(JournalError::Refused(why));
        }
        journal.backup(&self.path).await
    }
}

fn not_too_many(count: usize) -> Result<(), JournalError> {
    match count {
        0..=COMMAND_ITEMS_MAX => Ok(()),
        _ => Err(JournalError::Refused(format!(
            "too many items: at most {COMMAND_ITEMS_MAX} are allowed in one request"
        ))),
    }
}
