//! Whoever can read and change the journal: this process, or a running server that is asked through its socket. No command
//! knows which.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Failed;
use super::client::Client;
use super::output::{message, one_line};
use crate::admin::{LaneView, Order, dead_letter_target, event_target, with_views};
use crate::app;
use crate::config::Config;
use crate::error_line;
use crate::journal::{
    DeadLetter, DeadLetterQuery, EventQuery, Journal, JournalError, LaneSpec, LaneStatus, Position,
    Stats,
};
use crate::plugin::{BuildContext, Component};

/// For an answer that takes a look into the journal: rare callbacks are searched for in all of it.
const PATIENCE: Duration = Duration::from_mins(5);
/// For one that takes reading or copying all of it.
const LONG_PATIENCE: Duration = Duration::from_hours(6);
/// A server that is alive says so within this.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// Whoever waits is told for whom after this.
const SILENCE: Duration = Duration::from_secs(2);

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

/// A running server.
pub(super) struct Theirs {
    socket: PathBuf,
    /// Who it is, as far as the journal's lock tells.
    pub(super) by: String,
    client: Client,
    /// Whether it was said that we wait.
    told: bool,
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
            Trouble::Overloaded => {
                Self::unavailable("too much is waiting already; try again later")
            }
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
        let mut cx = BuildContext::new(&config.journal.name, &config.base);
        cx.read_only = !make;
        let error = match config.journal.options.build(&cx).await {
            Ok(Component::Journal(journal)) => {
                return Ok(Self::Ours(Ours { journal, lanes, attached: false }));
            }
            Ok(other) => {
                return Err(Failed::bug(format!("journal: the plugin made a {other:?}")).into());
            }
            Err(error) => error,
        };
        let text = error_line(&*error);
        match error.downcast_ref() {
            Some(JournalError::Locked { by, folder }) => {
                let unasked = |why: &dyn fmt::Display| {
                    Failed::unavailable(format!("{text}, and it cannot be asked: {why}"))
                };
                let socket = folder.join("admin.sock");
                let client = connect(&socket, by).await.map_err(|why| unasked(&why))?;
                let mut theirs = Theirs { socket, by: by.clone(), client, told: false };
                let alive = theirs.sign_of_life().await.map_err(Failed::from);
                alive.map_err(|why| unasked(&format_args!("{}; is it stopped?", why.message)))?;
                Ok(Self::Theirs(theirs))
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
            Self::Theirs(theirs) => Ok(theirs.get::<Page<_>>("/api/v1/lanes").await?.items),
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

impl Theirs {
    /// Any answer will do. One that is stopped or hangs would be waited for as for one at work.
    async fn sign_of_life(&mut self) -> Result<(), Trouble> {
        let request = Request::get("/livez").header(header::HOST, "localhost").body(Bytes::new());
        self.ask(request, SIGN_OF_LIFE).await.map(|_| ())
    }

    async fn get<T: DeserializeOwned>(&mut self, target: &str) -> Result<T, Trouble> {
        let request = Request::get(target).header(header::HOST, "localhost").body(Bytes::new());
        let answer = self.call(request, PATIENCE).await?;
        serde_json::from_slice(answer.body()).map_err(|error| lost(&error))
    }

    async fn post<O: Order>(&mut self, order: &O) -> Result<O::Answer, Trouble> {
        let body = serde_json::to_vec(order).map_err(|error| bug(&error))?;
        let request = Request::post(O::PATH)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body));
        let patience = if O::TAKES_LONG { LONG_PATIENCE } else { PATIENCE };
        let answer = self.call(request, patience).await?;
        serde_json::from_slice(answer.body()).map_err(|error| lost(&error))
    }

    async fn call(
        &mut self,
        request: http::Result<Request<Bytes>>,
        patience: Duration,
    ) -> Result<Response<Bytes>, Trouble> {
        refused(self.ask(request, patience).await?)
    }

    async fn ask(
        &mut self,
        request: http::Result<Request<Bytes>>,
        patience: Duration,
    ) -> Result<Response<Bytes>, Trouble> {
        let request = request.map_err(|error| bug(&error))?;
        // Between two requests of a slow replay the server may have closed the connection.
        if !self.client.is_open().await {
            self.client = connect(&self.socket, &self.by).await.map_err(|why| lost(&why))?;
        }
        let Self { client, by, told, .. } = self;
        let tell = || {
            if !std::mem::replace(told, true) {
                message(&format!("{} has not answered yet; Ctrl-C ends the waiting", one_line(by)));
            }
        };
        let answer = telling(client.call_within(patience, request), tell).await;
        answer.map_err(|error| lost(&error_line(&error)))
    }
}

/// Waits, and tells of it where that takes longer than a person likes to wonder.
async fn telling<T>(work: impl Future<Output = T>, tell: impl FnOnce()) -> T {
    tokio::pin!(work);
    if let Ok(done) = tokio::time::timeout(SILENCE, &mut work).await {
        return done;
    }
    tell();
    work.await
}

/// The answer, unless it is a refusal.
fn refused(answer: Response<Bytes>) -> Result<Response<Bytes>, Trouble> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE
        && answer.headers().contains_key(header::RETRY_AFTER)
    {
        return Err(Trouble::Overloaded);
    }
    let said = detail(answer.body());
    Err(Trouble::Failed(match status {
        StatusCode::CONFLICT | StatusCode::BAD_REQUEST => Failed::usage(said),
        StatusCode::SERVICE_UNAVAILABLE => Failed::io(format!("the running server: {said}")),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Failed::unavailable(format!(
            "the running server cannot do this ({status}); it may be of an older version"
        )),
        _ => Failed::unavailable(format!("the running server: {said}")),
    }))
}

