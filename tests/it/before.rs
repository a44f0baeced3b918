//! Before-callbacks: answered from memory, noted in the journal.

use crate::harness::*;

const CREATE: &str = "Group.CallbackBeforeCreateTopic";

#[test]
fn nobody_decides_it_is_allowed_and_noted() {
    let server = Server::start(CONFIG);
    let body = r#"{"CallbackCommand":"Group.CallbackBeforeCreateTopic","Operator_Account":"bob","Type":"Community","Name":"X"}"#;
    let reply = post(server.address, &query(CREATE), body);
    assert_eq!((reply.status, reply.body.as_str()), (200, OK));
    let event = eventually("the note", || {
        let events = get(server.admin, &format!("/api/v1/events?command={CREATE}")).json();
        events["items"].get(0).cloned()
    });
    assert_eq!(event["decision"]["verdict"], "allow");
    assert_eq!(event["body"]["Name"], "X");
}
