//! A target that answers the first attempt of each event in a way of its own, and every other one well.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::oracle::lock;
use crate::proxy::reset;
use crate::wire;

/// A peer that neither reads nor closes is given up after this.
const GIVEN_UP: Duration = Duration::from_secs(20);
/// So little is in the system's hands that what was sent is about what was read.
const SENDING: usize = 16 << 10;

/// What is to become of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The status said that it was taken, and nothing that follows changes that.
    Delivered,
    Again,
    GivenUp,
}

/// How the answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// This, over and over, as fast as it is taken.
    Repeated(&'static [u8]),
    /// One byte after the other, slowly, for ever.
    Dripped(u8),
    /// Nothing more, and the connection stays open.
    NoResponse,
    Closed,
    Reset,
}

/// One kind of bad answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub(super) name: &'static str,
    head: &'static [u8],
    end: End,
    pub(super) then: Then,
}

impl Mode {
    /// Whether it never comes to its answer.
    pub(super) fn is_interim(&self) -> bool {
        matches!(self.end, End::Repeated(bytes) if bytes.starts_with(b"HTTP/1.1 1"))
    }
}

const fn mode(name: &'static str, head: &'static [u8], end: End, then: Then) -> Mode {
    Mode { name, head, end, then }
}

const OK_ENDLESS: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const ERROR_ENDLESS: &[u8] = b"HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n";
const CHUNK: &[u8] = b"10\r\n0123456789abcdef\r\n";
const ZEROS: &[u8] = &[0; 16 << 10];
/// The beginning of a stream that unpacks to a thousand times its size, and goes on so.
const PACKED: &[u8] =
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xec\xc1\x01\x01\0\0\0\x80\x90\xfe\xaf\xee\x08\n\0";

#[rustfmt::skip] // one line each
pub(super) const MODES: &[Mode] = &[
    mode("endless body", OK_ENDLESS, End::Repeated(CHUNK), Then::Delivered),
    mode("endless body of a failure", ERROR_ENDLESS, End::Repeated(CHUNK), Then::Again),
    mode("1 GiB", b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", End::Repeated(ZEROS), Then::Delivered),
    mode("1 GiB of a failure", b"HTTP/1.1 503 X\r\ncontent-length: 1073741824\r\n\r\n", End::Repeated(ZEROS), Then::Again),
    mode("packed", b"HTTP/1.1 503 X\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n", End::Repeated(PACKED), Then::Again),
    mode("dripping body", ERROR_ENDLESS, End::Dripped(b'0'), Then::Again),
    mode("dripping head", b"HTTP/1.1 200 OK\r\nx: ", End::Dripped(b'y'), Then::Again),
    mode("dripping status", b"", End::Dripped(b'H'), Then::Again),
    mode("endless header", b"HTTP/1.1 200 OK\r\nx: ", End::Repeated(b"0123456789abcdef"), Then::Again),
    mode("endless headers", b"HTTP/1.1 200 OK\r\n", End::Repeated(b"x: y\r\n"), Then::Again),
    mode("endless interim answers", b"", End::Repeated(b"HTTP/1.1 102 Processing\r\n\r\n"), Then::Again),
    mode("endless chunk extension", b"HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n1;", End::Repeated(b"xxxxxxxxxxxxxxxx"), Then::Again),
    mode("redirect to itself", b"HTTP/1.1 307 X\r\nlocation: /hook\r\ncontent-length: 0\r\n\r\n", End::NoResponse, Then::Again),
    mode("refusal of the record", b"HTTP/1.1 422 X\r\ncontent-length: 0\r\n\r\n", End::NoResponse, Then::GivenUp),
    mode("refusal of the sender", b"HTTP/1.1 401 X\r\ncontent-length: 0\r\n\r\n", End::NoResponse, Then::Again),
    mode("garbage", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\xff\0\xff\0\xff", End::Closed, Then::Again),
    mode("endless garbage", b"", End::Repeated(b"\xff\xfe\xfd\0\x01\x02\r\n"), Then::Again),
    mode("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n", End::NoResponse, Then::Again),
    mode("half a head", b"HTTP/1.1 200 OK\r\ncontent-le", End::Closed, Then::Again),
    mode("half a head, reset", b"HTTP/1.1 200 OK\r\ncontent-le", End::Reset, Then::Again),
    mode("half a failure", b"HTTP/1.1 500 X\r\ncontent-length: 10\r\n\r\nhalf", End::Closed, Then::Again),
    mode("two lengths", b"HTTP/1.1 500 X\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", End::Closed, Then::Again),
    mode("nothing", b"", End::Closed, Then::Again),
    mode("silence", b"", End::NoResponse, Then::Again),
    mode("no such version", b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n", End::Closed, Then::Again),
    mode("no such status", b"HTTP/1.1 999999 X\r\ncontent-length: 0\r\n\r\n", End::Closed, Then::Again),
];

/// The name of the event that is answered in this way.
pub(super) fn name(number: usize) -> String {
    format!("mode-{number}-")
}

/// One request, and what became of its answer.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) number: usize,
    pub(super) id: String,
    /// How much of the answer was sent.
    pub(super) sent: u64,
    /// From the request's end until the peer was gone, or the answer whole.
    pub(super) took: Duration,
}

pub(super) struct BadTarget {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    attempts: Mutex<Vec<Attempt>>,
    seen: Mutex<Vec<usize>>,
    closed: AtomicBool,
}

impl BadTarget {
    pub(super) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::<Shared>::default();
        let keep = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if keep.closed.load(Ordering::Relaxed) {
                    return;
                }
                let shared = keep.clone();
                // Its end is an error of one kind or another.
                thread::spawn(move || _ = shared.serve(stream));
            }
        });
        Ok(Self { address, shared })
    }

    pub(super) fn attempts(&self) -> Vec<Attempt> {
        lock(&self.shared.attempts).clone()
    }
}

