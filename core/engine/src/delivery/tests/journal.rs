//! Journals that fail, and lanes that end.

use super::*;

#[tokio::test]
async fn a_journal_that_cannot_be_read_makes_no_dead_letters() {
    let action = picky(1);
    let house = House::new(Arc::new(Passes::default()), action.clone(), "").await;
    house.journal.fail_state(10);
    house.append("k", "one").await;
    while action.inner.records().is_empty() {
        assert!(
            house.journal.dead_letters(&DeadLetterQuery::first(10)).await.unwrap().items.is_empty(),
            "given up"
        );
        house.clock.advance(PAUSE);
        tokio::task::yield_now().await;
    }
    house.stop().await;
}

#[tokio::test]
async fn what_cannot_be_settled_is_not_delivered_over_and_over() {
    for batch in [1, 10] {
        let action = picky(batch);
        let house = House::new(Arc::new(Passes::default()), action.clone(), "").await;
        house.journal.fail_deliveries(1000);
        house.append("k", "one").await;
        while house.clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        house.journal.set_health(Health::Unavailable("full".into()));
        for _ in 0..50 {
            house.clock.advance(PAUSE);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(action.inner.attempts(), 1, "the target is flooded, {batch} at a time");
        house.journal.fail_deliveries(0);
        house.journal.set_health(Health::Ready);
        while house.status("h>a").await.cursor.0 == 0 {
            house.clock.advance(PAUSE);
            tokio::task::yield_now().await;
        }
        assert_eq!(action.inner.attempts(), 2);
        house.stop().await;
    }
}

#[tokio::test]
async fn while_nothing_can_be_settled_no_more_is_delivered_than_a_crash_may_bring_back() {
    let action = picky(1);
    let house = House::new(Arc::new(Passes::default()), action.clone(), "concurrency = 4").await;
    house.journal.hold_deliveries(true);
    for n in 0..40 {
        house.append(&format!("key {n}"), "one").await;
    }
    for _ in 0..2000 {
        tokio::task::yield_now().await;
    }
    let attempts = action.inner.attempts();
    assert!((4..=8).contains(&attempts), "{attempts}");
    house.journal.hold_deliveries(false);
    action.inner.delivered(40).await;
    house.until("h>a", |lane| lane.cursor.0 == 40).await;
    assert_eq!(action.inner.attempts(), 40);
    house.stop().await;
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_journal_that_cannot_be_read() {
    let house = House::new(Arc::new(Passes::default()), picky(1), "").await;
    house.journal.fail_state(usize::MAX);
    house.append("k", "one").await;
    while house.clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    let journal = house.journal.clone();
    house.stop().await;
    assert!(
        journal.dead_letters(&DeadLetterQuery::first(10)).await.unwrap().items.is_empty(),
        "given up"
    );
}

#[tokio::test]
async fn a_lane_that_ends_by_itself_is_told() {
    let house = House::new(Arc::new(Passes::default()), picky(1), "").await;
    let (journal, mut lanes) = (house.journal, house.lanes);
    lanes.spawn(async { panic!("on purpose") });
    let told = lane_lost(&mut lanes, &*journal).await;
    assert!(told.contains("panicked"), "{told}");
    journal.shutdown().await; // closed, yet not failed
    assert!(lane_lost(&mut lanes, &*journal).await.contains("ended unexpectedly"));
}
