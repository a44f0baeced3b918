//! Whoever can read and change the journal: this process, or a running server that is asked through its socket. No command
//! knows which.

mod theirs;

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use self::theirs::Theirs;
use super::Failed;
use super::output::one_line;
use switchhook_api::error_line;
use switchhook_api::journal::{
    DeadLetter, DeadLetterQuery, EventQuery, Journal, JournalError, LaneSpec, LaneStatus, Position,
    Stats,
};
use switchhook_api::{BuildContext, Component};
use switchhook_engine::admin::{
    CONSUMERS, LaneView, Order, dead_letter_target, event_target, with_views,
};
use switchhook_engine::app;
use switchhook_engine::config::Config;

/// Whoever has the journal.
pub(super) enum Store {
    /// Nobody else: we.
    Ours(Ours),
    /// A running server: its admin socket.
    Theirs(Theirs),
}

/// The journal, opened by us.
pub(super) struct Ours {
    pub(super) journal: Arc<dyn Journal>,
    /// What the configuration asks for; attached when an order needs it.
    lanes: Vec<LaneSpec>,
    attached: bool,
}

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Too much waits already; later it can be done.
    Overloaded,
    /// Anything else.
    Failed(Failed),
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Overloaded => Self::unavailable("too many items are pending; try again later"),
            Trouble::Failed(failed) => failed,
        }
    }
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Self {
        Self::Failed(match error {
            JournalError::Overloaded => return Self::Overloaded,
            JournalError::Refused(why) => Failed::usage(one_line(&why)),
            JournalError::Unsupported(_) => Failed::unavailable(error_line(&error)),
            error => Failed::io(format!("journal: {}", error_line(&error))),
        })
    }
}

/// Why there is no store to ask.
pub(super) enum Unopened {
    /// There is no journal yet, in words.
    Missing(String),
    Failed(Failed),
}

impl From<Failed> for Unopened {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<Unopened> for Failed {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::Missing(text) => Self::io(format!("journal: {text}")),
            Unopened::Failed(failed) => failed,
        }
    }
}

/// A page as the API writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<u64>,
    /// What was left out for damage.
    #[serde(default)]
    pub(super) damaged: u64,
}

impl Store {
    /// Takes the journal's lock, or finds the server that holds it. A journal that is not there is not made.
    pub(super) async fn open(config: Config) -> Result<Self, Failed> {
        Ok(Self::find(config, false).await?)
    }

    /// The same; one that is not there is told apart, or made.
    pub(super) async fn find(config: Config, make: bool) -> Result<Self, Unopened> {
        let lanes = app::lanes(&config);
        let mut cx = BuildContext::new(
            &config.journal.name,
            &config.base,
            Arc::new(switchhook_engine::SystemClock::default()),
        );
        cx.read_only = !make;
        let error = match config.journal.options.build(&cx).await {
            Ok(Component::Journal(journal)) => {
                return Ok(Self::Ours(Ours { journal, lanes, attached: false }));
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
                let reached = Theirs::reach(folder, by).await.map_err(|why| {
                    Failed::unavailable(format!("{text}, and cannot be reached: {why}"))
                });
                Ok(Self::Theirs(reached?))
            }
            Some(JournalError::Missing { .. }) => Err(Unopened::Missing(text)),
            _ => Err(Failed::io(format!("journal: {text}")).into()),
        }
    }

    /// A journal that is open already.
    #[cfg(test)]
    pub(super) fn ours(journal: Arc<dyn Journal>, lanes: Vec<LaneSpec>) -> Self {
        Self::Ours(Ours { journal, lanes, attached: false })
    }

