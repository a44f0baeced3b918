//! A connection that ends by itself when its peer takes too long: apart for the wait between two requests, for a head that has begun,
//! and for an answer that is not taken. hyper has one clock for the first two and none for the third.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use super::times::Times;

/// What the peer is waited for; shared between the connection's bytes and its requests.
#[derive(Debug)]
pub(super) struct Turn {
    state: AtomicU8,
    time_up: OnceLock<TimeUp>,
    times: Arc<Times>,
    /// When the last exchange ended, in the order of all.
    ended: AtomicU64,
    sent_away: CancellationToken,
    /// Whether the peer may still be sending what has been answered already.
    unread: AtomicBool,
}

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const BUSY: u8 = 2;
const ANSWERED: u8 = 3;

impl Turn {
    pub(super) fn new(times: Arc<Times>) -> Self {
        Self {
            // Who connects has come to say something: the first head is due at once.
            state: AtomicU8::new(HEAD),
            time_up: OnceLock::new(),
            times,
            ended: AtomicU64::new(0),
            sent_away: CancellationToken::new(),
            unread: AtomicBool::new(false),
        }
    }

    /// Of connections between two requests, the one with the least has been so for longest.
    pub(super) fn idle_since(&self) -> Option<u64> {
        let idle = self.state.load(Ordering::Acquire) == IDLE && !self.sent_away.is_cancelled();
        idle.then(|| self.ended.load(Ordering::Relaxed))
    }

    /// Its place is needed. A request that comes just now is still answered.
    pub(super) fn send_away(&self) {
        self.sent_away.cancel();
    }

    /// Resolves when it is to go.
    pub(super) async fn sent_away(&self) {
        self.sent_away.cancelled().await;
    }

    /// An answer is given before all of its request has been read.
    pub(super) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    pub(super) fn left_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// Nothing is asked of this connection any more: whoever needs its place may have it.
    pub(super) fn rest(&self) {
        self.ended.store(self.times.next(), Ordering::Relaxed);
        self.state.store(IDLE, Ordering::Release);
        self.times.rested();
    }

    /// A head is complete: from here on the request has limits of its own.
    pub(super) fn begin(&self) {
        self.state.store(BUSY, Ordering::Relaxed);
    }

    /// Why the connection ended itself, if it did. hyper takes some of these ends for the peer's.
    pub(super) fn time_up(&self) -> Option<TimeUp> {
        self.time_up.get().copied()
    }

    fn end_for(&self, up: TimeUp) -> io::Error {
        _ = self.time_up.set(up); // the first reason counts
        io::ErrorKind::TimedOut.into()
    }

    /// The answer is on its way: the peer may send the next head.
    pub(super) fn end(&self) {
        self.ended.store(self.times.next(), Ordering::Relaxed);
        self.state.store(ANSWERED, Ordering::Release);
    }
}

/// Why a connection ended itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum TimeUp {
    Idle,
    Head,
    Write,
}

impl TimeUp {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle_timeout",
            Self::Head => "header_timeout",
            Self::Write => "write_timeout",
        }
    }
}

pub(super) struct Timed<S> {
    stream: S,
    turn: Arc<Turn>,
    limits: Limits,
    read_by: Instant,
    read_alarm: Alarm,
    write_by: Option<Instant>,
    write_alarm: Alarm,
}

impl<S> Timed<S> {
    pub(super) fn new(stream: S, turn: Arc<Turn>, limits: Limits) -> Self {
        let read_by = Instant::now() + limits.header_timeout.0;
        Self {
            stream,
            turn,
            limits,
            read_by,
            read_alarm: Alarm::default(),
            write_by: None,
            write_alarm: Alarm::default(),
        }
    }

    /// Begins the wait for the next head, if an answer has just been given.
    fn rest(&mut self) -> bool {
        let answered = self.turn.state.load(Ordering::Relaxed) == ANSWERED;
        if answered {
            self.turn.state.store(IDLE, Ordering::Release);
            self.turn.times.rested();
            self.read_by = Instant::now() + self.limits.idle_timeout.0;
        }
        answered
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let up = match self.turn.state.load(Ordering::Relaxed) {
            BUSY => return Poll::Pending,
            HEAD => TimeUp::Head,
            _ => TimeUp::Idle,
        };
        self.read_alarm.poll(cx, self.read_by).map(|()| self.turn.end_for(up))
    }

    fn poll_write_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let by = *self.write_by.get_or_insert_with(|| Instant::now() + self.limits.write_timeout.0);
        self.write_alarm.poll(cx, by).map(|()| self.turn.end_for(TimeUp::Write))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.rest();
        let before = buf.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Pending => {
                let error = ready!(this.poll_patience(cx));
                Poll::Ready(Err(error))
            }
            Poll::Ready(result) => {
                if buf.filled().len() > before && this.turn.state.load(Ordering::Relaxed) == IDLE {
                    this.turn.state.store(HEAD, Ordering::Relaxed);
                    this.read_by = Instant::now() + this.limits.header_timeout.0;
                }
                Poll::Ready(result)
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.watch_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        // hyper does not read again before the peer has sent something: the wait has to begin here.
        if self.rest() {
            _ = self.poll_patience(cx);
        }
        self.watch_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch_write(cx, shut)
    }
}

impl<S> Timed<S> {
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        done: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if done.is_pending() {
            return self.poll_write_patience(cx).map(Err);
        }
        self.write_by = None;
        done
    }
}

/// A timer that is only moved when it would ring too late or has rung too early: deadlines that move on with
/// every request cost nothing.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn poll(&mut self, cx: &mut Context<'_>, by: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(by)));
        if sleep.deadline() > by {
            sleep.as_mut().reset(by);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= by {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(by.max(Instant::now() + Duration::from_millis(1)));
        }
    }
}
