//! A running server that has the journal, asked through its socket.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Trouble, bug};
use crate::Failed;
use crate::client::Client;
use crate::output::{message, one_line};
use switchhook_api::error_line;
use switchhook_engine::admin::Order;

/// For an answer that takes a look into the journal: rare callbacks are searched for in all of it.
const PATIENCE: Duration = Duration::from_mins(5);
/// For one that takes reading or copying all of it.
const LONG_PATIENCE: Duration = Duration::from_hours(6);
/// A server that is alive says so within this.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// Whoever waits is told for whom after this.
const SILENCE: Duration = Duration::from_secs(2);

/// A running server.
pub(crate) struct Theirs {
    socket: PathBuf,
    /// Who it is, as far as the journal's lock tells.
    pub(crate) by: String,
    pub(super) client: Client,
    /// Whether it was said that we wait.
    told: bool,
}

impl Theirs {
    /// Reaches the server that has the journal of this folder; else why it cannot be asked.
    pub(super) async fn reach(folder: &Path, by: &str) -> Result<Self, String> {
        let socket = folder.join("admin.sock");
        let client = connect(&socket, by).await?;
        let mut theirs = Self { socket, by: by.to_owned(), client, told: false };
        match theirs.sign_of_life().await.map_err(Failed::from) {
            Ok(()) => Ok(theirs),
            Err(failed) => Err(format!("{}; is that process suspended?", failed.message)),
        }
    }

    /// Any answer will do. One that is stopped or hangs would be waited for as for one at work.
    async fn sign_of_life(&mut self) -> Result<(), Trouble> {
        let request = Request::get("/livez").header(header::HOST, "localhost").body(Bytes::new());
        self.ask(request, SIGN_OF_LIFE).await.map(|_| ())
    }

    pub(super) async fn get<T: DeserializeOwned>(&mut self, target: &str) -> Result<T, Trouble> {
        let request = Request::get(target).header(header::HOST, "localhost").body(Bytes::new());
        let answer = self.call(request, PATIENCE).await?;
        serde_json::from_slice(answer.body()).map_err(|error| lost(&error))
    }

    pub(super) async fn post<O: Order>(&mut self, order: &O) -> Result<O::Answer, Trouble> {
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
                message(&format!("still waiting for {}; press Ctrl-C to cancel", one_line(by)));
            }
        };
        let answer = telling(client.call_within(patience, request), tell).await;
        answer.map_err(|error| lost(&error_line(&error)))
    }
}

/// Waits, and tells of it where that takes longer than a person likes to wonder.
pub(super) async fn telling<T>(work: impl Future<Output = T>, tell: impl FnOnce()) -> T {
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
            "the running server does not support this ({status}); it may be an older version"
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
                "no server listens at {socket}: {} is another command or a server that is stopping (wait until it has ended), \
                 or its socket was removed (restart it)",
                one_line(by)
            ),
            _ => format!("{socket}: {error}"),
        }
    })
}

fn lost(error: &dyn fmt::Display) -> Trouble {
    let why = one_line(&error.to_string());
    Trouble::Failed(Failed::unavailable(format!(
        "no valid response from the running server: {why}"
    )))
}
