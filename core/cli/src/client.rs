//! The command line's own HTTP client: one request after the other on one connection, over TCP or a socket file.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use switchhook_engine::socket_path::SocketPath;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// From the first byte sent to the last one received; connecting counts by itself.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A longer response is an error.
const ANSWER_MAX: usize = 256 << 20;

/// One connection, kept open between requests.
pub(super) struct Client(SendRequest<Full<Bytes>>);

impl Client {
    pub(super) async fn tcp(host: &str, port: u16) -> io::Result<Self> {
        let stream = within(TIMEOUT, TcpStream::connect((host, port))).await?;
        stream.set_nodelay(true)?;
        Self::over(stream).await
    }

    pub(super) async fn unix(path: &Path) -> io::Result<Self> {
        let near = SocketPath::to(path)?;
        Self::over(within(TIMEOUT, UnixStream::connect(near.path())).await?).await
    }

    async fn over<S>(stream: S) -> io::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // It ends with its sender; its errors reach the request in progress.
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Whether another request may follow.
    pub(super) async fn is_open(&mut self) -> bool {
        self.0.ready().await.is_ok()
    }

    /// Sends a request, its URI in origin form, and reads the answer to its end.
    pub(super) async fn call(&mut self, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        self.call_within(TIMEOUT, request).await
    }

    /// The same, with another timeout.
    pub(super) async fn call_within(
        &mut self,
        time: Duration,
        request: Request<Bytes>,
    ) -> io::Result<Response<Bytes>> {
        within(time, self.exchange(request)).await
    }

    async fn exchange(&mut self, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        let request = request.map(Full::new);
        let answer = self.0.send_request(request).await.map_err(io::Error::other)?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_MAX).collect().await.map_err(io::Error::other)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(time, work).await.unwrap_or_else(|_| {
        let why = format!("no response within {} s", time.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}
