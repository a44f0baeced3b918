//! A refusal that is given while its request is still being sent has to be read by whoever sends all of it first.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use switchhook_api::config::ByteSize;

use super::*;

/// Sixteen of these are more than what two kernels hold of a connection.
const LIMIT: usize = 1024 * 1024;

async fn server() -> (SocketAddr, Arc<Metrics>) {
    let clock = Arc::new(TestClock::default());
    let journal = Arc::new(MemoryJournal::new(clock.clone()));
    let metrics = Arc::new(Metrics::default());
    let limits = Limits { body_size: ByteSize(LIMIT as u64), ..Limits::default() };
    let intake = intake(journal, WhenUnavailable::Refuse, 1024, &metrics);
    let routes = routes(&Arc::new(intake), vec![mounted("/chat", Arc::new(Wire))]);
    let socket = bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let address = socket.local_addr().expect("bound");
    let log = Arc::default();
    let serving =
        Serving { routes, limits, drain: Duration::ZERO, clock, metrics: metrics.clone(), log };
    tokio::spawn(serve(Listener::Tcp(socket), serving, CancellationToken::new()));
    (address, metrics)
}

/// Sends all of it, and only then reads until the server has ended the connection in order. The last piece is sent when the
/// answer is there already.
async fn sent_first(address: SocketAddr, head: &str, body: usize) -> String {
    let head = head.to_owned();
    let send = move || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(head.as_bytes())?;
        let piece = vec![b'x'; 64 * 1024];
        let mut left = body;
        while left > 0 {
            let part = left.min(piece.len());
            if left <= piece.len() {
                stream.peek(&mut [0])?;
            }
            stream.write_all(&piece[..part])?;
            left -= part;
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    let sent = tokio::task::spawn_blocking(send).await.expect("no panic");
    sent.unwrap_or_else(|error| panic!("{body} bytes: {error}"))
}

fn head(line: &str, more: &str, body: usize) -> String {
    format!("{line} HTTP/1.1\r\nhost: t\r\n{more}content-length: {body}\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_refusal_of_a_body_is_read_by_a_sender_that_sends_all_of_it_first() {
    let (address, _) = server().await;
    let gzip = "content-encoding: gzip\r\n";
    for size in [LIMIT + 64 * 1024 + 1, 2 * LIMIT, 4 * LIMIT, 15 * LIMIT] {
        for (line, more, status) in [
            ("POST /chat", "", 413),
            ("GET /chat", "", 413),
            ("POST /chat", gzip, 415),
            ("POST /nowhere", "", 404),
            ("DELETE /nowhere", gzip, 404),
        ] {
            let answer = sent_first(address, &head(line, more, size), size).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line} {size}: {answer}");
            assert!(answer.contains("connection: close"), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_listener_answers_itself_is_no_yes_and_is_read() {
    let (address, _) = server().await;
    let long = "x".repeat(40_000);
    let many = "a: b\r\n".repeat(200);
    for (head, statuses) in [
        (format!("POST /chat HTTP/1.1\r\nlong: {long}\r\n\r\n"), &[431][..]),
        (format!("POST /chat HTTP/1.1\r\n{many}\r\n"), &[431]),
        (format!("POST /{long}{long} HTTP/1.1\r\n\r\n"), &[414, 431]),
        ("\x16\x03\x01 hello\r\n\r\n".to_owned(), &[400]),
        ("POST /chat HTTP/1.1\r\ncontent-length: x\r\n\r\n".to_owned(), &[400]),
        ("POST /chat\r\n\r\n".to_owned(), &[400]),
    ] {
        let answer = sent_first(address, &head, 15 * LIMIT).await;
        let (found, body) = answer.split_once("\r\n\r\n").expect("an answer");
        let status = found.split(' ').nth(1).and_then(|text| text.parse().ok());
        assert!(status.is_some_and(|status: u16| statuses.contains(&status)), "{found}");
        assert_eq!(body, "", "{found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_without_a_source_is_answered_in_plain_text_whatever_the_method() {
    let (address, metrics) = server().await;
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];
    for method in methods {
        for path in ["/", "/chat/below", "/Chat", "/chat/../x", "/%63hat", "*"] {
            let request = head(&format!("{method} {path}"), "", 2) + "{}";
            let answer = sent_first(address, &request, 0).await;
            let (found, body) = answer.split_once("\r\n\r\n").expect("an answer");
            assert!(found.starts_with("HTTP/1.1 404 "), "{method} {path}: {found}");
            assert!(found.contains("content-type: text/plain"), "{method} {path}: {found}");
            assert!(serde_json::from_str::<serde_json::Value>(body).is_err(), "{body}");
            assert_eq!(body.is_empty(), method == "HEAD", "{body}");
            assert!(!body.to_lowercase().contains("ok"), "{body}");
        }
    }
    let count = methods.len() * 6;
    let line = format!("switchhook_refusals_total{{source=\"\",reason=\"no_such_path\"}} {count}");
    assert!(metrics.text().contains(&line), "{}", metrics.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_an_end_is_given_up() {
    let (address, metrics) = server().await;
    let pour = move || {
        let mut stream = TcpStream::connect(address).expect("connected");
        stream.set_write_timeout(Some(Duration::from_secs(30))).expect("set");
        stream.write_all(head("POST /chat", "", 1 << 40).as_bytes()).expect("sent");
        let piece = vec![b'x'; 64 * 1024];
        // What the two kernels hold is not more than this.
        let most = 128 << 20;
        let mut sent = 0;
        while sent < most && stream.write_all(&piece).is_ok() {
            sent += piece.len();
        }
        _ = stream.shutdown(Shutdown::Both);
        sent < most
    };
    assert!(tokio::task::spawn_blocking(pour).await.expect("no panic"), "it took everything");
    let counted = "switchhook_limit_hits_total{limit=\"unread_body\"} 1";
    assert!(metrics.text().contains(counted), "{}", metrics.text());
}
