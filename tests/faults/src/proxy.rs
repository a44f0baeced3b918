//! A TCP proxy that does to a connection what networks do: delays, drips, cuts, swallows.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use crate::oracle::lock;

const PIECE: usize = 16 << 10;

/// What happens to what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Each piece of an answer comes later.
    Delay(Duration),
    /// An answer comes byte by byte, with a pause before each.
    Drip(Duration),
    /// Reset once so many more bytes of requests have passed. Happens once.
    CutRequest(usize),
    /// Reset once so many more bytes of answers have passed. Happens once.
    CutReply(usize),
    /// Nothing passes, and nobody is told.
    BlackHole,
    /// Connections are closed at once, those that are open with their next piece.
    CloseEarly,
}

/// A proxy before one target; dropping it closes its port.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: SocketAddr,
    fault: Mutex<Fault>,
    closed: AtomicBool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Request,
    Reply,
}

/// What to do with a piece.
enum Do {
    Pass,
    /// Pass so much of it, then reset.
    Cut(usize),
    Drip(Duration),
    Swallow,
}

impl Proxy {
    pub(crate) fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (fault, closed) = (Mutex::new(Fault::None), AtomicBool::new(false));
        let shared = Arc::new(Shared { target, fault, closed });
        let keep = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if keep.closed.load(Ordering::Relaxed) {
                    return;
                }
                if *lock(&keep.fault) != Fault::CloseEarly {
                    // A connection that cannot be passed on is closed: that is what its peer sees.
                    _ = keep.clone().connect(stream);
                }
            }
        });
        Ok(Self { address, shared })
    }

    pub(crate) fn set(&self, fault: Fault) {
        *lock(&self.shared.fault) = fault;
    }

    /// What is set; a cut is over once it has happened.
    pub(crate) fn fault(&self) -> Fault {
        *lock(&self.shared.fault)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts; it may be gone already.
        _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn connect(self: Arc<Self>, client: TcpStream) -> io::Result<()> {
        let target = TcpStream::connect(self.target)?;
        client.set_nodelay(true)?;
        target.set_nodelay(true)?;
        let ways = [
            (Way::Request, client.try_clone()?, target.try_clone()?),
            (Way::Reply, target, client),
        ];
        for (way, from, to) in ways {
            let this = self.clone();
            thread::spawn(move || this.pass(way, from, to));
        }
        Ok(())
    }

    /// Passes one way until an end closes. Both sides see it then.
    fn pass(&self, way: Way, mut from: TcpStream, mut to: TcpStream) {
        let mut piece = vec![0; PIECE];
        while let Ok(size @ 1..) = from.read(&mut piece) {
            let data = &piece[..size];
            let passed = match self.judge(way, size) {
                Do::Pass => to.write_all(data),
                Do::Swallow => Ok(()),
                Do::Drip(pause) => drip(&mut to, data, pause),
                Do::Cut(count) => {
                    // The peer may be gone already.
                    _ = to.write_all(&data[..count]);
                    reset(&from);
                    reset(&to);
                    Err(io::ErrorKind::ConnectionReset.into())
                }
            };
            if passed.is_err() {
                break;
            }
        }
        for stream in [from, to] {
            // It may be gone already.
            _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn judge(&self, way: Way, size: usize) -> Do {
        let mut fault = lock(&self.fault);
        match (&mut *fault, way) {
            (Fault::BlackHole, _) => Do::Swallow,
            (Fault::CloseEarly, _) => Do::Cut(0),
            (Fault::Drip(pause), Way::Reply) => Do::Drip(*pause),
            (Fault::Delay(pause), Way::Reply) => {
                let pause = *pause;
                drop(fault);
                thread::sleep(pause);
                Do::Pass
            }
            (Fault::CutRequest(left), Way::Request) | (Fault::CutReply(left), Way::Reply) => {
                if *left > size {
                    *left -= size;
                    return Do::Pass;
                }
                let count = *left;
                *fault = Fault::None;
                Do::Cut(count)
            }
            _ => Do::Pass,
        }
    }
}

fn drip(to: &mut TcpStream, data: &[u8], pause: Duration) -> io::Result<()> {
    data.iter().try_for_each(|byte| {
        thread::sleep(pause);
        to.write_all(&[*byte])
    })
}

/// Lets the end of a connection be a reset. What was written shortly before may be lost with it, as it is in life.
pub(crate) fn reset(stream: &TcpStream) {
    // It may be gone already.
    _ = set_socket_linger(stream, Some(Duration::ZERO));
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A target that answers each byte with ten.
    fn through(fault: Fault) -> (Proxy, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::start(listener.local_addr().unwrap()).unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).is_ok()
                        && stream.write_all(&[byte[0]; 10]).is_ok()
                    {}
                });
            }
        });
        proxy.set(fault);
        let stream = TcpStream::connect(proxy.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        (proxy, stream)
    }

    fn exchange(stream: &mut TcpStream) -> Vec<u8> {
        let (mut got, mut piece) = (Vec::new(), [0; 16]);
        // The connection may be reset between the two.
        _ = stream.write_all(b"x");
        while got.len() < 10 {
            match stream.read(&mut piece) {
                Ok(size @ 1..) => got.extend(&piece[..size]),
                _ => break,
            }
        }
        got
    }

    #[test]
    fn what_it_is_given_passes() {
        let (_proxy, mut stream) = through(Fault::None);
        assert_eq!(exchange(&mut stream), b"xxxxxxxxxx");
        assert_eq!(exchange(&mut stream), b"xxxxxxxxxx");
    }

    #[test]
    fn a_reply_is_cut_after_so_many_bytes_and_the_next_is_not() {
        for count in 0..10 {
            let (proxy, mut stream) = through(Fault::None);
            assert_eq!(exchange(&mut stream).len(), 10);
            proxy.set(Fault::CutReply(count));
            assert!(exchange(&mut stream).len() <= count);
            assert_eq!(proxy.fault(), Fault::None);
            let mut next = TcpStream::connect(proxy.address).unwrap();
            assert_eq!(exchange(&mut next).len(), 10);
        }
    }

    #[test]
    fn a_cut_request_does_not_arrive() {
        let (_proxy, mut stream) = through(Fault::CutRequest(0));
        assert_eq!(exchange(&mut stream), b"");
    }

    #[test]
    fn delays_and_drips_take_their_time() {
        let pause = Duration::from_millis(20);
        for (fault, least) in [(Fault::Delay(pause), 20), (Fault::Drip(pause), 200)] {
            let (_proxy, mut stream) = through(fault);
            let began = Instant::now();
            assert_eq!(exchange(&mut stream).len(), 10);
            assert!(began.elapsed() >= Duration::from_millis(least), "{fault:?}");
        }
    }

    #[test]
    fn a_black_hole_says_nothing_and_an_early_end_says_it_at_once() {
        let (_proxy, mut stream) = through(Fault::BlackHole);
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        stream.write_all(b"x").unwrap();
        assert!(
            matches!(stream.read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
        );
        let (_proxy, mut stream) = through(Fault::CloseEarly);
        assert_eq!(exchange(&mut stream), b"");
    }
}
