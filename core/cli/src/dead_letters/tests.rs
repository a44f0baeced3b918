use std::sync::Arc;
use std::time::Duration;

use switchhook_api::journal::{JournalAdmin, REPLAYS_OPEN_MAX};
use switchhook_testkit::MemoryJournal;

use super::requeue::{delete_all, find, retry_all};
use super::*;
use crate::fixtures::{both, deliver, fill, give_up, journal, served};
use crate::interrupt::Interrupt;

fn list_args(limit: u32) -> ListArgs {
    ListArgs { limit, before: None, of: ConsumerFilter::default(), format: Format::Text }
}

fn all() -> Selection {
    Selection { numbers: Vec::new(), all: true, of: ConsumerFilter::default() }
}

async fn numbers(store: &mut Store, args: &ListArgs) -> Vec<u64> {
    let page = list::find(store, args).await.expect("listed");
    page.items.iter().map(|letter| letter.number).collect()
}

#[tokio::test]
async fn both_ways_list_the_same_and_page_through_it() {
    let (local, remote, _folder) = both(Arc::new(journal(5, 4).await)).await;
    for mut store in [local, remote] {
        assert_eq!(numbers(&mut store, &list_args(20)).await, [4, 3, 2, 1]);
        let page = list::find(&mut store, &list_args(3)).await.expect("listed");
        assert_eq!(page.next, Some(2));
        let next = ListArgs { before: page.next, ..list_args(3) };
        assert_eq!(numbers(&mut store, &next).await, [1]);
    }
}

#[tokio::test]
async fn only_those_are_listed_that_are_asked_for() {
    let (local, remote, _folder) = both(Arc::new(journal(2, 2).await)).await;
    let lane =
        |text: &str| ConsumerFilter { consumer: text.parse().ok(), ..ConsumerFilter::default() };
    let action =
        |text: &str| ConsumerFilter { action: Some(text.to_owned()), ..ConsumerFilter::default() };
    let handler =
        |text: &str| ConsumerFilter { handler: Some(text.to_owned()), ..ConsumerFilter::default() };
    for mut store in [local, remote] {
        for (of, count) in [
            (lane("changes>log"), 2),
            (lane("changes"), 0),
            (action("log"), 2),
            (action("crm"), 0),
            (handler("changes"), 2),
            (handler("change"), 0),
        ] {
            let args = ListArgs { of: of.clone(), ..list_args(20) };
            assert_eq!(numbers(&mut store, &args).await.len(), count, "{of:?}");
        }
    }
}

