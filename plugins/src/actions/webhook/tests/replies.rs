//! What becomes of each answer.

use std::time::Duration;

use switchhook_api::{Failure, Plugin};
use tokio::time::timeout;

use super::target::{Answer, Target, say};
use super::{build, options, record, refused, relay_to};
use crate::actions::webhook::Webhook;

/// The result of one attempt, which may not take long.
async fn attempt(answer: Answer) -> Result<(), Failure> {
    let target = Target::start([answer]).await;
    let action = relay_to(&target, "").await;
    let result = timeout(Duration::from_secs(4), action.deliver(&record())).await;
    result.expect("bounded by itself")
}

fn permanent(result: &Result<(), Failure>) -> Option<bool> {
    result.as_ref().err().map(Failure::is_permanent)
}

/// What became of a record, given a status and further options.
async fn fate(status: u16, more: &str) -> &'static str {
    let target = Target::start([say(&format!("{status} X"))]).await;
    match relay_to(&target, more).await.deliver(&record()).await {
        Ok(()) => "delivered",
        Err(failure) if failure.is_gone() => "paused",
        Err(failure) if failure.is_permanent() => "dead letter",
        Err(_) => "retried",
    }
}

#[tokio::test]
async fn the_status_decides() {
    for status in 200..=299 {
        assert_eq!(fate(status, "").await, "delivered", "{status}");
    }
    for status in (300..=599).filter(|status| *status != 410) {
        let of_the_record = [400, 413, 414, 415, 422].contains(&status);
        let expected = if of_the_record { "dead letter" } else { "retried" };
        assert_eq!(fate(status, "").await, expected, "{status}");
    }
    assert_eq!(fate(410, "").await, "paused");
}

#[tokio::test]
async fn the_list_of_permanent_answers_can_be_changed() {
    for (list, expected) in [
        ("[]", [(400, "retried"), (422, "retried"), (401, "retried"), (410, "paused")]),
        ("[409]", [(409, "dead letter"), (400, "retried"), (503, "retried"), (410, "paused")]),
        (
            "[410, 404, 404]",
            [(410, "dead letter"), (404, "dead letter"), (400, "retried"), (204, "delivered")],
        ),
        (
            "[302, 501]",
            [(302, "dead letter"), (501, "dead letter"), (301, "retried"), (500, "retried")],
        ),
    ] {
        for (status, expected) in expected {
            let more = format!("permanent = {list}");
            assert_eq!(fate(status, &more).await, expected, "{list}, {status}");
        }
    }
}

