use super::*;

const PUSH: &str = "Push.OfflinePush";

fn push(body: &str) -> Result<Vec<Callback>, Refusal> {
    open(&open_source(), &format!("SdkAppid={APP}&CallbackCommand={PUSH}"), body)
}

fn check(body: &str, reason: &str) {
    refused(push(body), RefusalKind::Malformed, reason);
}

#[test]
fn each_event_of_a_batch_is_a_callback_of_its_own() {
    let first = r#"{ "CallbackCommand":"Push.OfflinePush", "To_Account":"a", "x":1.0 }"#;
    let second = r#"{"CallbackCommand":"Push.AllMemberPush","To_Account":"b"}"#;
    let third = r#"{"To_Account":"c","CallbackCommand":""}"#;
    let body = format!(r#"{{"Events":[ {first} ,{second},{third}],"RequestId":"r"}}"#);
    let callbacks = push(&body).expect("opened");
    let seen: Vec<_> = callbacks
        .iter()
        .map(|callback| (callback.command(), &callback.body[..], callback.facts.key.as_deref()))
        .collect();
    let key = |account: &str| format!("{APP}/account/{account}");
    assert_eq!(
        seen,
        [
            (PUSH, first.as_bytes(), Some(&*key("a"))),
            ("Push.AllMemberPush", second.as_bytes(), Some(&*key("b"))),
            (PUSH, third.as_bytes(), Some(&*key("c"))),
        ]
    );
}

#[test]
fn a_batch_has_one_to_a_hundred_events() {
    let batch = |count: usize| format!(r#"{{"Events":[{}]}}"#, vec!["{}"; count].join(","));
    check(&batch(0), "events_count");
    assert_eq!(push(&batch(1)).expect("opened").len(), 1);
    assert_eq!(push(&batch(100)).expect("opened").len(), 100);
    check(&batch(101), "events_count");
}

#[test]
fn a_batch_of_something_else_is_refused() {
    check(r#"{"Events":{}}"#, "events_not_a_list");
    check(r#"{"Events":[1]}"#, "body_not_an_object");
    check(r#"{"Events":[{},[]]}"#, "body_not_an_object");
    check(r#"{"Events":[{"CallbackCommand":"Group.X"}]}"#, "command_mismatch");
    check(r#"{"Events":[{"CallbackCommand":1}]}"#, "command_mismatch");
    check(r#"{"Events":[{"CallbackCommand":"Push.a b"}]}"#, "bad_command");
    check(
        r#"{"Events":[{"CallbackCommand":"Push.a","CallbackCommand":"Push.a"}]}"#,
        "duplicate_key",
    );
    check(r#"{"CallbackCommand":"Push.X","Events":[{}]}"#, "command_mismatch");
    check(r#"{"Events":[{}],"Events":[{}]}"#, "duplicate_key");
}

#[test]
fn events_elsewhere_are_a_field_like_any_other() {
    assert_eq!(one(COMMAND, r#"{"Events":[{},{}]}"#).command(), COMMAND);
    assert_eq!(push(r#"{"TaskId":"t"}"#).expect("opened").len(), 1);
}

#[test]
fn one_bad_event_refuses_the_whole_batch() {
    check(r#"{"Events":[{},{"CallbackCommand":"Group.X"},{}]}"#, "command_mismatch");
}

#[test]
fn a_batch_with_something_to_decide_is_refused_unless_it_is_alone() {
    let batch = |commands: &[&str]| {
        let event = |command: &&str| format!(r#"{{"CallbackCommand":"Push.{command}"}}"#);
        let events: Vec<_> = commands.iter().map(event).collect();
        format!(r#"{{"Events":[{}]}}"#, events.join(","))
    };
    for commands in [
        &["CallbackBeforeX", "CallbackBeforeX"][..],
        &["CallbackBeforeX", "CallbackPrevY", "CallbackBeforeZ"],
        &["CallbackBeforeX", "OfflinePush"],
        &["OfflinePush", "CallbackBeforeX"],
    ] {
        check(&batch(commands), "several_before");
    }
    let alone = push(&batch(&["CallbackBeforeX"])).expect("opened");
    assert_eq!((alone.len(), alone[0].facts.phase), (1, Phase::Before));
}