    /// Events as the API shows them, with or without their bodies.
    pub(super) async fn events(
        &mut self,
        query: &EventQuery,
        bodies: bool,
    ) -> Result<Page<Box<RawValue>>, Trouble> {
        let ours = match self {
            Self::Ours(ours) => ours,
            Self::Theirs(theirs) => return theirs.get(&event_target(query, bodies)).await,
        };
        let page = ours.journal.events(query).await?;
        let items = with_views(&page.items, bodies, |views| {
            views.iter().map(serde_json::value::to_raw_value).collect::<Result<_, _>>()
        });
        let items = items.map_err(|error| bug(&error))?;
        Ok(Page { items, next: page.next.map(|position| position.0), damaged: page.damaged })
    }

    /// Only where events stand.
    pub(super) async fn places(&mut self, query: &EventQuery) -> Result<Page<Place>, Trouble> {
        let ours = match self {
            Self::Ours(ours) => ours,
            Self::Theirs(theirs) => return theirs.get(&event_target(query, false)).await,
        };
        let page = ours.journal.events(query).await?;
        let items = page.items.iter().map(|event| Place { position: event.position }).collect();
        Ok(Page { items, next: page.next.map(|position| position.0), damaged: page.damaged })
    }

    /// Every lane.
    pub(super) async fn lanes(&mut self) -> Result<Vec<LaneView>, Trouble> {
        match self {
            Self::Ours(ours) => {
                let lanes = ours.journal.lanes().await?.into_iter();
                Ok(lanes.map(|lane| LaneView::of(ours.as_configured(lane))).collect())
            }
            Self::Theirs(theirs) => Ok(theirs.get::<Page<_>>(CONSUMERS).await?.items),
        }
    }

    /// A page of dead letters, newest first.
    pub(super) async fn dead_letters(
        &mut self,
        query: &DeadLetterQuery,
    ) -> Result<Page<DeadLetter>, Trouble> {
        match self {
            Self::Ours(ours) => {
                let page = ours.journal.dead_letters(query).await?;
                Ok(Page { items: page.items, next: page.next.map(|number| number.0), damaged: 0 })
            }
            Self::Theirs(theirs) => theirs.get(&dead_letter_target(query)).await,
        }
    }

    /// The store in numbers.
    pub(super) async fn stats(&mut self) -> Result<Stats, Trouble> {
        match self {
            Self::Ours(ours) => Ok(ours.journal.stats().await?),
            Self::Theirs(theirs) => theirs.get("/api/v1/journal/stats").await,
        }
    }

    /// Has something done.
    pub(super) async fn order<O: Order>(&mut self, order: O) -> Result<O::Answer, Trouble> {
        match self {
            Self::Ours(ours) => {
                if O::NEEDS_LANES {
                    ours.attach().await?;
                }
                Ok(order.carry_out(&*ours.journal, &[]).await?)
            }
            Self::Theirs(theirs) => theirs.post(&order).await,
        }
    }

    /// Whether a server delivers what is made a delivery again.
    pub(super) fn is_served(&self) -> bool {
        matches!(self, Self::Theirs(_))
    }

    /// Lets go of the journal, if it was ours.
    pub(super) async fn close(self) {
        if let Self::Ours(ours) = self {
            ours.journal.shutdown().await;
        }
    }
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Place {
    pub(super) position: Position,
}

impl Ours {
    /// As a server would: what the configuration names is then known as wanted.
    async fn attach(&mut self) -> Result<(), JournalError> {
        if !self.attached {
            self.journal.attach(&self.lanes).await?;
            self.attached = true;
        }
        Ok(())
    }

    /// A lane as a server would have it that starts with our configuration: the journal says how it was with the last one.
    fn as_configured(&self, mut lane: LaneStatus) -> LaneStatus {
        let id = lane.id();
        let spec = self.lanes.iter().find(|spec| spec.id == id);
        lane.detached = spec.is_none();
        lane.detached_at = lane.detached_at.filter(|_| lane.detached);
        lane.disabled = spec.is_some_and(|spec| !spec.enabled);
        lane
    }
}

fn bug(error: &dyn fmt::Display) -> Trouble {
    Trouble::Failed(Failed::bug(format!("journal: {error}")))
}

#[cfg(test)]
mod tests;
