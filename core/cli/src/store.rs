//! Access to the journal: this process has opened it, or a running server is asked through its socket. The commands do not see the
//! difference.

mod remote;

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use switchhook_api::journal::{
    ConsumerSpec, ConsumerStatus, DeadLetter, DeadLetterQuery, EventQuery, Journal, JournalError,
    Position, Stats,
};
use switchhook_api::{BuildContext, Component, error_line};
use switchhook_engine::admin::{
    AdminCommand, CONSUMERS, ConsumerView, dead_letter_target, event_target, with_views,
};
use switchhook_engine::app;
use switchhook_engine::config::Config;
use switchhook_engine::targets::NoTargets;

use self::remote::RemoteJournal;
use super::Failed;
use super::output::one_line;

/// Who has opened the journal.
pub(super) enum Store {
    /// This process.
    Local(LocalJournal),
    /// A running server, reached through its admin socket.
    Remote(RemoteJournal),
}

/// The journal, opened by this process.
pub(super) struct LocalJournal {
    pub(super) journal: Arc<dyn Journal>,
    /// The configured consumers; registered when a command needs them.
    lanes: Vec<ConsumerSpec>,
    attached: bool,
}

/// Why a request to the journal failed.
#[derive(Debug)]
pub(super) enum StoreError {
    /// Too many items are pending; it can be tried again later.
    Overloaded,
    /// Anything else.
    Failed(Failed),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded => {
                Self::unavailable("too many items are pending; try again later")
            }
            StoreError::Failed(failed) => failed,
        }
    }
}

impl From<JournalError> for StoreError {
    fn from(error: JournalError) -> Self {
        Self::Failed(match error {
            JournalError::Overloaded => return Self::Overloaded,
            JournalError::Refused(why) => Failed::usage(one_line(&why)),
            JournalError::Unsupported(_) => Failed::unavailable(error_line(&error)),
            error => Failed::io(format!("journal: {}", error_line(&error))),
        })
    }
}

/// Why the journal cannot be opened.
pub(super) enum OpenError {
    /// There is no journal yet; the text says where.
    Missing(String),
    Failed(Failed),
}

impl From<Failed> for OpenError {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<OpenError> for Failed {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Missing(text) => Self::io(format!("journal: {text}")),
            OpenError::Failed(failed) => failed,
        }
    }
}

/// A page as the API writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<u64>,
    /// Items left out because they are damaged.
    #[serde(default)]
    pub(super) damaged: u64,
}

impl Store {
    /// Takes the journal's lock, or finds the server that holds it. A missing journal is not created.
    pub(super) async fn open(config: Config) -> Result<Self, Failed> {
        Ok(Self::find(config, false).await?)
    }

    /// The same; a missing journal is an error of its own, or is created.
    pub(super) async fn find(config: Config, make: bool) -> Result<Self, OpenError> {
        let lanes = app::lanes(&config);
        let mut cx = BuildContext::new(
            &config.journal.name,
            &config.base,
            Arc::new(switchhook_engine::SystemClock::default()),
        );
        cx.read_only = !make;
        let error = match config.journal.options.build(&cx).await {
            Ok(Component::Journal(journal)) => {
                return Ok(Self::Local(LocalJournal { journal, lanes, attached: false }));
            }
            Ok(other) => {
                return Err(Failed::bug(format!(
                    "journal: the plugin built a {other:?} instead of a journal"
                ))
                .into());
            }
            Err(error) => error,
        };
        let text = error_line(&*error);
        match error.downcast_ref() {
            Some(JournalError::Locked { by, folder }) => {
                let reached = RemoteJournal::reach(folder, by).await.map_err(|why| {
                    Failed::unavailable(format!("{text}, and cannot be reached: {why}"))
                });
                Ok(Self::Remote(reached?))
            }
            Some(JournalError::Missing { .. }) => Err(OpenError::Missing(text)),
            _ => Err(Failed::io(format!("journal: {text}")).into()),
        }
    }

    /// A journal that is open already.
    #[cfg(test)]
    pub(super) fn local(journal: Arc<dyn Journal>, lanes: Vec<ConsumerSpec>) -> Self {
        Self::Local(LocalJournal { journal, lanes, attached: false })
    }

