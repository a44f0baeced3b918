//! A target that fails costs nobody else anything, and gets its relay in the end.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::*;

/// [`CONFIG`] with a signed relay of every callback, and more keys of its action.
pub fn config(target: &Target, more: &str) -> String {
    format!(
        r#"{CONFIG}
[handlers.all]
plugin = "forward"
actions = ["crm"]
[actions.crm]
plugin = "webhook"
retry = {{ initial = "200ms", factor = 1, max = "200ms" }}
{more}
[actions.crm.options]
url = "http://{}/hook"
allow_private = true
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"#,
        target.address
    )
}

#[test]
fn a_failing_target_gets_the_same_relay_again_while_the_file_never_waits() {
    let target = Target::start(&[500, 503, 500, 200]);
    let server = Server::start(&config(&target, ""));
    let body = topic_changed("News");
    let begun = Instant::now();
    assert_eq!(post(server.address, &query(TOPIC_CHANGED), &body).status, 200);
    server.lines("topics.jsonl", 1);
    let file_took = begun.elapsed();
    let got = target.got(4);
    let ids: Vec<_> = got.iter().map(|one| one.header("webhook-id")).collect();
    assert!(ids.iter().all(|id| id.is_some() && *id == ids[0]), "{ids:?}");
    assert!(got.iter().all(|one| one.body == body), "byte for byte");
    assert!(got.iter().all(|one| one.header("webhook-signature").is_some()));
    assert!(
        begun.elapsed() >= Duration::from_millis(480),
        "three waits of 200 ms, less the jitter"
    );
    assert!(file_took < begun.elapsed());
    server.lanes_settled();
}

/// Each of its connections ends under the second relay.
#[test]
fn a_target_that_closes_its_connections_without_a_word_never_counts_as_failing() {
    const RELAYS: u32 = 200;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer_once(stream));
        }
    });
    let options =
        format!("[actions.crm.options]\nurl = \"http://{address}/\"\nallow_private = true\n");
    let handler = "[handlers.all]\nplugin = \"forward\"\nactions = [\"crm\"]\n";
    let server =
        Server::start(&format!("{CONFIG}{handler}[actions.crm]\nplugin = \"webhook\"\n{options}"));
    for n in 0..RELAYS {
        post(server.address, &query(TOPIC_CHANGED), &topic_changed(&n.to_string()));
    }
    server.lanes_settled();
    let of = |result| {
        server.metric(&format!(
            "switchhook_deliveries_total{{handler=\"all\",action=\"crm\",result=\"{result}\"}}"
        ))
    };
    assert_eq!((of("delivered"), of("failed")), (Some(f64::from(RELAYS)), None));
}

fn answer_once(stream: TcpStream) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    read_request(&mut reader)?;
    writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    read_request(&mut reader)
}

fn read_request(reader: &mut impl BufRead) -> Option<()> {
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.trim().parse().ok()?;
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length]).ok()
}

#[test]
fn a_permanent_failure_becomes_a_dead_letter_with_the_answer() {
    let target = Target::start(&[422]);
    let server = Server::start(&config(&target, ""));
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    let letter = eventually("a dead letter", || {
        let letters = get(server.admin, "/api/v1/dead-letters").json();
        letters["items"].get(0).cloned()
    });
    assert_eq!(letter["consumer"], "all>crm");
    assert_eq!(letter["attempts"], 1);
    assert!(letter["response"].as_str().is_some_and(|text| text.contains("422")), "{letter}");
    server.lanes_settled();
}

#[test]
fn a_target_that_is_gone_pauses_its_action_and_its_records_are_kept() {
    let target = Target::start(&[410, 200]);
    let mut server = Server::start(&config(&target, ""));
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    server.log_line("`switchhook resume crm`");
    eventually("a word about it", || {
        let remarks = get(server.admin, "/readyz").json()["warnings"].to_string();
        remarks.contains("consumer all>crm is paused: its target has been gone since").then_some(())
    });
    let lanes = get(server.admin, "/api/v1/consumers").json();
    let lane =
        lanes["items"].as_array().expect("lanes").iter().find(|lane| lane["consumer"] == "all>crm");
    let lane = lane.expect("the lane");
    assert_eq!(
        (&lane["paused"], &lane["dead_letters"], &lane["pending"]),
        (&true.into(), &0.into(), &1.into())
    );
    assert_eq!(target.got(1).len(), 1);
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(!server.log().contains("it will be retried"), "it is not:\n{}", server.log());
}

