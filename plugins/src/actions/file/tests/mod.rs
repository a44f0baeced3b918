//! Real files in a folder of their own; disks that fail, fill up or lose power are in [`disks`].

mod crash;
mod disks;
mod paths;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use switchhook_core::config::Section;
use switchhook_core::{Callback, Component, Phase, Registry, Table};
use tempfile::TempDir;

use self::disks::Fast;
use super::disk::{Disk, Real};
use super::*;

/// A record whose body is its number.
fn record(handler: &str, number: u32) -> Record {
    with_body(handler, number, &number.to_string())
}

fn with_body(handler: &str, number: u32, body: &str) -> Record {
    let mut facts = Callback::new("X.Y", Phase::After, "1", Bytes::new()).facts;
    let id = format!("\"00000000-0000-7000-8000-{number:012}\"");
    facts.id = serde_json::from_str(&id).expect("an id");
    Record::new(handler.into(), facts, None, String::new(), Bytes::from(body.to_owned()))
}

fn records(handler: &str, numbers: impl IntoIterator<Item = u32>) -> Vec<Record> {
    numbers.into_iter().map(|number| record(handler, number)).collect()
}

fn place() -> (TempDir, PathBuf) {
    let base = tempfile::tempdir().expect("a folder");
    let path = base.path().join("out.jsonl");
    (base, path)
}

fn unstarted(path: &Path, fsync: Fsync, disk: Arc<dyn Disk>) -> File {
    let spec = Spec { path: path.into(), name: "audit".into(), sync: fsync != Fsync::Os, disk };
    File::new(fsync, spec)
}

async fn opened(path: &Path) -> File {
    let action = unstarted(path, Fsync::Batch, Arc::new(Fast));
    action.start().await.expect("started");
    action
}

/// Delivers and expects it to succeed.
async fn deliver(action: &File, records: &[Record]) {
    for (place, result) in action.deliver_batch(records).await.into_iter().enumerate() {
        result.unwrap_or_else(|failure| panic!("record {place}: {failure}"));
    }
}

async fn fails(action: &File, records: &[Record]) -> String {
    let results = action.deliver_batch(records).await;
    let failure = results.into_iter().next_back().expect("a result").expect_err("a failure");
    assert!(!failure.is_permanent(), "{failure}");
    failure.reason()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("readable")
}

fn lines(numbers: impl IntoIterator<Item = u32>) -> String {
    let lines = numbers.into_iter().map(|number| number.to_string() + "\n");
    lines.collect()
}