impl Drop for BadTarget {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts; it may be gone already.
        _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        rustix::net::sockopt::set_socket_send_buffer_size(&stream, SENDING)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(GIVEN_UP))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(head) = wire::read_head(&mut reader, &mut 0)? {
            let body = String::from_utf8_lossy(&wire::read_body(&mut reader, &head)?).into_owned();
            let number =
                body.split("mode-").nth(1).and_then(|rest| rest.split('-').next()?.parse().ok());
            let number = number.ok_or(io::ErrorKind::InvalidData)?;
            let id = wire::header(&head, "webhook-id").unwrap_or_default().to_owned();
            let place = self.begin(number, id);
            let Some(mode) = MODES.get(number).filter(|_| self.is_first(number)) else {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")?;
                continue;
            };
            let (began, mut sent) = (Instant::now(), 0);
            let whole = answer(&mut stream, *mode, began, &mut sent);
            if let Some(attempt) = lock(&self.attempts).get_mut(place) {
                (attempt.sent, attempt.took) = (sent, began.elapsed());
            }
            whole?;
        }
        Ok(())
    }

    /// Written down before it is answered, so that nobody looks before it is there.
    fn begin(&self, number: usize, id: String) -> usize {
        let mut attempts = lock(&self.attempts);
        attempts.push(Attempt { number, id, sent: 0, took: Duration::ZERO });
        attempts.len() - 1
    }

    fn is_first(&self, number: usize) -> bool {
        let mut seen = lock(&self.seen);
        let first = !seen.contains(&number);
        seen.push(number);
        first
    }
}

/// Answers until the peer has had enough; an error then, as with every connection that is not to be used again.
fn answer(stream: &mut TcpStream, mode: Mode, began: Instant, sent: &mut u64) -> io::Result<()> {
    let mut put = |stream: &mut TcpStream, bytes: &[u8]| -> io::Result<()> {
        stream.write_all(bytes)?;
        *sent += bytes.len() as u64;
        Ok(())
    };
    put(stream, mode.head)?;
    match mode.end {
        End::Repeated(bytes) => {
            while began.elapsed() < GIVEN_UP {
                put(stream, bytes)?;
            }
        }
        End::Dripped(byte) => {
            while began.elapsed() < GIVEN_UP {
                put(stream, &[byte])?;
                thread::sleep(Duration::from_millis(20));
            }
        }
        End::NoResponse => {
            stream.set_read_timeout(Some(GIVEN_UP))?;
            // Whatever comes, be it the end: the peer has had enough.
            if mode.then == Then::GivenUp {
                return Ok(());
            }
            _ = io::Read::read(stream, &mut [0])?;
        }
        End::Closed => {}
        End::Reset => reset(stream),
    }
    Err(io::ErrorKind::ConnectionAborted.into())
}
