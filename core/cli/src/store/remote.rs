//! The journal of a running server, accessed through its admin socket.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use switchhook_api::error_line;
use switchhook_engine::admin::AdminCommand;

use super::{StoreError, bug};
use crate::Failed;
use crate::client::Client;
use crate::output::{message, one_line};

/// For a response that needs a search: rare callbacks may be anywhere in the journal.
const TIMEOUT: Duration = Duration::from_mins(5);
/// For one that needs the whole journal to be read or copied.
const LONG_TIMEOUT: Duration = Duration::from_hours(6);
/// A live server responds within this time.
const LIVENESS_TIMEOUT: Duration = Duration::from_secs(10);
/// After this time the user is told what the command waits for.
const NOTICE_AFTER: Duration = Duration::from_secs(2);

/// A running server.
pub(crate) struct RemoteJournal {
    socket: PathBuf,
    /// Its process, as named in the journal's lock.
    pub(crate) by: String,
    pub(super) client: Client,
    /// Whether the user has been told that the command waits.
    noticed: bool,
}

impl RemoteJournal {
    /// Connects to the server that has opened the journal in this folder, or says why it cannot be reached.
    pub(super) async fn reach(folder: &Path, by: &str) -> Result<Self, String> {
        let socket = folder.join("admin.sock");
        let client = connect(&socket, by).await?;
        let mut remote = Self { socket, by: by.to_owned(), client, noticed: false };
        match remote.check_alive().await.map_err(Failed::from) {
            Ok(()) => Ok(remote),
            Err(failed) => Err(format!("{}; is that process suspended?", failed.message)),
        }
    }

    /// Any response will do. Otherwise a suspended server would be waited for as long as a busy one.
    async fn check_alive(&mut self) -> Result<(), StoreError> {
        let request = Request::get("/livez").header(header::HOST, "localhost").body(Bytes::new());
        self.send(request, LIVENESS_TIMEOUT).await.map(|_| ())
    }

    pub(super) async fn get<T: DeserializeOwned>(&mut self, target: &str) -> Result<T, StoreError> {
        let request = Request::get(target).header(header::HOST, "localhost").body(Bytes::new());
        let answer = self.call(request, TIMEOUT).await?;
        serde_json::from_slice(answer.body()).map_err(|error| connection_error(&error))
    }

    pub(super) async fn post<O: AdminCommand>(
        &mut self,
        command: &O,
    ) -> Result<O::Answer, StoreError> {
        let body = serde_json::to_vec(command).map_err(|error| bug(&error))?;
        let request = Request::post(O::PATH)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body));
        let timeout = if O::IS_LONG_RUNNING { LONG_TIMEOUT } else { TIMEOUT };
        let answer = self.call(request, timeout).await?;
        serde_json::from_slice(answer.body()).map_err(|error| connection_error(&error))
    }

    async fn call(
        &mut self,
        request: http::Result<Request<Bytes>>,
        timeout: Duration,
    ) -> Result<Response<Bytes>, StoreError> {
        accepted(self.send(request, timeout).await?)
    }

    async fn send(
        &mut self,
        request: http::Result<Request<Bytes>>,
        timeout: Duration,
    ) -> Result<Response<Bytes>, StoreError> {
        let request = request.map_err(|error| bug(&error))?;
        // Between two requests of a slow replay the server may have closed the connection.
        if !self.client.is_open().await {
            self.client =
                connect(&self.socket, &self.by).await.map_err(|why| connection_error(&why))?;
        }
        let Self { client, by, noticed, .. } = self;
        let notify = || {
            if !std::mem::replace(noticed, true) {
                message(&format!("still waiting for {}; press Ctrl-C to cancel", one_line(by)));
            }
        };
        let answer = with_wait_notice(client.call_within(timeout, request), notify).await;
        answer.map_err(|error| connection_error(&error_line(&error)))
    }
}

/// Waits, and calls `notify` if that takes long enough for a user to wonder.
pub(super) async fn with_wait_notice<T>(work: impl Future<Output = T>, notify: impl FnOnce()) -> T {
    tokio::pin!(work);
    if let Ok(done) = tokio::time::timeout(NOTICE_AFTER, &mut work).await {
        return done;
    }
    notify();
    work.await
}

/// The response, unless it is a refusal.
fn accepted(answer: Response<Bytes>) -> Result<Response<Bytes>, StoreError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE
        && answer.headers().contains_key(header::RETRY_AFTER)
    {
        return Err(StoreError::Overloaded);
    }
    let reason = detail(answer.body());
    Err(StoreError::Failed(match status {
        StatusCode::CONFLICT | StatusCode::BAD_REQUEST => Failed::usage(reason),
        StatusCode::SERVICE_UNAVAILABLE => Failed::io(format!("the running server: {reason}")),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Failed::unavailable(format!(
            "the running server does not support this ({status}); it may be an older version"
        )),
        _ => Failed::unavailable(format!("the running server: {reason}")),
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

fn connection_error(error: &dyn fmt::Display) -> StoreError {
    let why = one_line(&error.to_string());
    StoreError::Failed(Failed::unavailable(format!(
        "no valid response from the running server: {why}"
    )))
}
