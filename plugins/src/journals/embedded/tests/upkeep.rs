//! What operators ask for, where blobs and the disk have a part in it.

use jiff::SignedDuration;
use switchhook_api::Clock as _;
use switchhook_api::journal::{Pruned, Replay, Retention};
use switchhook_testkit::callback;

use super::*;

const HOUR: Duration = Duration::from_hours(1);

fn ids() -> [ConsumerId; 2] {
    [ConsumerId::projection("h"), ConsumerId::subscription("h", "a")]
}

async fn attached(folder: &Folder) -> Embedded {
    let journal = folder.embedded().unwrap();
    journal.attach(&ids().map(lane)).await.unwrap();
    journal
}

async fn project(journal: &Embedded) {
    let callback = switchhook_testkit::callback("A.B", "");
    let got = lease(journal, &ids()[0], 100).await;
    finish(journal, got, || Disposition::Recorded(Some(NewRecord::of(&callback)))).await;
}

fn replay(positions: &[u64]) -> Replay {
    let positions = positions.iter().copied().map(Position).collect();
    Replay { lane: ids()[1].clone(), positions, dry_run: false }
}

fn all() -> Retention {
    Retention { retention: Some(Duration::ZERO), ..Retention::default() }
}

#[tokio::test]
async fn a_blob_goes_as_a_whole_or_stays() {
    let folder = Folder::new();
    let journal = attached(&folder).await;
    for bodies in [["one", "two"], ["three", "four"], ["five", "six"]] {
        let entries = bodies.map(|body| entry("A.B", "k", body)).into();
        journal.append(entries).await.unwrap();
    }
    project(&journal).await;
    let got = lease(&journal, &ids()[1], 9).await;
    let fates = got.items.iter().map(|item| {
        let dead = Disposition::Dead { reason: "no".into(), response: None };
        (item.position, if item.position.0 == 3 { dead } else { Disposition::Delivered })
    });
    let fates = fates.collect();
    let (lane, token, state) = (got.lane, got.token, StateChanges::new());
    journal.settle(Settlement { lane, token, fates, state }).await.unwrap();
    let pruned = journal.prune(&all()).await.unwrap();
    assert_eq!(pruned, Pruned { events: 4, ..Pruned::default() });
    let page = journal.events(&EventQuery { limit: 9, ..EventQuery::default() }).await.unwrap();
    assert_eq!(page.items.iter().map(|one| one.position.0).collect::<Vec<_>>(), [4, 3]);
    journal.retry_dead_letters(&[1]).await.unwrap();
    let got = lease(&journal, &ids()[1], 9).await;
    let Work::Record(record) = &got.items[0].work else { panic!("a record") };
    assert_eq!(record.body, "three");
}

#[tokio::test]
async fn what_was_removed_is_not_read_from_memory() {
    let folder = Folder::new();
    let journal = attached(&folder).await;
    append(&journal, "x").await.unwrap();
    project(&journal).await;
    let got = lease(&journal, &ids()[1], 9).await;
    finish(&journal, got, || Disposition::Delivered).await;
    journal.prune(&all()).await.unwrap();
    let done = journal.replay(&replay(&[1])).await.unwrap();
    assert_eq!((done.queued, done.missing), (0, 1));
}

#[tokio::test]
async fn a_replay_whose_record_is_gone_becomes_a_dead_letter() {
    let folder = Folder::new();
    let journal = attached(&folder).await;
    append(&journal, "x").await.unwrap();
    append(&journal, "y").await.unwrap();
    project(&journal).await;
    let got = lease(&journal, &ids()[1], 9).await;
    finish(&journal, got, || Disposition::Delivered).await;
    assert_eq!(journal.replay(&replay(&[1])).await.unwrap().queued, 1);
    drop(journal);
    folder.raw().execute("DELETE FROM records", []).unwrap();
    let journal = attached(&folder).await;
    let id = ids()[1].clone();
    let want = want(9);
    let leasing = tokio::time::timeout(Duration::from_millis(200), journal.lease(&id, &want)).await;
    assert!(leasing.is_err(), "{leasing:?}");
    let letters = journal.dead_letters(&DeadLetterQuery::first(9)).await.unwrap().items;
    assert_eq!((letters.len(), letters[0].position.0), (1, 1));
    assert!(letters[0].reason.contains("not in the journal any more"), "{}", letters[0].reason);
    assert_eq!(JournalAdmin::damaged(&journal), 0);
}