#[tokio::test]
async fn one_is_shown_whole_and_harmless() {
    let (local, remote, _folder) = both(Arc::new(journal(3, 2).await)).await;
    for mut store in [local, remote] {
        let args = |format| ShowArgs { number: 2, format };
        let text = show::shown(&mut store, &args(Format::Text)).await.expect("shown");
        for part in [
            "consumer  changes>log",
            "reason    the target said 410\\u{1b}[31m",
            "response  HTTP 410\\nGone\\u{202e}",
            "key       room2",
            "after 1 attempt",
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        assert!(text.ends_with("\n\n{\"n\":2}"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        let json = show::shown(&mut store, &args(Format::Json)).await.expect("shown");
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((&json["body"]["n"], &json["callback"]["key"]), (&2.into(), &"room2".into()));
        let none = ShowArgs { number: 9, format: Format::Text };
        assert_eq!(show::shown(&mut store, &none).await.expect_err("none").code, 64);
    }
}

async fn again(store: &mut Store, args: &Selection) -> Result<String, Failed> {
    let found = find(store, args).await?;
    retry_all(store, found, &Interrupt::default()).await
}

#[tokio::test]
async fn what_is_retried_is_delivered_under_a_new_id() {
    for way in 0..2 {
        let journal = journal(3, 2).await;
        let (local, remote, _folder) = both(Arc::new(journal.clone())).await;
        let mut store = if way == 0 { local } else { remote };
        let one = Selection { numbers: vec![2, 2, 7], all: false, ..all() };
        let said = again(&mut store, &one).await.expect("retried");
        let when = ["; it is processed when a server runs", ""][way];
        assert_eq!(said, format!("1 delivery queued again{when}"));
        assert_eq!(numbers(&mut store, &list_args(20)).await, [1]);
        let records = deliver(&journal, 0).await;
        assert_eq!(records.len(), 1);
        assert!(records[0].replay.is_some(), "{records:?}");
        assert_ne!(records[0].delivery(), records[0].facts.id);
    }
}

#[tokio::test]
async fn the_oldest_goes_first() {
    let journal = journal(450, 450).await;
    let (mut store, _theirs, _folder) = both(Arc::new(journal.clone())).await;
    again(&mut store, &all()).await.expect("retried");
    let bodies: Vec<_> = deliver(&journal, 0).await.into_iter().map(|one| one.body).collect();
    let expected: Vec<_> = (1..=450).map(|n| format!("{{\"n\":{n}}}")).collect();
    assert_eq!(bodies, expected);
}

/// A journal whose lane takes only two thirds of its dead letters.
async fn many() -> MemoryJournal {
    let journal = journal(600, 600).await;
    fill(&journal, 400).await;
    journal
}

#[tokio::test]
async fn without_a_server_a_full_lane_ends_it_and_says_how_to_go_on() {
    let (mut store, _theirs, _folder) = both(Arc::new(many().await)).await;
    let failed = again(&mut store, &all()).await.expect_err("full");
    assert_eq!(failed.code, 69);
    assert!(failed.message.contains("start the server"), "{}", failed.message);
    assert!(failed.message.contains("400 deliveries queued again, "), "{}", failed.message);
    assert_eq!(numbers(&mut store, &list_args(1000)).await.len(), 200);
}

#[tokio::test]
async fn beside_a_server_a_full_lane_is_waited_for() {
    let journal = many().await;
    let (mut store, _folder) = served(Arc::new(journal.clone())).await;
    let delivered = tokio::spawn(async move {
        // Only a full lane is emptied: it is found full for certain.
        while journal.lanes().await.expect("read")[1].open < REPLAYS_OPEN_MAX as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut count = 0;
        while count < REPLAYS_OPEN_MAX + 200 {
            count += deliver(&journal, 0).await.len();
        }
        count
    });
    let said = again(&mut store, &all()).await.expect("retried");
    assert!(said.starts_with("600 deliveries queued again"), "{said}");
    assert_eq!(delivered.await.expect("delivered"), REPLAYS_OPEN_MAX + 200);
}

#[tokio::test]
async fn a_lane_that_left_the_configuration_keeps_its_own() {
    let journal = journal(2, 2).await;
    journal_without_log(&journal).await;
    let (mut store, _folder) = served(Arc::new(journal)).await;
    let failed = again(&mut store, &all()).await.expect_err("refused");
    assert_eq!(failed.code, 64);
    assert!(failed.message.contains("changes>log is not in the configuration"), "{failed:?}");
    assert_eq!(numbers(&mut store, &list_args(20)).await.len(), 2);
}

#[tokio::test]
async fn without_a_server_it_is_the_configuration_that_says_what_belongs_to_it() {
    let journal = journal(2, 2).await;
    journal_without_log(&journal).await;
    let (mut store, _theirs, _folder) = both(Arc::new(journal)).await;
    let said = again(&mut store, &all()).await.expect("retried");
    assert!(said.starts_with("2 deliveries queued again"), "{said}");
}

async fn journal_without_log(journal: &MemoryJournal) {
    use switchhook_api::journal::Journal;
    let mut lanes = switchhook_engine::app::lanes(&crate::fixtures::config("{}"));
    lanes.retain(|lane| lane.id.action().is_none());
    journal.attach(&lanes).await.expect("attached");
}

#[tokio::test]
async fn interrupted_it_says_what_is_left() {
    let (mut store, _theirs, _folder) = both(Arc::new(journal(2, 2).await)).await;
    let interrupt = Interrupt::default();
    interrupt.set();
    let found = find(&mut store, &all()).await.expect("found");
    let failed = retry_all(&mut store, found.clone(), &interrupt).await.expect_err("interrupted");
    assert_eq!(failed.code, 130);
    assert!(failed.message.contains("0 deliveries queued again, "), "{}", failed.message);
    let failed = delete_all(&mut store, found, &interrupt).await.expect_err("interrupted");
    assert_eq!(failed.code, 130);
    assert_eq!(numbers(&mut store, &list_args(20)).await.len(), 2);
}

#[tokio::test]
async fn what_a_handler_gave_up_is_a_callback_and_no_delivery() {
    let journal = journal(4, 1).await;
    give_up(&journal, 2).await;
    let (mut store, _folder) = served(Arc::new(journal)).await;
    let of = ConsumerFilter { handler: Some("changes".to_owned()), ..ConsumerFilter::default() };
    let lane = |text: &str| Selection {
        numbers: Vec::new(),
        all: false,
        of: ConsumerFilter { consumer: text.parse().ok(), ..of.clone() },
    };
    let one = Selection { numbers: vec![3], ..all() };
    assert_eq!(again(&mut store, &one).await.expect("retried"), "1 callback queued again");
    let both = again(&mut store, &all()).await.expect("retried");
    assert_eq!(both, "1 delivery queued again, 1 callback queued again");
    let none = again(&mut store, &lane("changes>log")).await.expect("nothing to do");
    assert_eq!(none, "0 deliveries queued again");
}

#[tokio::test]
async fn one_that_is_forgotten_is_not_many() {
    let (mut store, _theirs, _folder) = both(Arc::new(journal(1, 1).await)).await;
    let found = find(&mut store, &all()).await.expect("found");
    let said = delete_all(&mut store, found, &Interrupt::default()).await.expect("forgotten");
    assert_eq!(said, "1 dead letter deleted");
}

#[tokio::test]
async fn names_that_are_nowhere_are_told() {
    let (local, remote, _folder) = both(Arc::new(journal(1, 1).await)).await;
    let of = |lane: &str, handler: &str, action: &str| {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let lane = some(lane).and_then(|lane| lane.parse().ok());
        ConsumerFilter { consumer: lane, handler: some(handler), action: some(action) }
    };
    for mut store in [local, remote] {
        for (of, count) in [
            (of("", "", ""), 0),
            (of("changes>log", "", ""), 0),
            (of("", "changes", "log"), 0),
            (of("changes>lug", "", ""), 1),
            (of("", "change", "crm"), 2),
        ] {
            let told = of.unknown(&mut store, Names::default()).await;
            assert_eq!(told.len(), count, "{of:?}: {told:?}");
        }
        let configured = Names::of(&crate::fixtures::config("{}"));
        assert!(of("", "", "log").unknown(&mut store, configured).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_forgotten_is_gone() {
    let (local, remote, _folder) = both(Arc::new(journal(1500, 1500).await)).await;
    for (mut store, left) in [(local, vec![1400, 2]), (remote, Vec::new())] {
        let mut args = all();
        if !left.is_empty() {
            let numbers = (1..=1500).filter(|n| !left.contains(n)).collect();
            args = Selection { numbers, all: false, ..args };
        }
        let found = find(&mut store, &args).await.expect("found");
        delete_all(&mut store, found, &Interrupt::default()).await.expect("forgotten");
        assert_eq!(numbers(&mut store, &list_args(20)).await, left);
    }
}
