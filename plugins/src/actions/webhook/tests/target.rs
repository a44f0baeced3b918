//! A target on loopback that answers by a script and notes what it is sent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) line: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The number of its connection, from 1.
    pub(super) connection: usize,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("plain text"))
    }
}

/// What happens once a request has been read.
#[derive(Clone)]
pub(super) enum Answer {
    /// These bytes; the connection stays open.
    Say(String),
    /// These bytes, then the end of the connection.
    Hang(String),
    /// This head, then bytes without end.
    Endless(String),
    /// These bytes, one each 2 ms.
    Drip(String),
    /// The end of the connection, without a word, as a reset.
    Reset,
    /// These bytes, once the test says so.
    Later(Arc<Notify>, String),
    /// Half of the request is read, then the end.
    Midway,
}

pub(super) fn say(status: &str) -> Answer {
    Answer::Say(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"))
}

pub(super) struct Target {
    pub(super) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    open: Arc<AtomicUsize>,
}

impl Target {
    /// A target that gives the answers one after the other, the last one for ever.
    pub(super) async fn start(answers: impl Into<Vec<Answer>>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.expect("a port"), answers)
    }

    /// Two targets that share a port, on two addresses of this machine.
    pub(super) async fn pair(answers: impl Into<Vec<Answer>>) -> [Self; 2] {
        let answers = answers.into();
        loop {
            let one = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let port = one.local_addr().expect("an address").port();
            if let Ok(other) = TcpListener::bind(("127.0.0.2", port)).await {
                return [one, other].map(|listener| Self::on(listener, answers.clone()));
            }
        }
    }

    fn on(listener: TcpListener, answers: impl Into<Vec<Answer>>) -> Self {
        let address = listener.local_addr().expect("an address");
        let (received, answers) = (Arc::default(), answers.into());
        let open: Arc<AtomicUsize> = Arc::default();
        let (noted, counted) = (Arc::clone(&received), Arc::clone(&open));
        tokio::spawn(async move {
            for connection in 1.. {
                let (stream, _) = listener.accept().await.expect("a connection");
                let (answers, noted) = (answers.clone(), Arc::clone(&noted));
                let counted = Arc::clone(&counted);
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    serve(stream, connection, answers, noted).await;
                    counted.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, received, open }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook?key=in-the-url", self.address)
    }

    /// Connections that it has open now.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("unpoisoned").clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    answers: Vec<Answer>,
    noted: Arc<Mutex<Vec<Received>>>,
) {
    let mut buffer = BytesMut::new();
    loop {
        if matches!(answers.first(), Some(Answer::Midway)) {
            _ = stream.read_buf(&mut buffer).await;
            return;
        }
        let Some(request) = read(&mut stream, &mut buffer, connection).await else { return };
        let answer = {
            let mut noted = noted.lock().expect("unpoisoned");
            noted.push(request);
            answers.get(noted.len() - 1).or(answers.last()).cloned().expect("an answer")
        };
        if !give(&mut stream, answer).await {
            return;
        }
    }
}

async fn give(stream: &mut TcpStream, answer: Answer) -> bool {
    match answer {
        Answer::Say(text) => stream.write_all(text.as_bytes()).await.is_ok(),
        Answer::Later(now, text) => {
            now.notified().await;
            stream.write_all(text.as_bytes()).await.is_ok()
        }
        Answer::Hang(text) => {
            _ = stream.write_all(text.as_bytes()).await;
            false
        }
        Answer::Endless(head) => {
            _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
            false
        }
        Answer::Drip(text) => {
            for byte in text.bytes() {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                if stream.write_all(&[byte]).await.is_err() {
                    return false;
                }
            }
            true
        }
        Answer::Reset => {
            stream.set_zero_linger().expect("set");
            false
        }
        Answer::Midway => false,
    }
}

async fn read(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
    connection: usize,
) -> Option<Received> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer.split_to(end + 4)[..end].to_vec()).expect("plain text");
    let (line, rest) = head.split_once("\r\n").expect("a request line");
    let mut headers = HeaderMap::new();
    for one in rest.split("\r\n") {
        let (name, value) = one.split_once(':').expect("a header");
        let name: HeaderName = name.parse().expect("a name");
        headers.append(name, HeaderValue::from_str(value.trim()).expect("a value"));
    }
    let length = headers
        .get("content-length")
        .map_or(0, |value| value.to_str().expect("plain text").parse::<usize>().expect("a length"));
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = buffer.split_to(length).freeze();
    Some(Received { line: line.to_owned(), headers, body, connection })
}