async fn built(options: &str, base: &Path) -> Arc<dyn Action> {
    let registry = Registry::linked().expect("distinct");
    let section = Section::parse("actions.audit.options", options).expect("TOML");
    let plugin = registry.get(Table::Actions, "file").expect("linked");
    let options = plugin.configure(&section).expect("good options");
    match options.build(&BuildContext::new("audit", base)).await.expect("built") {
        Component::Action(action) => action,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_example_is_good_and_each_way_to_sync_writes_each_record_once_in_order() {
    for options in [
        File::EXAMPLE,
        "path = \"data/callbacks.jsonl\"\nfsync = \"every\"",
        "path = \"data/callbacks.jsonl\"\nfsync = \"os\"",
        "path = \"data/callbacks.jsonl\"",
    ] {
        let base = tempfile::tempdir().expect("a folder");
        let action = built(options, base.path()).await;
        assert_eq!(action.batch_max(), if options.contains("every") { 1 } else { 1024 });
        action.start().await.expect("started");
        for result in action.deliver_batch(&records("a", 0..50)).await {
            result.expect("delivered");
        }
        action.deliver(&record("a", 50)).await.expect("delivered");
        action.shutdown().await;
        assert_eq!(text(&base.path().join("data/callbacks.jsonl")), lines(0..=50), "{options}");
    }
}

#[test]
fn options_that_cannot_work_are_refused() {
    let registry = Registry::linked().expect("distinct");
    let plugin = registry.get(Table::Actions, "file").expect("linked");
    for options in
        ["", "path = \"\"", "path = \"a/\"", "path = \"..\"", "path = \"a\"\nfsync = \"no\""]
    {
        let section = Section::parse("actions.audit.options", options).expect("TOML");
        assert!(plugin.configure(&section).is_err(), "{options}");
    }
}

#[tokio::test]
async fn nothing_is_delivered_before_the_start_and_after_the_end() {
    let (_base, path) = place();
    let action = unstarted(&path, Fsync::Batch, Arc::new(Fast));
    assert!(fails(&action, &records("a", [1, 2])).await.contains("not started"));
    assert!(!path.exists());
    action.start().await.expect("started");
    deliver(&action, &records("a", [1])).await;
    action.shutdown().await;
    assert!(fails(&action, &records("a", [2])).await.contains("not started"));
    opened(&path).await;
}

#[tokio::test]
async fn a_body_that_cannot_be_a_line_fails_alone_and_holds_back_its_key() {
    let (_base, path) = place();
    let action = opened(&path).await;
    let mut batch = vec![
        record("a", 1),
        with_body("a", 2, "{\n"),
        record("a", 3),
        record("a", 4),
        with_body("a", 5, "{\n \"b\": 1.0 }"),
    ];
    batch[1].key = Some("k".into());
    batch[2].key = Some("k".into());
    let results = action.deliver_batch(&batch).await;
    let word = |result: &Result<(), Failure>| match result {
        Ok(()) => "ok",
        Err(failure) if failure.is_permanent() => "dead",
        Err(_) => "later",
    };
    let words: Vec<&str> = results.iter().map(word).collect();
    assert_eq!(words, ["ok", "dead", "later", "ok", "ok"]);
    assert_eq!(text(&path), "1\n4\n{\"b\":1.0}\n");
    deliver(&action, &batch[2..3]).await;
    assert_eq!(text(&path), "1\n4\n{\"b\":1.0}\n3\n");
}

#[tokio::test]
async fn what_is_handed_over_again_is_not_written_again_but_a_replay_is() {
    let (_base, path) = place();
    let action = opened(&path).await;
    deliver(&action, &records("a", 0..1024)).await;
    deliver(&action, &records("a", (0..1100).rev())).await;
    deliver(&action, &records("b", [7])).await;
    let mut replay = record("a", 7);
    replay.replay = Some(switchhook_core::Uuid::from_u128(1 << 80));
    deliver(&action, &[replay.clone()]).await;
    deliver(&action, &[replay]).await;
    let all: Vec<u32> = (0..1024).chain((1024..1100).rev()).chain([7, 7]).collect();
    assert_eq!(text(&path), lines(all));
}

#[tokio::test]
async fn handlers_and_tasks_share_one_file() {
    let (_base, path) = place();
    let action = Arc::new(opened(&path).await);
    let mut tasks = tokio::task::JoinSet::new();
    for (handler, first) in [("a", 0), ("b", 1000), ("c", 2000)] {
        let action = action.clone();
        tasks.spawn(async move {
            for start in (first..first + 300).step_by(7) {
                deliver(&action, &records(handler, start..start + 7)).await;
            }
        });
    }
    tasks.join_all().await;
    let written: Vec<u32> = text(&path).lines().map(|line| line.parse().expect("whole")).collect();
    assert_eq!(written.len(), 3 * 301);
    for first in [0, 1000, 2000] {
        let of_one = written.iter().copied().filter(|number| number / 1000 * 1000 == first);
        assert!(of_one.eq(first..first + 301), "in order");
    }
}

#[tokio::test]
async fn large_bodies_go_in_several_writes_and_stay_known_all_together() {
    let (_base, path) = place();
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    let batch: Vec<Record> = (0..12).map(|number| with_body("a", number, &large)).collect();
    deliver(&opened(&path).await, &batch).await;
    let first = fs::metadata(&path).expect("there").len();
    assert_eq!(first, 12 * (large.len() as u64 + 1));
    deliver(&opened(&path).await, &batch).await;
    assert_eq!(fs::metadata(&path).expect("there").len(), first);
}

#[tokio::test]
async fn a_call_that_is_given_up_is_finished_all_the_same() {
    let (_base, path) = place();
    let action = unstarted(&path, Fsync::Batch, Arc::new(Real));
    action.start().await.expect("started");
    let batch = records("a", 0..100);
    for polls in 0..6 {
        let mut call = Box::pin(action.deliver_batch(&batch));
        for _ in 0..polls {
            let once = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx)));
            if once.await.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    deliver(&action, &batch).await;
    assert_eq!(text(&path), lines(0..100));
}

#[tokio::test]
#[ignore = "a measurement: run it with --release --nocapture"]
async fn batches_of_500_cost_little() {
    let (_base, path) = place();
    let action = opened(&path).await;
    let body = format!("{{\"text\":\"{}\"}}", "x".repeat(600));
    let batches: Vec<Vec<Record>> = (0..200)
        .map(|batch| (0..500).map(|n| with_body("a", batch * 500 + n, &body)).collect())
        .collect();
    let clock = BuildContext::new("audit", "").clock;
    let start = clock.now();
    for batch in &batches {
        deliver(&action, batch).await;
    }
    let taken = clock.now().saturating_sub(start);
    println!("{:?} for each record", taken / 100_000);
}
