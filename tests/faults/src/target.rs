//! A webhook's target that answers as it is told.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use crate::oracle::{Sink, lock};
use crate::wire;

/// What a target does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Answers with this status. Only what is answered with 200 counts as delivered.
    Status(u16),
    /// Keeps silent until it is told something else; then it closes the connection.
    Hang,
}

/// Dropping it closes its port and its connections.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    sink: Arc<Sink>,
    answer: Mutex<Answer>,
    changed: Condvar,
    attempts: AtomicU64,
    closed: Mutex<bool>,
}

impl Target {
    /// One that answers everything with 200.
    pub(crate) fn start(sink: &Arc<Sink>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            sink: sink.clone(),
            answer: Mutex::new(Answer::Status(200)),
            changed: Condvar::new(),
            attempts: AtomicU64::new(0),
            closed: Mutex::default(),
        });
        let keep = shared.clone();
        thread::spawn(move || keep.listen(&listener));
        Ok(Self { address, shared })
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *lock(&self.shared.answer) = answer;
        self.shared.changed.notify_all();
    }

    /// How many requests came, whatever they were answered with.
    pub(crate) fn attempts(&self) -> u64 {
        self.shared.attempts.load(Ordering::Relaxed)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        *lock(&self.shared.closed) = true;
        self.answer(Answer::Status(503));
        // Wakes the thread that accepts; it may be gone already.
        _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if *lock(&self.closed) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let shared = self.clone();
            // A connection ends with an error when the server is killed.
            thread::spawn(move || _ = shared.serve(stream));
        }
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut writer = stream.try_clone()?;
        let mut reader = BufReader::new(stream);
        while let Some(head) = wire::read_head(&mut reader, &mut 0)? {
            let body = wire::read_body(&mut reader, &head)?;
            self.attempts.fetch_add(1, Ordering::Relaxed);
            let Some(status) = self.status() else { return Ok(()) };
            if status == 200 {
                self.sink.deliver(&body);
            }
            write!(writer, "HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nhi")?;
        }
        Ok(())
    }

    /// None: the connection is to be closed without an answer.
    fn status(&self) -> Option<u16> {
        let answer = lock(&self.answer);
        match *answer {
            Answer::Status(status) => Some(status),
            Answer::Hang => {
                let hung = |now: &mut Answer| *now == Answer::Hang;
                drop(self.changed.wait_while(answer, hung).unwrap_or_else(PoisonError::into_inner));
                None
            }
        }
    }
}
