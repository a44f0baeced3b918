//! The connections to one target. They are reused up to an age, so that a name that leads elsewhere is followed; and a request on
//! a reused connection that the target closed at the same moment is sent again on a fresh one.

use std::collections::HashSet;
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Extensions;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::dns::Resolve;
use reqwest::{Client, ClientBuilder, Request, Response, redirect};
use switchhook_api::{BoxError, Clock, Failure};
use url::Url;

/// Name, connection and TLS together take no longer.
const CONNECT_FOR: Duration = Duration::from_secs(5);
/// The instance's `timeout` ends an attempt; this one does where that is longer or absent.
const ATTEMPT_FOR: Duration = Duration::from_mins(5);
/// Connections kept open while nothing is sent: what one action needs at its busiest.
const IDLE_MAX: usize = 64;

/// Begins a client that does what it is told and nothing beside: no proxy, no redirects. What an HTTP/2 target has not begun to
/// work on, it repeats by itself.
pub(super) fn builder(resolver: Arc<dyn Resolve>, url: &Url) -> ClientBuilder {
    let builder = Client::builder()
        .dns_resolver(resolver)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_FOR)
        .timeout(ATTEMPT_FOR)
        .tcp_nodelay(true);
    // Where nothing is ever encrypted, a machine without the system's certificates will do.
    if url.scheme() == "http" { builder.tls_certs_only([]) } else { builder }
}

pub(super) struct Connections {
    builder: Box<dyn Fn() -> ClientBuilder + Send + Sync>,
    /// No connection is reused that is older.
    max_age: Duration,
    clock: Arc<dyn Clock>,
    /// Makes a connection for each request.
    fresh: Client,
    pool: Mutex<Pool>,
}

/// The connections that are reused now.
struct Pool {
    generation: Arc<Generation>,
    /// When it was made, or was last to be replaced.
    since: Duration,
}

/// Connections that have been made since one moment, and that end together: `reqwest` has no limit for a connection's age.
struct Generation {
    client: Client,
    /// The local ports of connections that have carried an answer.
    answered: Mutex<HashSet<u16>>,
}

impl Generation {
    fn new(client: Client) -> Arc<Self> {
        Arc::new(Self { client, answered: Mutex::default() })
    }

    fn note_answer(&self, response: &Response) {
        if let Some(port) = local_port(response.extensions()) {
            locked(&self.answered).insert(port);
        }
    }

    /// Whether the request went out on a connection that had carried an answer before, and that the target closed meanwhile.
    fn crossed(&self, error: &reqwest::Error) -> bool {
        closed_on(error).is_some_and(|port| locked(&self.answered).remove(&port))
    }
}

impl Connections {
    pub(super) fn new(
        builder: impl Fn() -> ClientBuilder + Send + Sync + 'static,
        max_age: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, BoxError> {
        let fresh = client(builder(), 0)?;
        let generation = Generation::new(client(builder(), IDLE_MAX)?);
        let pool = Mutex::new(Pool { generation, since: clock.now() });
        Ok(Arc::new(Self { builder: Box::new(builder), max_age, clock, fresh, pool }))
    }

    /// Sends what `request` makes, and gives the answer's head. A second request is sent only where a reused connection ended
    /// before the head of an answer was there: its target closed it while the request was on its way. The second one goes out
    /// on a fresh connection, so what becomes of it is the target's answer.
    pub(super) async fn send(
        self: &Arc<Self>,
        request: impl Fn() -> Request,
    ) -> Result<Response, reqwest::Error> {
        if self.max_age.is_zero() {
            return self.fresh.execute(request()).await;
        }
        let generation = self.generation().await;
        match generation.client.execute(request()).await {
            Ok(response) => {
                generation.note_answer(&response);
                Ok(response)
            }
            Err(error) if generation.crossed(&error) => {
                tracing::debug!(%error, "the target closed a reused connection; the request is sent again on a new one");
                self.fresh.execute(request()).await
            }
            Err(error) => Err(error),
        }
    }

    /// The connections to use now. Whoever finds them too old makes the next ones; requests under way end on the old ones.
    async fn generation(self: &Arc<Self>) -> Arc<Generation> {
        let now = self.clock.now();
        {
            let mut pool = locked(&self.pool);
            if now.saturating_sub(pool.since) < self.max_age {
                return pool.generation.clone();
            }
            pool.since = now;
        }
        // It reads the system's certificates. Dropped or not, it is finished.
        let this = self.clone();
        _ = tokio::task::spawn_blocking(move || this.renew()).await;
        locked(&self.pool).generation.clone()
    }

    fn renew(&self) {
        match client((self.builder)(), IDLE_MAX) {
            Ok(client) => locked(&self.pool).generation = Generation::new(client),
            Err(error) => {
                tracing::warn!(%error, "cannot replace the connections; the old ones stay in use");
            }
        }
    }
}

fn client(builder: ClientBuilder, idle_max: usize) -> Result<Client, BoxError> {
    builder.pool_max_idle_per_host(idle_max).build().map_err(|error| {
        let reason = Failure::permanent(error).reason();
        format!("cannot set up TLS: {reason}; are the system's CA certificates installed?").into()
    })
}

/// The local port of the connection that was closed by the target under a request, if that is what happened.
fn closed_on(error: &reqwest::Error) -> Option<u16> {
    let (mut port, mut closed) = (None, false);
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(client) = inner.downcast_ref::<legacy::Error>() {
            let mut extras = Extensions::new();
            client.connect_info()?.get_extras(&mut extras);
            port = local_port(&extras);
        } else if let Some(hyper) = inner.downcast_ref::<hyper::Error>() {
            closed |= hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed();
        } else if let Some(io) = inner.downcast_ref::<io::Error>() {
            closed |= is_end(io.kind());
        }
        cause = inner.source();
    }
    port.filter(|_| closed)
}

fn is_end(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof, WriteZero,
    };
    matches!(
        kind,
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof | WriteZero
    )
}

fn local_port(extensions: &Extensions) -> Option<u16> {
    extensions.get::<HttpInfo>().map(|info| info.local_addr().port())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
