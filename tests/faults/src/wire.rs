//! As much of HTTP/1.1 as both sides here need: kept connections, bodies with a length.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any honest answer takes.
const PATIENCE: Duration = Duration::from_secs(15);

/// One kept connection to the server.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    /// The server has announced that it closes.
    pub(crate) last: bool,
}

/// A whole answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Why there is no whole answer.
pub(crate) struct Broken {
    /// How much of the answer had come.
    pub(crate) got: usize,
    pub(crate) error: io::Error,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), last: false })
    }

    /// Part of a request.
    pub(crate) fn send(&mut self, part: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(part)
    }

    /// One request and its answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<Reply, Broken> {
        let mut got = 0;
        let result = self.send(request).and_then(|()| self.read_reply(&mut got));
        result.map_err(|error| Broken { got, error })
    }

    fn read_reply(&mut self, got: &mut usize) -> io::Result<Reply> {
        let head = read_head(&mut self.stream, got)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = status.ok_or_else(|| bad("no status"))?;
        self.last = header(&head, "connection").is_some_and(|text| text == "close");
        let body = read_body(&mut self.stream, &head)?;
        Ok(Reply { status, body })
    }
}

/// A head up to its empty line; none when the peer closed before its first byte.
pub(crate) fn read_head(reader: &mut impl BufRead, got: &mut usize) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let read = reader.read_until(b'\n', &mut head)?;
        *got += read;
        if read == 0 && head.is_empty() {
            return Ok(None);
        }
        if read == 0 || head.len() > 64 << 10 {
            return Err(bad("half a head"));
        }
    }
    Ok(Some(String::from_utf8_lossy(&head).to_lowercase()))
}

pub(crate) fn read_body(reader: &mut impl Read, head: &str) -> io::Result<Vec<u8>> {
    let length = header(head, "content-length").and_then(|text| text.parse().ok());
    let mut body = vec![0; length.ok_or_else(|| bad("no length"))?];
    reader.read_exact(&mut body)?;
    Ok(body)
}

/// A header's value in a head in lower case.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

pub(crate) fn query(command: &str) -> String {
    format!("SdkAppid=1400000000&CallbackCommand={command}&contenttype=json")
}

pub(crate) fn post(target: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {target} HTTP/1.1\r\nHost: faults\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Asks the admin listener.
pub(crate) fn get(address: SocketAddr, target: &str) -> io::Result<Reply> {
    let request = format!("GET {target} HTTP/1.1\r\nHost: faults\r\n\r\n");
    Connection::open(address)?.exchange(request.as_bytes()).map_err(|broken| broken.error)
}
