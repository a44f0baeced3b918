use std::time::Duration;

use switchhook_engine::admin::{Pause, Retry};

use super::remote::with_wait_notice;
use super::*;
use crate::block_on;
use crate::fixtures::{both, config, journal, served_for};

#[test]
fn a_journal_that_is_held_and_cannot_be_asked_is_unavailable() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = format!("{{ locked = {:?} }}", folder.path());
    let opened = block_on(async { Store::open(config(&options)).await.map(|_| ()) });
    let failed = opened.expect_err("held");
    assert_eq!(failed.code, 69);
    let message = &failed.message;
    assert!(message.contains("in use by process 7"), "{message}");
    assert!(
        message.contains("no server listens at") && message.contains("restart it"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_not_waited_for_as_for_one_at_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = tokio::net::UnixListener::bind(folder.path().join("admin.sock"));
    let options = format!("{{ locked = {:?} }}", folder.path());
    let opened = tokio::time::timeout(Duration::from_secs(11), Store::open(config(&options)));
    let failed = opened.await.expect("within ten seconds").map(|_| ()).expect_err("stopped");
    assert_eq!(failed.code, 69);
    assert!(
        failed.message.ends_with("no response within 10 s; is that process suspended?"),
        "{}",
        failed.message
    );
    drop(socket.expect("bound"));
}

#[tokio::test(start_paused = true)]
async fn only_who_waits_long_is_told() {
    for (seconds, expected) in [(1, 0), (3, 1)] {
        let mut told = 0;
        let work = tokio::time::sleep(Duration::from_secs(seconds));
        with_wait_notice(work, || told += 1).await;
        assert_eq!(told, expected, "after {seconds} s");
    }
}

#[tokio::test]
async fn both_ways_say_the_same() {
    let memory = journal(3, 1).await;
    let (mut local, mut remote, _folder) = both(Arc::new(memory.clone())).await;
    let query = EventQuery { limit: 2, ..EventQuery::default() };
    let (one, other) = (local.events(&query, true).await, remote.events(&query, true).await);
    let (one, other) = (one.expect("read"), other.expect("read"));
    let text = |page: &Page<Box<RawValue>>| -> Vec<String> {
        page.items.iter().map(|item| item.get().to_owned()).collect()
    };
    assert_eq!((text(&one), one.next), (text(&other), other.next));
    assert_eq!((one.items.len(), one.next), (2, Some(2)));
    let bare = remote.events(&query, false).await.expect("read");
    assert!(bare.items.iter().all(|event| !event.get().contains("body")), "{bare:?}");
    let (one, other) = (local.lanes().await, remote.lanes().await);
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    let query = DeadLetterQuery::first(5);
    let (one, other) = (local.dead_letters(&query).await, remote.dead_letters(&query).await);
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    for store in [&mut local, &mut remote] {
        let refused = store.execute(Pause { action: "crm".to_owned(), paused: true }).await;
        let failed = Failed::from(refused.expect_err("no such action"));
        assert_eq!((failed.code, &*failed.message), (64, "there is no action `crm`"));
    }
    memory.set_health(switchhook_api::journal::Health::Failed("gone".to_owned()));
    for store in [&mut local, &mut remote] {
        let failed =
            Failed::from(store.execute(Retry { numbers: vec![1] }).await.expect_err("gone"));
        assert_eq!(failed.code, 74, "{failed:?}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_made_anew() {
    let memory = journal(1, 0).await;
    let (mut store, _folder) = served_for(Arc::new(memory), Duration::from_millis(1)).await;
    for _ in 0..2 {
        assert_eq!(store.lanes().await.expect("read").len(), 2);
        let Store::Remote(remote) = &mut store else { panic!("a server") };
        while remote.client.is_open().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