#[test]
fn a_target_that_keeps_failing_is_left_alone_and_told_of() {
    let target = Target::start(&[500, 200]);
    let server = Server::start(&config(
        &target,
        "circuit_breaker = { failure_threshold = 1, initial = \"1s\" }",
    ));
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    let remark = eventually("a remark", || {
        let answer = get(server.admin, "/readyz");
        assert_eq!(answer.status, 200, "no reason to take the server out");
        answer.json()["warnings"].as_array()?.first()?.as_str().map(str::to_owned)
    });
    assert!(remark.starts_with("action crm: circuit breaker open, failing since "), "{remark}");
    let metric = |line: &str| get(server.admin, "/metrics").body.contains(line);
    assert!(metric("switchhook_circuit_breaker_opened_total{action=\"crm\"} 1"));
    target.got(2);
    server.lanes_settled();
    eventually("it closes", || {
        metric("switchhook_circuit_breaker_open{action=\"crm\"} 0").then_some(())
    });
}

#[test]
fn a_target_that_refuses_everybody_for_a_while_costs_nothing() {
    let target = Target::start(&[401, 403, 404, 302, 200]);
    let server = Server::start(&config(&target, "circuit_breaker = { failure_threshold = 0 }"));
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    let got = target.got(5);
    assert!(got.windows(2).all(|two| two[0].header("webhook-id") == two[1].header("webhook-id")));
    server.lanes_settled();
    let letters = get(server.admin, "/api/v1/dead-letters").json();
    assert_eq!(letters["items"].as_array().map(Vec::len), Some(0), "{letters}");
}

#[test]
fn a_target_that_takes_nothing_is_told_of() {
    let target = Target::start(&[401]);
    let text =
        config(&target, "circuit_breaker = { failure_threshold = 0 }").replace("200ms", "50ms");
    let server = Server::start(&text);
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    let remark = eventually("a remark", || {
        let answer = get(server.admin, "/readyz");
        assert_eq!(answer.status, 200, "no reason to take the server out");
        answer.json()["warnings"].as_array()?.first()?.as_str().map(str::to_owned)
    });
    for part in [
        "action crm: nothing delivered since ",
        "attempts failed; last error: the target answered 401",
    ] {
        assert!(remark.contains(part), "no `{part}` in {remark}");
    }
    let metrics = get(server.admin, "/metrics").body;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("switchhook_consecutive_failures{action=\"crm\"} "));
    let failures: u64 = line.and_then(|text| text.parse().ok()).expect("a number");
    assert!(failures >= 3, "{failures}");
    let lanes = get(server.admin, "/api/v1/consumers").json();
    assert!(lanes.to_string().contains("\"undelivered\":{"), "{lanes}");
}

#[test]
fn waiting_retries_survive_a_kill() {
    let target = Target::start(&[500, 200]);
    let server = Server::start(&config(&target, "").replace("200ms", "1s"));
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("News"));
    let first = target.got(1).remove(0);
    server.log_line("it will be retried");
    let server = Server::start_in(server.kill(), |_| ());
    let second = target.got(2).remove(1);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    server.lanes_settled();
}

#[test]
fn records_of_one_key_go_one_after_the_other_across_retries() {
    let target = Target::start(&[500, 200]);
    let server = Server::start(&config(&target, ""));
    for name in ["first", "second", "third"] {
        post(server.address, &query(TOPIC_CHANGED), &topic_changed(name));
    }
    let got = target.got(4);
    let names: Vec<_> = ["first", "first", "second", "third"]
        .into_iter()
        .zip(&got)
        .map(|(n, g)| g.body.contains(n))
        .collect();
    assert_eq!(names, [true; 4], "{got:?}");
}

#[test]
fn a_private_target_is_refused_unless_allowed() {
    let target = Target::start(&[200]);
    let folder = folder_with(&config(&target, "").replace("allow_private = true", ""));
    let checked = switchhook(folder.path()).arg("check").output().expect("ran");
    let (_, err) = text(&checked);
    assert_eq!(checked.status.code(), Some(78), "{err}");
    assert!(err.contains("allow_private"), "{err}");
}