/// What a refusal by RFC 9457 says.
fn detail(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
    }
    let problem = serde_json::from_slice::<Problem>(body);
    one_line(&problem.map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |it| it.detail))
}

async fn connect(socket: &Path, by: &str) -> Result<Client, String> {
    Client::unix(socket).await.map_err(|error| {
        let socket = socket.display();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => format!(
                "nobody listens at {socket}: {} is another command or a server that stops, then wait for its end, or its \
                 socket was removed, then restart it",
                one_line(by)
            ),
            _ => format!("{socket}: {error}"),
        }
    })
}

fn lost(error: &dyn fmt::Display) -> Trouble {
    let why = one_line(&error.to_string());
    Trouble::Failed(Failed::unavailable(format!("the running server did not answer well: {why}")))
}

fn bug(error: &dyn fmt::Display) -> Trouble {
    Trouble::Failed(Failed::bug(format!("journal: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::{Pause, Retry};
    use crate::cli::block_on;
    use crate::cli::stand::{both, config, journal, served_for};

    #[test]
    fn a_journal_that_is_held_and_cannot_be_asked_is_unavailable() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = format!("{{ locked = {:?} }}", folder.path());
        let opened = block_on(async { Store::open(config(&options)).await.map(|_| ()) });
        let failed = opened.expect_err("held");
        assert_eq!(failed.code, 69);
        let message = &failed.message;
        assert!(message.contains("in use by process 7"), "{message}");
        assert!(
            message.contains("nobody listens at") && message.contains("restart it"),
            "{message}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_answer_is_not_waited_for_as_for_one_at_work() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = tokio::net::UnixListener::bind(folder.path().join("admin.sock"));
        let options = format!("{{ locked = {:?} }}", folder.path());
        let opened = tokio::time::timeout(Duration::from_secs(11), Store::open(config(&options)));
        let failed = opened.await.expect("within ten seconds").map(|_| ()).expect_err("stopped");
        assert_eq!(failed.code, 69);
        assert!(
            failed.message.ends_with("no answer within 10 s; is it stopped?"),
            "{}",
            failed.message
        );
        drop(socket.expect("bound"));
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_waits_long_is_told() {
        for (seconds, expected) in [(1, 0), (3, 1)] {
            let mut told = 0;
            let work = tokio::time::sleep(Duration::from_secs(seconds));
            telling(work, || told += 1).await;
            assert_eq!(told, expected, "after {seconds} s");
        }
    }

    #[tokio::test]
    async fn both_ways_say_the_same() {
        let memory = journal(3, 1).await;
        let (mut ours, mut theirs, _folder) = both(Arc::new(memory.clone())).await;
        let query = EventQuery { limit: 2, ..EventQuery::default() };
        let (one, other) = (ours.events(&query, true).await, theirs.events(&query, true).await);
        let (one, other) = (one.expect("read"), other.expect("read"));
        let text = |page: &Page<Box<RawValue>>| -> Vec<String> {
            page.items.iter().map(|item| item.get().to_owned()).collect()
        };
        assert_eq!((text(&one), one.next), (text(&other), other.next));
        assert_eq!((one.items.len(), one.next), (2, Some(2)));
        let bare = theirs.events(&query, false).await.expect("read");
        assert!(bare.items.iter().all(|event| !event.get().contains("body")), "{bare:?}");
        let (one, other) = (ours.lanes().await, theirs.lanes().await);
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        let query = DeadLetterQuery::first(5);
        let (one, other) = (ours.dead_letters(&query).await, theirs.dead_letters(&query).await);
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        for store in [&mut ours, &mut theirs] {
            let refused = store.order(Pause { action: "crm".to_owned(), paused: true }).await;
            let failed = Failed::from(refused.expect_err("no such action"));
            assert_eq!((failed.code, &*failed.message), (64, "there is no action crm"));
        }
        memory.set_health(crate::journal::Health::Failed("gone".to_owned()));
        for store in [&mut ours, &mut theirs] {
            let failed =
                Failed::from(store.order(Retry { numbers: vec![1] }).await.expect_err("gone"));
            assert_eq!(failed.code, 74, "{failed:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closed_is_made_anew() {
        let memory = journal(1, 0).await;
        let (mut store, _folder) = served_for(Arc::new(memory), Duration::from_millis(1)).await;
        for _ in 0..2 {
            assert_eq!(store.lanes().await.expect("read").len(), 2);
            let Store::Theirs(theirs) = &mut store else { panic!("a server") };
            while theirs.client.is_open().await {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}
