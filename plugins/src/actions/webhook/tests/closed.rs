//! Reused connections that the target closes while a request is on its way.

use super::record;
use super::relay_to;
use super::target::{Answer, Target, say};

const ROUNDS: usize = 50;

fn silence() -> Answer {
    Answer::Hang(String::new())
}

/// How a target can end a connection without an answer.
fn endings() -> [(&'static str, Answer); 3] {
    [
        ("end", silence()),
        ("reset", Answer::Reset),
        ("half a head", Answer::Hang("HTTP/1.1 2".into())),
    ]
}

#[tokio::test]
async fn a_relay_that_crosses_the_end_of_a_reused_connection_is_sent_again_at_once() {
    for (name, ending) in endings() {
        // The third request is the second one again. It has a connection of its own, so the next round begins with a new one.
        let round = [say("200 OK"), ending, say("200 OK")];
        let answers: Vec<_> = round.into_iter().cycle().take(3 * ROUNDS).collect();
        let target = Target::start(answers).await;
        let action = relay_to(&target, "").await;
        for n in 0..2 * ROUNDS {
            let result = action.deliver(&record()).await;
            assert!(result.is_ok(), "{name}, {n}: {result:?}");
        }
        let received = target.received();
        assert_eq!(received.len(), 3 * ROUNDS, "{name}");
        for round in received.chunks(3) {
            let [first, lost, again] = round else { panic!("three") };
            assert_eq!(first.connection, lost.connection, "{name}");
            assert_ne!(lost.connection, again.connection, "{name}");
            assert_eq!(lost.header("webhook-id"), again.header("webhook-id"), "{name}");
            assert_eq!(lost.body, again.body, "{name}");
        }
    }
}

/// The answer and the end come together: whether the next relay still takes the connection is a matter of microseconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_closes_behind_each_answer_without_a_word_never_fails() {
    let last = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned();
    let target = Target::start([Answer::Hang(last)]).await;
    let action = relay_to(&target, "").await;
    for n in 0..10 * ROUNDS {
        let result = action.deliver(&record()).await;
        assert!(result.is_ok(), "{n}: {result:?}");
    }
}

#[tokio::test]
async fn a_target_that_ends_every_connection_fails_and_is_not_flooded() {
    for (name, ending) in endings() {
        let target = Target::start([say("200 OK"), ending]).await;
        let action = relay_to(&target, "").await;
        // The second relay is sent twice, for its connection had been good; those behind it have fresh ones, and are sent once.
        for (n, requests) in [(1, 1), (2, 3), (3, 4), (4, 5)] {
            let result = action.deliver(&record()).await;
            assert_eq!(result.is_ok(), n == 1, "{name}, {n}");
            assert!(result.err().is_none_or(|failure| !failure.is_permanent()), "{name}, {n}");
            assert_eq!(target.received().len(), requests, "{name}, {n}");
        }
    }
}

#[tokio::test]
async fn what_is_an_answer_of_some_kind_is_not_sent_again() {
    for answer in
        ["\u{0}\u{1}garbage\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 500 X\r\n\r\n"]
    {
        let target = Target::start([say("200 OK"), Answer::Hang(answer.into())]).await;
        let action = relay_to(&target, "").await;
        action.deliver(&record()).await.expect("delivered");
        assert!(action.deliver(&record()).await.is_err(), "{answer}");
        assert_eq!(target.received().len(), 2, "{answer}");
    }
}
