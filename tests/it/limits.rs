//! No peer holds the server longer than it may.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::*;

fn server(limits: &str) -> Server {
    Server::start(&CONFIG.replace("[admin]", &format!("[server.limits]\n{limits}\n[admin]")))
}

/// Sends this and waits until the server has closed the connection.
fn closed_after(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream.write_all(bytes).expect("sent");
    let mut rest = Vec::new();
    // A reset is an end too.
    _ = stream.read_to_end(&mut rest);
    String::from_utf8_lossy(&rest).into_owned()
}

fn hit(server: &Server, limit: &str) {
    eventually(limit, || {
        server.metric(&format!("switchhook_limit_hits_total{{limit=\"{limit}\"}}"))
    });
}

#[test]
fn who_says_nothing_or_half_a_head_is_cut_off() {
    let server = server("header_timeout = \"200ms\"");
    closed_after(&server, b"");
    closed_after(&server, b"POST / HTTP/1.1\r\nHost: te");
    hit(&server, "header_timeout");
}

#[test]
fn who_drips_a_body_is_answered_408() {
    let server = server("body_timeout = \"200ms\"");
    let head = format!(
        "POST /?{} HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{{",
        query(TOPIC_CHANGED)
    );
    assert!(closed_after(&server, head.as_bytes()).starts_with("HTTP/1.1 408"));
    hit(&server, "body_timeout");
}

#[test]
fn a_kept_connection_outlives_the_head_limit_but_not_the_idle_limit() {
    let server = server("header_timeout = \"200ms\"\nidle_timeout = \"800ms\"");
    let body = topic_changed("Kept");
    let request = format!(
        "POST /?{} HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{body}",
        query(TOPIC_CHANGED),
        body.len()
    );
    let mut stream = TcpStream::connect(server.address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_millis(400))).expect("set");
    let mut buffer = [0; 4096];
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).expect("sent");
        let n = stream.read(&mut buffer).expect("an answer");
        assert!(String::from_utf8_lossy(&buffer[..n]).contains(OK));
        // Twice the limit for a head passes without a word, and the connection still stands.
        let quiet = stream.read(&mut buffer).expect_err("nothing to read");
        assert_eq!(quiet.kind(), std::io::ErrorKind::WouldBlock, "{quiet}");
    }
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    assert_eq!(stream.read(&mut buffer).expect("closed in order"), 0);
    hit(&server, "idle_timeout");
}

#[test]
fn a_head_too_large_is_refused() {
    let server = server("header_size = \"8 KiB\"");
    let head = format!(
        "POST /?{} HTTP/1.1\r\nHost: t\r\nX-Long: {}\r\n\r\n",
        query(TOPIC_CHANGED),
        "x".repeat(16 << 10)
    );
    assert!(closed_after(&server, head.as_bytes()).starts_with("HTTP/1.1 431"));
    hit(&server, "header_size");
}

#[test]
fn the_next_connection_waits_while_all_slots_are_taken() {
    let server = server("connections = 2\nheader_timeout = \"500ms\"");
    let held: Vec<_> =
        (0..2).map(|_| TcpStream::connect(server.address).expect("connected")).collect();
    let reply = post(server.address, &query(TOPIC_CHANGED), &topic_changed("Patient"));
    assert_eq!(reply.status, 200, "served when the silent ones were cut off");
    hit(&server, "connections");
    drop(held);
}

#[test]
fn who_is_refused_before_it_is_proven_does_not_keep_its_connection() {
    let server = server("");
    let requests = [
        ("GET / HTTP/1.1".to_owned(), "", 405),
        ("POST /elsewhere HTTP/1.1".to_owned(), "{}", 404),
        (format!("POST /?{} HTTP/1.1", query(TOPIC_CHANGED)), "no JSON", 400),
        (format!("POST /?{} HTTP/1.1", query(TOPIC_CHANGED).replace('4', "5")), "{}", 401),
    ];
    for (line, body, status) in requests {
        let request = format!("{line}\r\nHost: t\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let answer = closed_after(&server, request.as_bytes()).to_lowercase();
        assert!(answer.starts_with(&format!("http/1.1 {status}")), "{line}: {answer}");
        assert!(answer.contains("connection: close"), "{line}: {answer}");
    }
    eventually("no connection but the one that asks", || {
        (server.metric("switchhook_connections") == Some(1.0)).then_some(())
    });
}

#[test]
fn where_all_places_are_taken_the_connection_that_has_been_idle_longest_makes_room() {
    let server = server("connections = 4");
    let body = topic_changed("Kept");
    let request = format!(
        "POST /?{} HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{body}",
        query(TOPIC_CHANGED),
        body.len()
    );
    let call = |stream: &mut TcpStream| {
        let mut buffer = [0; 4096];
        stream.write_all(request.as_bytes()).expect("sent");
        let n = stream.read(&mut buffer).expect("an answer");
        String::from_utf8_lossy(&buffer[..n]).contains(OK)
    };
    let mut streams: Vec<_> = (0..4)
        .map(|_| {
            let stream = TcpStream::connect(server.address).expect("connected");
            stream.set_read_timeout(Some(PATIENCE)).expect("set");
            stream
        })
        .collect();
    for place in [2, 0, 1, 3, 0] {
        assert!(call(&mut streams[place]));
    }
    assert_eq!(post(server.address, &query(TOPIC_CHANGED), &topic_changed("New")).body, OK);
    assert_eq!(streams[2].read(&mut [0; 9]).expect("closed in order"), 0);
    assert!([1, 3, 0].into_iter().all(|place| call(&mut streams[place])), "the others stay");
    hit(&server, "connections_evicted");
}

#[test]
fn a_head_of_too_many_lines_is_refused() {
    let server = server("");
    let lines = (0..101).map(|number| format!("X-{number}: 1\r\n")).collect::<Vec<_>>().concat();
    let head = format!("POST /?{} HTTP/1.1\r\n{lines}\r\n", query(TOPIC_CHANGED));
    assert!(closed_after(&server, head.as_bytes()).starts_with("HTTP/1.1 431"));
}
