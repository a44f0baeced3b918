//! Accepts connections and reads requests within limits; what it hands on is whole. Our own loop around hyper, because
//! `warp::serve` has no limits on time, connections or its own stop.

mod coding;
mod crowd;
mod limits;
mod linger;
mod timed;
mod times;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use prometheus_client::metrics::gauge::Gauge;
use switchhook_api::{Clock, Refusal, RefusalKind};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower_service::Service;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use self::crowd::{Crowd, Place};
pub use self::limits::Limits;
use self::timed::{Timed, Turn};
use crate::log_budget::LogBudget;
use crate::metrics::Metrics;

/// A request, read within the limits.
#[derive(Debug)]
pub struct IncomingRequest {
    /// Its method.
    pub method: Method,
    /// Its target.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body, or why there is none.
    pub body: Result<Bytes, Refusal>,
    /// When the head had been read, by the time of day.
    pub received: Timestamp,
    /// The same on the steady clock.
    pub begun: Instant,
    /// When the body had been read, too, or given up.
    pub whole: Instant,
    /// Who is at the other end of the connection, a proxy perhaps; none on a socket of this machine.
    pub peer: Option<SocketAddr>,
}

/// A socket that takes connections.
pub enum Listener {
    /// Of an address.
    Tcp(TcpListener),
    /// Of a socket file.
    Unix(UnixListener),
}

/// What every connection needs.
#[derive(Clone)]
pub struct Serving {
    /// Who answers.
    pub routes: BoxedFilter<(Response,)>,
    /// Its limits.
    pub limits: Limits,
    /// How long requests under way may take once it is to stop.
    pub drain: Duration,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// For lines about what is no request.
    pub log: Arc<LogBudget>,
}

/// For connections that were cut off to end.
const CUT_OFF: Duration = Duration::from_secs(1);
/// Hyper's least read buffer.
const BUFFER_MIN: usize = 8192;

