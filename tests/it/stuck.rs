//! Plugins that block the threads they get: whatever they do, answers, health and signals do not wait for them.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::*;

/// By default a stop takes no longer in all.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);

const MORE: &str = r#"
[handlers.all]
plugin = "forward"
actions = ["hung"]
[actions.hung]
plugin = "stuck"
options.pipe = "pipe"
options.arrived = "arrived"
"#;

fn folder(config: &str) -> Arc<tempfile::TempDir> {
    let folder = folder_with(config);
    fs::create_dir(folder.path().join("arrived")).expect("made");
    let made = Command::new("mkfifo").arg(folder.path().join("pipe")).status();
    assert!(made.expect("mkfifo runs").success());
    Arc::new(folder)
}

fn arrived(server: &Server, count: usize) {
    eventually(&format!("{count} records at the action"), || {
        let files = fs::read_dir(server.path("arrived")).expect("there").count();
        (files >= count).then_some(())
    });
}

/// As many as the server has for deliveries.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).div_ceil(2)
}

/// A server all of whose threads for deliveries are blocked.
fn blocked() -> Server {
    blocked_with("")
}

/// The same with a further line in its table `[server]`.
fn blocked_with(line: &str) -> Server {
    let config = CONFIG.replacen("[server]\n", &format!("[server]\n{line}"), 1) + MORE;
    let server = Server::start_program(&example("stuck"), folder(&config), |_| ());
    for n in 0..threads() {
        let mut body: serde_json::Value = serde_json::from_str(&topic_changed("x")).expect("JSON");
        body["GroupId"] = format!("group {n}").into();
        assert_eq!(post(server.address, &query(TOPIC_CHANGED), &body.to_string()).status, 200);
        arrived(&server, n + 1);
    }
    server
}

#[test]
fn new_connections_are_answered_and_health_is_told_while_deliveries_block_all_their_threads() {
    let server = blocked();
    for n in 0..3 {
        let answer = post(server.address, &query(TOPIC_CHANGED), &topic_changed(&n.to_string()));
        assert_eq!(answer.body, OK);
    }
    assert_eq!(get(server.admin, "/livez").status, 200);
    assert_eq!(get(server.admin, "/readyz").json()["ready"], true);
}

#[test]
fn a_signal_is_heard_while_deliveries_block_all_their_threads() {
    let mut server = blocked();
    server.signal("HUP");
    server.log_line("SIGHUP");
    server.signal("TERM");
    let told = Instant::now();
    server.log_line("stopping");
    assert!(server.wait().success(), "the journal was closed in order");
    assert!(told.elapsed() <= SHUTDOWN_TIMEOUT, "{:?}", told.elapsed());
    assert!(server.log_line("plugins still blocking").contains("\"plugins\":\"actions.hung\""));
    server.log_line("stopped");
}

/// Everything that can hang does: a target, a plugin that blocks all threads for deliveries, one that blocks a thread for answers, a
/// sender that goes silent in the middle of a body, and senders that keep idle connections.
#[test]
fn a_signal_ends_a_server_in_time_whatever_hangs() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = silent.local_addr().expect("bound");
    let more = format!(
        r#"
[handlers.deciding]
plugin = "stuck-decision"
commands = ["C2C.CallbackBeforeSendMsg"]
options.pipe = "pipe"
options.arrived = "deciding"
[handlers.relay]
plugin = "forward"
commands = ["Group.CallbackAfterTopicInfoChanged"]
actions = ["silent"]
[actions.silent]
plugin = "webhook"
timeout = "1h"
options.url = "http://{target}/"
options.allow_private = true
"#
    );
    let stuck =
        MORE.replace("forward\"\n", "forward\"\ncommands = [\"Group.CallbackAfterGroupFull\"]\n");
    let config = format!("{CONFIG}{stuck}{more}");
    let mut server = Server::start_program(&example("stuck"), folder(&config), |_| ());
    let address = server.address;
    let idle: Vec<_> = (0..4).map(|_| keep_alive(address)).collect();
    silent.set_nonblocking(true).expect("set");
    let relayed = eventually("a relay", || silent.accept().ok());
    let full = "Group.CallbackAfterGroupFull";
    let body = format!("{{\"CallbackCommand\":\"{full}\"}}");
    assert_eq!(post(address, &query(full), &body).body, OK);
    arrived(&server, 1);
    let half = send(
        address,
        &request("POST", &format!("/?{}", query(TOPIC_CHANGED)), "{")
            .replace("Length: 1", "Length: 9"),
    );
    let before = "C2C.CallbackBeforeSendMsg";
    let deciding = send(
        address,
        &request(
            "POST",
            &format!("/?{}", query(before)),
            &format!("{{\"CallbackCommand\":\"{before}\"}}"),
        ),
    );
    eventually("a decision", || server.path("deciding").exists().then_some(()));
    server.signal("TERM");
    let told = Instant::now();
    assert!(server.wait().success(), "the journal was closed in order");
    assert!(told.elapsed() <= SHUTDOWN_TIMEOUT, "{:?}", told.elapsed());
    drop((idle, relayed, half, deciding));
    server.log_line("stopped");
}

#[test]
fn the_time_of_a_stop_is_one_key_and_a_second_signal_ends_at_once() {
    for (key, signals, code) in [("1s", 1, 0), ("1h", 2, 130)] {
        let mut server = blocked_with(&format!("shutdown_timeout = \"{key}\"\n"));
        server.signal("TERM");
        let told = Instant::now();
        server.log_line("stopping");
        if signals > 1 {
            server.signal("TERM");
        }
        assert_eq!(server.wait().code(), Some(code), "{key}");
        assert!(told.elapsed() < SHUTDOWN_TIMEOUT / 2, "{key}: {:?}", told.elapsed());
    }
}

/// A connection on which one request was answered.
fn keep_alive(address: SocketAddr) -> TcpStream {
    let request = request("POST", &format!("/?{}", query(TOPIC_CHANGED)), &topic_changed("x"));
    let mut stream = send(address, &request.replace("Connection: close\r\n", ""));
    let mut answer = Vec::new();
    while !answer.ends_with(OK.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        answer.push(byte[0]);
    }
    stream
}

fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream.write_all(request.as_bytes()).expect("sent");
    stream
}

#[test]
fn a_signal_ends_a_server_that_hangs_while_it_starts() {
    let folder = folder(&format!("{CONFIG}{MORE}options.build = true\n"));
    let mut command = program(&example("stuck"), folder.path());
    let mut server = Killed(command.arg("serve").stderr(Stdio::piped()).spawn().expect("started"));
    eventually("the plugin being built", || {
        folder.path().join("arrived/build").exists().then_some(())
    });
    signal(&server.0, "TERM");
    let status = eventually("its end", || server.0.try_wait().expect("waited"));
    let mut err = String::new();
    server.0.stderr.take().expect("piped").read_to_string(&mut err).expect("text");
    assert_eq!(status.code(), Some(130), "{err}");
    assert!(err.contains("at the step `build actions.hung`"), "{err}");
}

/// Whatever becomes of the test, it ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn a_panic_is_a_line_of_the_log() {
    let config = format!("{CONFIG}{MORE}options.panics = true\n");
    let server = Server::start_program(&example("stuck"), folder(&config), |_| ());
    assert_eq!(post(server.address, &query(TOPIC_CHANGED), &topic_changed("x")).body, OK);
    let line: serde_json::Value =
        serde_json::from_str(&server.log_line("on purpose")).expect("JSON");
    assert_eq!((&line["level"], &line["thread"]), (&"ERROR".into(), &"work".into()), "{line}");
}
