//! Plugins that block the threads they get: whatever they do, answers, health and signals do not wait for them.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

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
    server.log_line("left behind");
    assert!(server.log_line("left behind").contains("\"plugins\":\"actions.hung\""));
    server.log_line("stopped");
}

#[test]
fn a_signal_ends_a_server_that_hangs_while_it_starts() {
    let folder = folder(&format!("{CONFIG}{MORE}options.build = true\n"));
    let mut command = program(&example("stuck"), folder.path());
    let mut child = command.arg("serve").stderr(Stdio::piped()).spawn().expect("started");
    eventually("the plugin being built", || {
        folder.path().join("arrived/build").exists().then_some(())
    });
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let until = Instant::now() + PATIENCE;
    while child.try_wait().expect("waited").is_none() && Instant::now() < until {
        thread::yield_now();
    }
    // Only where it has not ended.
    _ = child.kill();
    let output = child.wait_with_output().expect("ended");
    let (_, err) = text(&output);
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("at the step `build actions.hung`"), "{err}");
}