/// Serves until `stop`, then lets requests under way finish for `serving.drain`. Returns how many had to be cut off.
pub async fn serve(listener: Listener, serving: Serving, stop: CancellationToken) -> usize {
    let crowd = Crowd::new(serving.limits.connections, serving.metrics.clone());
    let mut connections = JoinSet::new();
    while let Some((accepted, place)) =
        next(&listener, &crowd, &serving, &mut connections, &stop).await
    {
        let (serving, stop) = (serving.clone(), stop.clone());
        connections.spawn(async move {
            let _counted = Counted::new(&serving.metrics.connections);
            connection(accepted, &serving, &place, &stop).await;
        });
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    _ = timeout(serving.drain, finish).await;
    let cut = connections.len();
    connections.abort_all();
    // One whose thread is blocked by a plugin never ends.
    let ended = async { while connections.join_next().await.is_some() {} };
    _ = timeout(CUT_OFF, ended).await;
    cut
}

/// The next connection with its place. Where there is none, this one waits here until another makes room for it, and all further
/// ones in the kernel.
async fn next(
    listener: &Listener,
    crowd: &Arc<Crowd>,
    serving: &Serving,
    connections: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> Option<(Accepted, Place)> {
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            accepted = accept(listener) => accepted,
        };
        match accepted {
            Ok(accepted) => return Some((accepted, crowd.place(stop).await?)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                // Out of descriptors or memory: a pause, so that the loop does not spin while others free some.
                serving.metrics.limit("accept");
                tracing::warn!(%error, "cannot accept connections at the moment; trying again");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Counts an open connection for as long as it lives, however it ends.
struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// In the extensions of an answer: whoever hears it has not been proven to be a sender, and its connection is closed.
#[derive(Clone, Copy, Debug)]
pub struct CloseConnection;

/// In the extensions of an answer: there is none, and the connection is to be closed.
#[derive(Clone, Copy, Debug)]
pub struct NoResponse;

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection closed without a response")
    }
}

impl std::error::Error for NoResponse {}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A new connection.
struct Accepted {
    stream: Box<dyn Stream>,
    peer: Option<SocketAddr>,
}

async fn accept(listener: &Listener) -> io::Result<Accepted> {
    Ok(match listener {
        Listener::Tcp(listener) => {
            let (stream, peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Accepted { stream: Box::new(stream), peer: Some(peer) }
        }
        Listener::Unix(listener) => {
            Accepted { stream: Box::new(listener.accept().await?.0), peer: None }
        }
    })
}

async fn connection(
    accepted: Accepted,
    serving: &Serving,
    place: &Place,
    stop: &CancellationToken,
) {
    let Accepted { mut stream, peer } = accepted;
    let turn = &place.turn;
    let ended = converse(&mut stream, peer, serving, turn, stop).await;
    if let Some(up) = turn.time_up() {
        serving.metrics.limit(up.as_str());
    } else if let Err(error) = ended {
        note_end(&error, peer, serving);
        if error.is_parse() {
            turn.leave_unread();
        }
    }
    if turn.left_unread() {
        linger::discard(&mut stream, turn, serving, stop).await;
    }
}

/// Requests and answers, until one side ends the connection. The stream comes back: what is unread in it may have to be taken.
async fn converse(
    stream: &mut Box<dyn Stream>,
    peer: Option<SocketAddr>,
    serving: &Serving,
    turn: &Arc<Turn>,
    stop: &CancellationToken,
) -> hyper::Result<()> {
    let stream = Timed::new(stream, turn.clone(), serving.limits);
    let routes = warp::service(serving.routes.clone());
    let service = service_fn(|request| {
        turn.begin();
        let routes = routes.clone();
        async move {
            let answer = exchange(request, peer, routes, serving, turn).await;
            turn.end();
            answer
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .header_read_timeout(None)
        .max_buf_size(serving.limits.header_size.bytes().max(BUFFER_MIN));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let asked_to_end = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = turn.sent_away() => {}
        }
    };
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = asked_to_end => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// Bytes that are no request: the sender may speak TLS, and its operator sees nothing but failures.
fn note_end(error: &hyper::Error, peer: Option<SocketAddr>, serving: &Serving) {
    let reason = if error.is_parse_too_large() {
        serving.metrics.limit("header_size");
        "header_size"
    } else if error.is_parse() {
        serving.metrics.malformed_requests.inc();
        "not_http"
    } else {
        tracing::debug!(%error, "connection ended with an error");
        return;
    };
    if let Some(suppressed) = serving.log.take(reason) {
        let peer = peer.map(tracing::field::display);
        tracing::warn!(reason, peer, %error, suppressed, "cannot read a request: its header is too large or not HTTP/1.1 (does the sender's URL begin with https://?)");
    }
}

/// One request and its answer.
async fn exchange<S>(
    request: Request<Incoming>,
    peer: Option<SocketAddr>,
    mut routes: S,
    serving: &Serving,
    turn: &Turn,
) -> Result<Response, NoResponse>
where
    S: Service<Request<Full<Bytes>>, Response = Response, Error = Infallible>,
{
    let (begun, received) = (Instant::now(), serving.clock.wall());
    let (head, body) = request.into_parts();
    // No sender of ours sends a body in pieces. One that comes so is read, but its connection is not trusted any further.
    let mut close = head.headers.contains_key(header::TRANSFER_ENCODING);
    let body = match coding::coded(&head.headers) {
        Some(coding) => Err(Refusal::new(RefusalKind::Encoding, "content_encoding").detail(coding)),
        None => read(body, serving).await,
    };
    if body.is_err() {
        close = true;
        turn.leave_unread();
    }
    let mut inner = Request::new(Full::default());
    *inner.method_mut() = head.method.clone();
    *inner.uri_mut() = head.uri.clone();
    let arrival = IncomingRequest {
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body,
        received,
        begun,
        whole: Instant::now(),
        peer,
    };
    inner.extensions_mut().insert(Arc::new(arrival));
    let mut answer = match routes.call(inner).await {
        Ok(answer) if answer.extensions().get::<NoResponse>().is_some() => return Err(NoResponse),
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    // Nobody proves anything by keeping a connection: a stranger that rests on one takes a sender's place.
    close |= answer.extensions().get::<CloseConnection>().is_some();
    if close {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
}

async fn read(body: Incoming, serving: &Serving) -> Result<Bytes, Refusal> {
    let limits = &serving.limits;
    let collected =
        timeout(limits.body_timeout.0, Limited::new(body, limits.body_size.bytes()).collect())
            .await;
    match collected {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            serving.metrics.limit("body_size");
            Err(Refusal::new(RefusalKind::TooLarge, "body_size"))
        }
        Ok(Err(error)) => {
            Err(Refusal::new(RefusalKind::Malformed, "body_broken").detail(error.to_string()))
        }
        Err(_) => {
            serving.metrics.limit("body_timeout");
            Err(Refusal::new(RefusalKind::Slow, "body_timeout"))
        }
    }
}

/// Binds a TCP listener.
///
/// # Errors
/// The address is in use or not ours.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}