#[tokio::test]
async fn what_does_not_fit_on_a_full_disk_changes_nothing() {
    let folder = Folder::new();
    let journal = attached(&folder).await;
    let entries = (0..1000).map(|_| entry("A.B", "k", "x")).collect();
    journal.append(entries).await.unwrap();
    let callback = switchhook_testkit::callback("A.B", "");
    let got = lease(&journal, &ids()[0], 1000).await;
    finish(&journal, got, || Disposition::Recorded(Some(NewRecord::of(&callback)))).await;
    let got = lease(&journal, &ids()[1], 1000).await;
    finish(&journal, got, || Disposition::Dead { reason: "no".into(), response: None }).await;
    journal.shared.pages.store(1, std::sync::atomic::Ordering::Relaxed);
    let wanted: Vec<u64> = (1..=1000).collect();
    let refused = journal.replay(&replay(&wanted)).await;
    assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    let lanes = journal.lanes().await.unwrap();
    assert_eq!((lanes[1].open, lanes[1].dead), (0, 1000));
    journal.pause("a", true).await.unwrap();
    assert_eq!(journal.drop_dead_letters(&[1, 2]).await.unwrap(), 2);
    journal.shared.pages.store(1_000_000, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(journal.replay(&replay(&wanted)).await.unwrap().queued, 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_are_kept_while_much_is_removed() {
    let folder = Folder::new();
    let journal = Arc::new(attached(&folder).await);
    let body = "x".repeat(50_000);
    for _ in 0..300 {
        append(&journal, &body).await.unwrap();
    }
    drop(journal);
    let journal = Arc::new(folder.embedded().unwrap());
    folder.clock.advance(HOUR);
    journal.attach(&[]).await.unwrap();
    folder.clock.advance(HOUR);
    let retention = Retention { orphan_retention: Some(HOUR), retention: Some(HOUR), ..all() };
    let pruning = tokio::spawn({
        let journal = journal.clone();
        async move { journal.prune(&retention).await.unwrap() }
    });
    let mut kept = 0;
    while !pruning.is_finished() {
        append(&journal, "y").await.unwrap();
        kept += 1;
    }
    let pruned = pruning.await.unwrap();
    assert_eq!((pruned.events, pruned.lanes), (300, vec!["h".to_owned(), "h>a".to_owned()]));
    assert!(kept > 5, "only {kept} callbacks got in between");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo test -- --ignored --nocapture measure_prune"]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
async fn measure_prune() {
    let folder = Folder::new();
    let journal = Arc::new(folder.embedded().unwrap());
    for _ in 0..40 {
        let entries = (0..10).map(|_| entry("A.B", "k", "x".repeat(25_000)));
        for entries in (0..10).map(|_| entries.clone().collect()) {
            journal.append(entries).await.unwrap();
        }
    }
    let time = async |mut on: Box<dyn FnMut() -> bool + Send>| {
        let mut times = Vec::new();
        while on() {
            let begin = Instant::now();
            append(&journal, &"y".repeat(300)).await.unwrap();
            times.push(begin.elapsed());
        }
        times.sort();
        (times.len(), times[times.len() / 2], times[times.len() * 99 / 100], times[times.len() - 1])
    };
    let mut left = 500;
    let quiet = time(Box::new(move || {
        left -= 1;
        left > 0
    }))
    .await;
    let retention = Retention { retention_size: Some(1 << 20), ..Retention::default() };
    let pruning = tokio::spawn({
        let journal = journal.clone();
        async move { (Instant::now(), journal.prune(&retention).await.unwrap(), Instant::now()) }
    });
    let done = pruning.abort_handle();
    let busy = time(Box::new(move || !done.is_finished())).await;
    let (begin, pruned, end) = pruning.await.unwrap();
    println!(
        "count, p50, p99, max: quiet {quiet:?}; {} removed in {:?}: {busy:?}",
        pruned.events,
        end - begin
    );
}

/// A crash may bring some of it back; a stop may not.
#[tokio::test]
async fn after_a_clean_stop_nothing_settled_comes_back() {
    let folder = Folder::new();
    let (h, a) = (ConsumerId::projection("h"), ConsumerId::subscription("h", "a"));
    let lanes = [lane(h.clone()), lane(a.clone())];
    let journal = folder.embedded().unwrap();
    journal.attach(&lanes).await.unwrap();
    for body in ["one", "two", "three"] {
        append(&journal, body).await.unwrap();
    }
    let got = lease(&journal, &h, 9).await;
    finish(&journal, got, || Disposition::Recorded(Some(NewRecord::of(&callback("A.B", "")))))
        .await;
    let mut got = lease(&journal, &a, 9).await;
    got.items.remove(0);
    finish(&journal, got, || Disposition::Delivered).await;
    journal.shutdown().await;
    let journal = folder.embedded().unwrap();
    journal.attach(&lanes).await.unwrap();
    let left = lease(&journal, &a, 9).await;
    assert_eq!(left.items.iter().map(|item| item.position.0).collect::<Vec<_>>(), [1]);
}

/// Neither a handler that hears of nothing nor its action holds back what others are done with.
#[tokio::test]
async fn a_handler_without_callbacks_holds_nothing_back() {
    let folder = Folder::new();
    let commands = vec!["X.Y".parse().unwrap()];
    let lanes = [
        ConsumerSpec { commands, ..lane(ConsumerId::projection("h")) },
        lane(ConsumerId::subscription("h", "a")),
        lane(ConsumerId::projection("g")),
    ];
    let journal = folder.embedded().unwrap();
    journal.attach(&lanes).await.unwrap();
    append(&journal, "old").await.unwrap();
    let got = lease(&journal, &ConsumerId::projection("g"), 9).await;
    finish(&journal, got, || Disposition::Recorded(None)).await;
    folder.clock.advance(Duration::from_hours(1));
    let retention = Some(Duration::from_mins(30));
    let pruned = journal.prune(&Retention { retention, ..Retention::default() }).await.unwrap();
    assert_eq!((pruned.events, pruned.held_by), (1, None));
}

/// The clock was a month ahead for a while; what was kept then is at least as old as what came next.
#[tokio::test]
async fn a_clock_that_was_set_back_does_not_keep_what_is_old() {
    let folder = Folder::new();
    let month = SignedDuration::from_hours(31 * 24);
    let journal = folder.embedded().unwrap();
    append(&journal, "before").await.unwrap();
    folder.clock.jump_wall(month);
    for body in ["ahead", "ahead, too"] {
        append(&journal, body).await.unwrap();
    }
    folder.clock.jump_wall(-month);
    let prune = async || {
        let retention = Some(2 * HOUR);
        journal.prune(&Retention { retention, ..Retention::default() }).await.unwrap().events
    };
    folder.clock.advance(HOUR);
    assert_eq!(prune().await, 0);
    folder.clock.advance(HOUR);
    assert_eq!(prune().await, 1, "of what is at the end it is not known how old it is");
    append(&journal, "behind").await.unwrap();
    folder.clock.advance(HOUR);
    append(&journal, "new").await.unwrap();
    folder.clock.advance(HOUR);
    assert_eq!(prune().await, 3);
    let page = journal.events(&EventQuery { limit: 9, ..EventQuery::default() }).await.unwrap();
    assert_eq!(page.items.iter().map(|one| one.position.0).collect::<Vec<_>>(), [5]);
}

#[tokio::test]
async fn nothing_was_left_or_given_up_before_its_callback_came() {
    let folder = Folder::new();
    let journal = attached(&folder).await;
    append(&journal, "x").await.unwrap();
    project(&journal).await;
    drop(journal);
    let kept = folder.clock.wall();
    folder.clock.jump_wall(SignedDuration::from_hours(-50 * 365 * 24)); // not set yet
    let journal = attached(&folder).await;
    let got = lease(&journal, &ids()[1], 9).await;
    finish(&journal, got, || Disposition::Dead { reason: "no".into(), response: None }).await;
    let letters = journal.dead_letters(&DeadLetterQuery::first(9)).await.unwrap().items;
    assert_eq!(letters[0].at, kept);
    journal.attach(&[]).await.unwrap();
    let lanes = journal.lanes().await.unwrap();
    assert!(lanes.iter().all(|lane| lane.detached_at == Some(kept)), "{lanes:?}");
}

#[tokio::test]
async fn a_store_of_which_retention_left_only_what_a_dead_letter_needs_is_whole() {
    let folder = Folder::new();
    let journal = attached(&folder).await;
    for n in 1..=7 {
        append(&journal, &format!("{n}")).await.unwrap();
        project(&journal).await;
        let got = lease(&journal, &ids()[1], 9).await;
        finish(&journal, got, || match n {
            2 => Disposition::Dead { reason: "no".into(), response: None },
            _ => Disposition::Delivered,
        })
        .await;
    }
    assert_eq!(journal.prune(&all()).await.unwrap().events, 6);
    append(&journal, "8").await.unwrap();
    let verified = journal.verify().await.unwrap();
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!(verified.events, 2);
    folder.raw().execute_batch("UPDATE entries SET first = 10 WHERE first = 8").unwrap();
    let verified = journal.verify().await.unwrap();
    assert!(verified.problems[0].contains("8 to 9 are missing"), "{verified:?}");
}

#[tokio::test]
async fn what_a_page_leaves_out_for_damage_is_counted_once() {
    let folder = Folder::new();
    keep_three_with_the_second_damaged(&folder).await;
    let journal = folder.embedded().unwrap();
    let mut query = EventQuery { limit: 1, oldest_first: true, ..EventQuery::default() };
    query.commands = vec!["A.B".parse().unwrap()];
    let mut pages = Vec::new();
    loop {
        let page = journal.events(&query).await.unwrap();
        pages.push((page.items.len(), page.damaged));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [(1, 0), (1, 1)], "counted with one page alone");
}
