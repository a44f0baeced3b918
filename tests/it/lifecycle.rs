//! Starting, stopping, and who else is there.

use std::sync::Arc;

use crate::harness::*;

#[test]
fn asked_to_stop_it_answers_delivers_and_ends_well() {
    let mut server = Server::start(CONFIG);
    for n in 0..20 {
        assert_eq!(
            post(server.address, &query(TOPIC_CHANGED), &topic_changed(&n.to_string())).status,
            200
        );
    }
    server.signal("TERM");
    assert!(server.wait().success());
    server.log_line("stopped");
    let server = Server::start_in(server.folder.clone(), |_| ());
    server.lanes_settled();
    assert_eq!(server.lines("topics.jsonl", 20).len(), 20);
}

#[test]
fn a_second_server_on_one_journal_is_refused_and_told_who_holds_it() {
    let server = Server::start(CONFIG);
    let second = switchhook(server.folder.path()).output().expect("ran");
    let (_, err) = text(&second);
    assert_eq!(second.status.code(), Some(69), "{err}");
    assert!(err.contains(&server.pid().to_string()), "{err}");
    assert_eq!(
        post(server.address, &query(TOPIC_CHANGED), &topic_changed("Still here")).status,
        200
    );
}

#[test]
fn a_taken_address_is_told_and_leaves_no_trace() {
    let server = Server::start(CONFIG);
    let folder = folder_with(&CONFIG.replacen("127.0.0.1:0", &server.address.to_string(), 1));
    let second = switchhook(folder.path()).output().expect("ran");
    let (_, err) = text(&second);
    assert_eq!(second.status.code(), Some(69), "{err}");
    assert!(err.contains("server.listen"), "{err}");
    assert!(!folder.path().join("journal").exists());
}

#[test]
fn health_is_told_on_the_admin_address_only() {
    let server = Server::start(CONFIG);
    assert_eq!(get(server.admin, "/livez").status, 200);
    assert_eq!(get(server.admin, "/readyz").json()["ready"], true);
    assert_eq!(get(server.address, "/readyz").status, 404);
    assert_eq!(exchange(server.admin, &request("POST", "/metrics", "")).status, 405);
    assert_eq!(get(server.admin, "/nowhere").status, 404);
}

#[test]
fn a_handler_that_left_the_configuration_is_remarked() {
    let server = Server::start(CONFIG);
    post(server.address, &query(TOPIC_CHANGED), &topic_changed("x"));
    server.lanes_settled();
    let folder = server.kill();
    let config = CONFIG.replace("handlers.topics", "handlers.renamed");
    std::fs::write(folder.path().join("config.toml"), config).expect("written");
    let server = Server::start_in(Arc::clone(&folder), |_| ());
    let remarks = get(server.admin, "/readyz").json()["warnings"].to_string();
    assert!(remarks.contains("topics"), "{remarks}");
}