    /// Events as the API shows them, with or without their bodies.
    pub(super) async fn events(
        &mut self,
        query: &EventQuery,
        bodies: bool,
    ) -> Result<Page<Box<RawValue>>, StoreError> {
        let local = match self {
            Self::Local(local) => local,
            Self::Remote(remote) => return remote.get(&event_target(query, bodies)).await,
        };
        let page = local.journal.events(query).await?;
        let items = with_views(&page.items, bodies, |views| {
            views.iter().map(serde_json::value::to_raw_value).collect::<Result<_, _>>()
        });
        let items = items.map_err(|error| bug(&error))?;
        Ok(Page { items, next: page.next.map(|position| position.0), damaged: page.damaged })
    }

    /// The positions of events.
    pub(super) async fn positions(
        &mut self,
        query: &EventQuery,
    ) -> Result<Page<EventPosition>, StoreError> {
        let local = match self {
            Self::Local(local) => local,
            Self::Remote(remote) => return remote.get(&event_target(query, false)).await,
        };
        let page = local.journal.events(query).await?;
        let items =
            page.items.iter().map(|event| EventPosition { position: event.position }).collect();
        Ok(Page { items, next: page.next.map(|position| position.0), damaged: page.damaged })
    }

    /// Every lane.
    pub(super) async fn lanes(&mut self) -> Result<Vec<ConsumerView>, StoreError> {
        match self {
            Self::Local(local) => {
                let lanes = local.journal.lanes().await?.into_iter();
                Ok(lanes.map(|lane| ConsumerView::of(local.as_configured(lane))).collect())
            }
            Self::Remote(remote) => Ok(remote.get::<Page<_>>(CONSUMERS).await?.items),
        }
    }

    /// A page of dead letters, newest first.
    pub(super) async fn dead_letters(
        &mut self,
        query: &DeadLetterQuery,
    ) -> Result<Page<DeadLetter>, StoreError> {
        match self {
            Self::Local(local) => {
                let page = local.journal.dead_letters(query).await?;
                Ok(Page { items: page.items, next: page.next.map(|number| number.0), damaged: 0 })
            }
            Self::Remote(remote) => remote.get(&dead_letter_target(query)).await,
        }
    }

    /// Counts and sizes.
    pub(super) async fn stats(&mut self) -> Result<Stats, StoreError> {
        match self {
            Self::Local(local) => Ok(local.journal.stats().await?),
            Self::Remote(remote) => remote.get("/api/v1/journal/stats").await,
        }
    }

    /// Executes an admin command.
    pub(super) async fn execute<O: AdminCommand>(
        &mut self,
        command: O,
    ) -> Result<O::Answer, StoreError> {
        match self {
            Self::Local(local) => {
                if O::NEEDS_CONSUMERS {
                    local.attach().await?;
                }
                Ok(command.execute(&*local.journal, &NoTargets).await?)
            }
            Self::Remote(remote) => remote.post(&command).await,
        }
    }

    /// Whether a server is running, which makes queued deliveries.
    pub(super) fn is_served(&self) -> bool {
        matches!(self, Self::Remote(_))
    }

    /// Closes the journal, if this process has opened it.
    pub(super) async fn close(self) {
        if let Self::Local(local) = self {
            local.journal.shutdown().await;
        }
    }
}

/// The position of an event.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct EventPosition {
    pub(super) position: Position,
}

impl LocalJournal {
    /// Registers the configured consumers, as a server does at its start.
    async fn attach(&mut self) -> Result<(), JournalError> {
        if !self.attached {
            self.journal.attach(&self.lanes).await?;
            self.attached = true;
        }
        Ok(())
    }

    /// A consumer with the state it has under this configuration: the journal has the state of the last run.
    fn as_configured(&self, mut lane: ConsumerStatus) -> ConsumerStatus {
        let id = lane.id();
        let spec = self.lanes.iter().find(|spec| spec.id == id);
        lane.detached = spec.is_none();
        lane.detached_at = lane.detached_at.filter(|_| lane.detached);
        lane.disabled = spec.is_some_and(|spec| !spec.enabled);
        lane
    }
}

fn bug(error: &dyn fmt::Display) -> StoreError {
    StoreError::Failed(Failed::bug(format!("journal: {error}")))
}

#[cfg(test)]
mod tests;
