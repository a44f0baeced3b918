//! Real files in a folder of their own; disks that fail, fill up or lose power are in [`disks`] and [`volatile`].

mod crash;
mod disks;
mod paths;
mod rotation;
mod rotation_crash;
mod upkeep;
mod volatile;

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use switchhook_api::{Callback, Clock, Component, Phase, Registry, Table};
use switchhook_engine::config::Section;
use switchhook_testkit::TestClock;
use tempfile::TempDir;

use self::disks::Fast;
use super::disk::{Disk, Real};
use super::store::Rotation;
use super::*;

/// A clock in the hands of a test, which is told when somebody waits for it.
#[derive(Debug, Default)]
struct Hand {
    clock: TestClock,
    asleep: Notify,
}

#[async_trait]
impl Clock for Hand {
    fn wall(&self) -> Timestamp {
        self.clock.wall()
    }
    fn now(&self) -> Duration {
        self.clock.now()
    }
    async fn sleep_until(&self, at: Duration) {
        self.asleep.notify_one();
        self.clock.sleep_until(at).await;
    }
}

impl Deref for Hand {
    type Target = TestClock;
    fn deref(&self) -> &TestClock {
        &self.clock
    }
}

/// An action whose time the test has in hand.
struct Tried {
    file: File,
    clock: Arc<Hand>,
}

impl Deref for Tried {
    type Target = File;
    fn deref(&self) -> &File {
        &self.file
    }
}

impl Tried {
    fn new(path: &Path, disk: Arc<dyn Disk>, rotation: Rotation, keep: Keep) -> Self {
        Self::at(Arc::default(), path, disk, rotation, keep)
    }

    fn at(
        clock: Arc<Hand>,
        path: &Path,
        disk: Arc<dyn Disk>,
        rotation: Rotation,
        keep: Keep,
    ) -> Self {
        let spec = Spec {
            names: Names::of(path),
            path: path.into(),
            name: "audit".into(),
            sync: true,
            disk,
            clock: clock.clone(),
            rotation,
            rotating: std::sync::Mutex::default(),
            rotated: Notify::new(),
        };
        Self { file: File::new(Fsync::Batch, spec, keep), clock }
    }

    /// Starts it without the task beside the deliveries.
    async fn begin(&self) -> io::Result<()> {
        let mut state = self.lock().await;
        state.started = true;
        state.ready()
    }

    /// One attempt, as of a process that may be killed: where an attempt waits for better times, it is given up.
    async fn attempt(&self, records: &[Record]) -> bool {
        tokio::select! {
            results = self.deliver_batch(records) => results.iter().all(Result::is_ok),
            () = self.clock.asleep.notified() => false,
        }
    }
}

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

fn unstarted(path: &Path, disk: Arc<dyn Disk>) -> Tried {
    Tried::new(path, disk, Rotation::default(), Keep::default())
}

async fn opened(path: &Path) -> Tried {
    let action = unstarted(path, Arc::new(Fast));
    action.start().await.expect("started");
    action
}

/// Delivers and expects it to succeed.
async fn deliver(action: &Tried, records: &[Record]) {
    for (place, result) in action.deliver_batch(records).await.into_iter().enumerate() {
        result.unwrap_or_else(|failure| panic!("record {place}: {failure}"));
    }
}

async fn fails(action: &Tried, records: &[Record]) -> String {
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
    match options.build(&switchhook_testkit::build_context("audit", base)).await.expect("built") {
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
        assert_eq!(action.batch_max(), if options.contains("\"every\"") { 1 } else { 1024 });
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
    for (options, key) in [
        ("", "path"),
        ("path = ''", "path"),
        ("path = 'a/'", "path"),
        ("path = '..'", "path"),
        ("path = 'a'\nfsync = 'no'", "fsync"),
        ("path = 'a'\nrotate = {}", "rotate"),
        ("path = 'a'\nrotate = { size = '4095 B' }", "rotate.size"),
        ("path = 'a'\nrotate = { every = '59s' }", "rotate.every"),
        ("path = 'a'\nrotate = { evry = '1d' }", "rotate.evry"),
        ("path = 'a'\ncompress = true", "compress"),
        ("path = 'a'\nkeep_files = 1", "keep_files"),
        ("path = 'a'\nkeep_for = '1d'", "keep_for"),
        ("path = 'a'\nrotate = { every = '1d' }\nkeep_files = 0", "keep_files"),
        ("path = 'a'\nrotate = { every = '1d' }\nkeep_for = '0s'", "keep_for"),
    ] {
        let section = Section::parse("options", options).expect("TOML");
        let mistakes = plugin.configure(&section).err().expect(options);
        let keys: Vec<_> = mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
        assert_eq!(keys, [format!("options.{key}")], "{options}");
    }
}

#[tokio::test]
async fn nothing_is_delivered_before_the_start_and_after_the_end() {
    let (_base, path) = place();
    let action = unstarted(&path, Arc::new(Fast));
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
    replay.replay = Some(switchhook_api::Uuid::from_u128(1 << 80));
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
    let action = unstarted(&path, Arc::new(Real));
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
    let clock = switchhook_testkit::build_context("audit", "").clock;
    let start = clock.now();
    for batch in &batches {
        deliver(&action, batch).await;
    }
    let taken = clock.now().saturating_sub(start);
    println!("{:?} for each record", taken / 100_000);
}
