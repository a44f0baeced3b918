//! Several callbacks in one request: one reply cannot hold several verdicts.

use super::*;

#[tokio::test(start_paused = true)]
async fn several_callbacks_of_which_one_is_decided_are_refused_before_anybody_is_asked() {
    for (count, body) in [
        "A.Before\nB.Before",
        "A.Before k\nA.Before k",
        "A.Before\nB.Before\nC.Before",
        "A.Before\nB.After",
        "A.After\nB.Before",
        "A.After\nB.After\nC.Before",
        "A.Asked\nA.Asked",
        "A.Asked\nB.After",
        "A.After\nA.Asked",
        "A.Before\nA.Asked",
    ]
    .into_iter()
    .enumerate()
    {
        let handler = counting();
        let fixture = Fixture::new("", &[(&handler, OnFailure::Allow)]);
        for _ in 0..=count {
            assert_eq!(fixture.post(body).await, "refused: several_before", "{body}");
        }
        assert_eq!(handler.asked.load(Ordering::SeqCst), 0, "{body}");
        assert_eq!(fixture.kept().await, 0, "{body}");
        let refusals = r#"refusals_total{source="lines",reason="several_before"}"#;
        assert_eq!(fixture.counted(refusals), Some((count + 1).to_string()), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_callbacks_that_nobody_decides_come_together_and_a_decided_one_comes_alone() {
    let handler = counting();
    let fixture = Fixture::new("", &[(&handler, OnFailure::Allow)]);
    for (body, answer, kept) in [
        ("", "Accepted", 0),
        ("A.After", "Accepted", 1),
        ("A.After\nB.After\nC.After", "Accepted", 4),
        ("A.Asked", "1", 5),
        ("A.Before", "2", 6),
    ] {
        assert_eq!(
            (fixture.post(body).await.as_str(), fixture.kept().await),
            (answer, kept),
            "{body}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_after_callback_that_a_source_takes_for_a_before_callback_is_persisted_first() {
    let fixture = Fixture::new("", &[]);
    fixture.journal.set_commit_time(Duration::from_hours(1));
    assert_eq!(fixture.post("mistaken\nA.After").await, "Unavailable");
}
