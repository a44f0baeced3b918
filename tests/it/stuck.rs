//! Plugins that block the threads they get: whatever they do, answers, health and signals do not wait for them.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use crate::harness::*;

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
    let server =
        Server::start_program(&example("stuck"), folder(&format!("{CONFIG}{MORE}")), |_| ());
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
    server.log_line("stopping");
    assert!(server.wait().success(), "the journal was closed in order");
    assert!(server.log_line("left behind").contains("\"plugins\":\"actions.hung\""));
    server.log_line("stopped");
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