#[tokio::test]
async fn what_was_answered_is_kept_in_short() {
    let body = format!("no\u{1b}[31m\r\nsuch thing {}", "x".repeat(5000));
    let text = format!("HTTP/1.1 404 Whatever\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let failure = attempt(Answer::Say(text)).await.expect_err("a failure");
    let response = failure.last_response().expect("a response");
    let start = "HTTP/1.1 404 Not Found no\\u{1b}[31m\\r\\nsuch thing xxx";
    assert!(response.starts_with(start), "{response}");
    assert!(response.len() < 1200, "{}", response.len());
    assert_eq!(failure.reason(), "the target answered 404 Not Found");
    let text = "HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n".to_owned();
    let failure = attempt(Answer::Say(text)).await.expect_err("a failure");
    assert_eq!(failure.last_response(), Some("HTTP/1.1 500 Internal Server Error"));
}

#[tokio::test]
async fn a_pause_is_asked_for_by_answers_that_are_tried_again() {
    let answer = |status: &str, wait: &str| {
        let head = format!("HTTP/1.1 {status}\r\nretry-after: {wait}\r\ncontent-length: 0\r\n\r\n");
        attempt(Answer::Say(head))
    };
    let wait = answer("429 X", "120").await.expect_err("a failure").wanted_wait();
    assert_eq!(wait, Some(Duration::from_mins(2)));
    let wait = answer("503 X", "Fri, 31 Dec 2199 23:59:59 GMT").await.expect_err("a failure");
    assert_eq!(wait.wanted_wait(), Some(Duration::from_hours(1)));
    let wait = answer("503 X", "whenever").await.expect_err("a failure");
    assert_eq!(wait.wanted_wait(), None);
    for status in ["401 X", "404 X", "302 X", "409 X"] {
        let wait = answer(status, "120").await.expect_err("a failure").wanted_wait();
        assert_eq!(wait, Some(Duration::from_mins(2)), "{status}");
    }
    let wait = answer("422 X", "120").await.expect_err("a failure");
    assert_eq!(wait.wanted_wait(), None);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Target::start([say("200 OK")]).await;
    for status in ["301 X", "302 X", "307 X", "308 X"] {
        let head =
            format!("HTTP/1.1 {status}\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", other.url());
        let failure = attempt(Answer::Say(head)).await.expect_err("a failure");
        assert!(!failure.is_permanent());
        assert!(failure.reason().contains("redirects are not followed"), "{failure}");
    }
    assert!(other.received().is_empty());
}

#[tokio::test]
async fn huge_and_slow_bodies_are_cut_and_do_not_change_the_result() {
    let endless = |status: &str| {
        Answer::Endless(format!("HTTP/1.1 {status}\r\ncontent-length: 1073741824\r\n\r\n"))
    };
    assert!(attempt(endless("200 OK")).await.is_ok());
    assert_eq!(permanent(&attempt(endless("500 X")).await), Some(false));
    let unframed = Answer::Endless("HTTP/1.1 200 OK\r\n\r\n".into());
    assert!(attempt(unframed).await.is_ok());
    let drip = |status: &str| {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 100000\r\n\r\n");
        Answer::Drip(format!("{head}{}", "d".repeat(1000)))
    };
    assert!(attempt(drip("200 OK")).await.is_ok());
    assert_eq!(permanent(&attempt(drip("422 X")).await), Some(true));
    let cut = Answer::Hang("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".into());
    assert!(attempt(cut).await.is_ok());
}

#[tokio::test]
async fn a_body_past_the_limit_costs_the_connection() {
    let body = "b".repeat(20_000_000);
    let big = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let target = Target::start([Answer::Say(big)]).await;
    let action = relay_to(&target, "").await;
    for _ in 0..2 {
        action.deliver(&record()).await.expect("delivered");
    }
    let connections: Vec<_> = target.received().iter().map(|one| one.connection).collect();
    assert_eq!(connections, [1, 2]);
}

#[tokio::test]
async fn what_is_no_answer_is_tried_again() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(2_000_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(10_000));
    let answers = [
        Answer::Hang("\u{0}\u{1}garbage\r\n\r\n".into()),
        Answer::Hang("HTTP/1.1 2000 OK\r\n\r\n".into()),
        Answer::Hang("HTTP/1.1 200".into()),
        Answer::Hang(String::new()),
        Answer::Hang(long),
        Answer::Hang(many),
        Answer::Hang("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".into()),
        Answer::Reset,
        Answer::Midway,
    ];
    for (i, answer) in answers.into_iter().enumerate() {
        let result = attempt(answer).await;
        assert_eq!(permanent(&result), Some(false), "{i}: {result:?}");
        let reason = result.expect_err("a failure").reason();
        assert!(!reason.contains("in-the-url"), "{reason}");
    }
}

#[tokio::test]
async fn a_target_that_cannot_be_reached_is_tried_again() {
    let target = Target::start([Answer::Midway]).await;
    let no_tls = format!("url = \"https://{}/\"\nallow_private = true", target.address);
    let closed = "url = \"http://127.0.0.1:1/\"\nallow_private = true";
    let nameless = "url = \"http://nowhere.invalid/\"";
    for toml in [no_tls.as_str(), closed, nameless] {
        let failure = refused(&build(toml).await.expect("built")).await;
        assert!(!failure.is_permanent(), "{toml}: {failure}");
        assert_eq!(failure.last_response(), None);
    }
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_before_connecting() {
    let target = Target::start([say("200 OK")]).await;
    // Past `check`, which knows the name, to see what the resolver makes of it.
    let toml = format!("url = \"http://localhost:{}/\"", target.address.port());
    assert!(options(&toml).is_err());
    let section = switchhook_engine::config::Section::parse("options", &toml).expect("TOML");
    let options = section.read().expect("options");
    let action = Webhook::build(options, &switchhook_testkit::build_context("crm", "/"))
        .await
        .expect("built");
    let failure = refused(&action).await;
    assert!(!failure.is_permanent(), "a resolver that lies for a while must not make dead letters");
    assert!(failure.reason().contains("allow_private = true"), "{failure}");
    assert!(target.received().is_empty());
    let allowed = build(&format!("{toml}\nallow_private = true")).await.expect("built");
    allowed.deliver(&record()).await.expect("delivered");
}
