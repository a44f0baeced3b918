mod beginnings;
mod copies;
mod damage;
mod disks;
mod outlook;
mod place;
mod records;
mod room;
mod rot;
mod stores;
mod upkeep;

use std::time::{Duration, Instant};

use switchhook_api::journal::{DeadLetterQuery, Disposition, Ordering, Position, Start, Work};
use switchhook_api::{NewRecord, StateChanges};
use switchhook_testkit::contract::{self, JournalFixture};
use switchhook_testkit::{TestClock, entry};

use super::*;

struct Folder {
    clock: Arc<TestClock>,
    dir: tempfile::TempDir,
    /// The store that was opened last.
    shared: Mutex<std::sync::Weak<Shared>>,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { clock: Arc::default(), dir, shared: Mutex::default() }
    }

    fn cx(&self) -> BuildContext {
        let mut cx = switchhook_testkit::build_context("journal", self.dir.path());
        cx.clock = self.clock.clone();
        cx
    }

    fn embedded(&self) -> Result<Embedded, BoxError> {
        self.opened(&options())
    }

    fn opened(&self, options: &Options) -> Result<Embedded, BoxError> {
        Embedded::open(self.cx().path("j"), options, &self.cx())
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("j/journal.sqlite")
    }

    fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }
}

/// Holds the writer just before its commit, for as long as a test wants.
#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<(bool, bool)>, std::sync::Condvar);

impl Gate {
    fn hold(&self, hold: bool) {
        locked(&self.0).0 = hold;
        self.1.notify_all();
    }

    fn holds(&self) -> bool {
        locked(&self.0).1
    }

    pub(super) fn pass(&self) {
        let mut state = locked(&self.0);
        while state.0 {
            state.1 = true;
            state = self.1.wait(state).unwrap();
        }
        state.1 = false;
    }
}

fn options() -> Options {
    let (queue, notes) = (queue_default(), notes_default());
    let path = "j".to_owned().try_into().expect("a path");
    Options { path, queue, notes, ballast: ByteSize(64 << 10) }
}

#[async_trait]
impl JournalFixture for Folder {
    fn clock(&self) -> &TestClock {
        &self.clock
    }
    async fn open(&self) -> Arc<dyn Journal> {
        let journal = self.embedded().unwrap();
        *locked(&self.shared) = Arc::downgrade(&journal.shared);
        Arc::new(journal)
    }
    fn hold_commits(&self, hold: bool) -> bool {
        let shared = locked(&self.shared).upgrade();
        shared.is_some_and(|shared| {
            shared.gate.hold(hold);
            true
        })
    }
    fn holds_a_commit(&self) -> bool {
        locked(&self.shared).upgrade().is_some_and(|shared| shared.gate.holds())
    }
    fn displace(&self, away: bool) -> bool {
        let (place, other) = (self.dir.path().join("j"), self.dir.path().join("away"));
        if away {
            std::fs::rename(&place, &other).and_then(|()| std::fs::create_dir(&place)).unwrap();
        } else {
            std::fs::remove_dir_all(&place).and_then(|()| std::fs::rename(&other, &place)).unwrap();
        }
        true
    }
    fn fill(&self, full: bool) {
        if let Some(shared) = locked(&self.shared).upgrade() {
            let pages = if full { 1 } else { 1_000_000 };
            shared.pages.store(pages, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_what_a_simple_model_does() {
    for seed in contract::model_cases(8) {
        contract::model_case(&Folder::new(), seed, Duration::from_millis(3)).await;
    }
}

switchhook_testkit::journal_contract!(Folder::new());

fn lane(id: ConsumerId) -> ConsumerSpec {
    let commands = vec!["*".parse().unwrap()];
    ConsumerSpec { id, start: Start::Beginning, commands, ordering: Ordering::None, enabled: true }
}

fn want(limit: usize) -> LeaseRequest {
    LeaseRequest { limit, term: Duration::from_secs(30), whole_keys: false, retries: limit }
}

async fn lease(journal: &Embedded, id: &ConsumerId, limit: usize) -> Lease {
    let want = want(limit);
    let lease = journal.lease(id, &want);
    tokio::time::timeout(Duration::from_secs(20), lease).await.expect("work").unwrap()
}

async fn finish(journal: &Embedded, lease: Lease, fate: impl Fn() -> Disposition) {
    let fates = lease.items.iter().map(|item| (item.position, fate())).collect();
    let (lane, token, state) = (lease.lane, lease.token, StateChanges::new());
    journal.settle(Settlement { lane, token, fates, state }).await.unwrap();
}

async fn append(journal: &Embedded, body: &str) -> Result<Vec<Appended>, JournalError> {
    journal.append(vec![entry("A.B", "k", body.to_owned())]).await
}

#[tokio::test]
async fn a_second_handle_is_refused_by_the_holders_number() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    let error = folder.embedded().err().unwrap().to_string();
    assert!(error.contains(&std::process::id().to_string()), "{error}");
    journal.shutdown().await;
    let journal = folder.embedded().unwrap();
    drop(journal);
    let journal = folder.embedded().unwrap();
    assert_eq!(journal.folder(), Some(&*folder.dir.path().join("j")));
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    let mode = std::fs::metadata(journal.folder().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let folder = Folder::new();
    drop(folder.embedded().unwrap());
    folder.raw().pragma_update(None, "user_version", 99).unwrap();
    let error = folder.embedded().err().unwrap().to_string();
    assert!(error.contains("newer version (format 99"), "{error}");
    folder.raw().pragma_update(None, "application_id", 7).unwrap();
    let error = folder.embedded().err().unwrap().to_string();
    assert!(error.contains("not a journal of Switchhook"), "{error}");
}

#[tokio::test]
async fn a_log_without_its_database_is_refused() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    append(&journal, "kept").await.unwrap();
    let (database, log) = ("j/journal.sqlite", "j/journal.sqlite-wal");
    let log = std::fs::read(folder.dir.path().join(log)).unwrap();
    drop(journal);
    for empty in [true, false] {
        std::fs::remove_file(folder.dir.path().join(database)).unwrap();
        if empty {
            std::fs::write(folder.dir.path().join(database), "").unwrap();
        }
        std::fs::write(folder.dir.path().join("j/journal.sqlite-wal"), &log).unwrap();
        let error = folder.embedded().err().expect("refused").to_string();
        assert!(error.contains("journal.sqlite is missing or empty"), "{error}");
        assert!(folder.dir.path().join("j/journal.sqlite-wal").metadata().unwrap().len() > 0);
        std::fs::write(folder.dir.path().join(database), "").unwrap();
    }
}

fn damage(folder: &Folder, table: &str, part: &[u8]) {
    spoil(&folder.raw(), table, part);
}

fn spoil(raw: &rusqlite::Connection, table: &str, part: &[u8]) {
    let sql = format!("SELECT rowid, data FROM {table}");
    let rows: Vec<(i64, Vec<u8>)> = raw
        .prepare(&sql)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (row, mut data) in rows {
        if let Some(at) = data.windows(part.len()).position(|window| window == part) {
            data[at] ^= 1;
            raw.execute(&format!("UPDATE {table} SET data = ?2 WHERE rowid = ?1"), (row, data))
                .unwrap();
        }
    }
}

async fn keep_three_with_the_second_damaged(folder: &Folder) {
    let journal = folder.embedded().unwrap();
    let entries = ["one", "two", "three"].map(|body| entry("A.B", "k", body)).into();
    journal.append(entries).await.unwrap();
    drop(journal);
    damage(folder, "entries", b"two");
}

#[tokio::test]
async fn a_damaged_entry_is_set_aside() {
    let folder = Folder::new();
    keep_three_with_the_second_damaged(&folder).await;
    let journal = folder.embedded().unwrap();
    let id = ConsumerId::projection("h");
    journal.attach(&[lane(id.clone())]).await.unwrap();
    let got = lease(&journal, &id, 9).await;
    let places: Vec<u64> = got.items.iter().map(|item| item.position.0).collect();
    assert_eq!(places, [1, 3]);
    let page = journal.events(&EventQuery { limit: 9, ..EventQuery::default() }).await.unwrap();
    assert_eq!((page.items.len(), page.damaged), (2, 1));
    assert_eq!(journal.damaged(), 1);
}

#[tokio::test]
async fn a_damaged_record_that_waits_becomes_a_dead_letter() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    let (projection, subscription) =
        (ConsumerId::projection("h"), ConsumerId::subscription("h", "a"));
    let lanes = [lane(projection.clone()), lane(subscription.clone())];
    journal.attach(&lanes).await.unwrap();
    for body in ["one", "two"] {
        append(&journal, body).await.unwrap();
    }
    let got = lease(&journal, &projection, 9).await;
    let fates = got
        .items
        .iter()
        .map(|item| {
            let callback = switchhook_testkit::callback("A.B", "");
            let body = format!("body{}", item.position);
            (item.position, Disposition::Recorded(Some(NewRecord::new(&callback, "", body))))
        })
        .collect();
    let (lane, token, state) = (got.lane, got.token, StateChanges::new());
    journal.settle(Settlement { lane, token, fates, state }).await.unwrap();
    let got = lease(&journal, &subscription, 9).await;
    finish(&journal, got, || Disposition::Retry { after: Duration::ZERO, reason: "busy".into() })
        .await;
    drop(journal);
    damage(&folder, "records", b"body1");
    let journal = folder.embedded().unwrap();
    journal.attach(&lanes).await.unwrap();
    let got = lease(&journal, &subscription, 9).await;
    assert_eq!(got.items.iter().map(|item| item.position.0).collect::<Vec<_>>(), [2]);
    let letters = journal.dead_letters(&DeadLetterQuery::first(9)).await.unwrap().items;
    assert_eq!((letters.len(), letters[0].position.0), (1, 1));
}

#[tokio::test]
async fn notes_leave_room_for_what_must_be_kept() {
    let folder = Folder::new();
    let options = Options { queue: ByteSize(100_000), notes: 1000, ..options() };
    let journal = Arc::new(folder.opened(&options).unwrap());
    let raw = folder.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap(); // the disk stands still
    journal.note(entry("A.Before", "", "the writer takes this one and waits".to_owned()));
    while !locked(&journal.shared.queue).is_empty() {
        tokio::task::yield_now().await;
    }
    while journal.note(entry("A.Before", "", "x".repeat(10_000))) {}
    let large = "x".repeat(20_000);
    let appending = append(&journal, &large);
    tokio::pin!(appending);
    let at_once = std::future::poll_fn(|cx| std::task::Poll::Ready(appending.as_mut().poll(cx)));
    assert!(at_once.await.is_pending(), "it is refused for lack of room");
    raw.execute_batch("ROLLBACK").unwrap();
    appending.await.unwrap();
}

#[tokio::test]
async fn a_lease_of_large_records_does_not_fill_the_memory() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    let (projection, subscription) =
        (ConsumerId::projection("h"), ConsumerId::subscription("h", "a"));
    journal.attach(&[lane(projection.clone()), lane(subscription.clone())]).await.unwrap();
    let body = "x".repeat(1 << 20);
    for _ in 0..40 {
        append(&journal, &body).await.unwrap();
    }
    let callback = switchhook_testkit::callback("A.B", "");
    let mut read = 0;
    while read < 40 {
        let got = lease(&journal, &projection, 512).await;
        read += got.items.len();
        finish(&journal, got, || Disposition::Recorded(Some(NewRecord::of(&callback)))).await;
    }
    let (mut places, mut largest) = (Vec::new(), 0);
    while places.len() < 40 {
        let got = lease(&journal, &subscription, 1024).await;
        largest = largest.max(got.items.len());
        places.extend(got.items.iter().map(|item| item.position.0));
        finish(&journal, got, || Disposition::Delivered).await;
    }
    assert!(places.is_sorted(), "{places:?}");
    assert!(largest <= 20, "{largest} MiB in one lease");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overload_is_refused_and_notes_are_bounded() {
    let folder = Folder::new();
    let options = Options { queue: ByteSize(100_000), notes: 2, ..options() };
    let journal = folder.opened(&options).unwrap();
    let body = "x".repeat(60_000);
    let mut noted = 0;
    for _ in 0..200 {
        noted += usize::from(journal.note(entry("A.Before", "", body.clone())));
    }
    assert!(noted < 200, "{noted}");
    let page = loop {
        let query = EventQuery { limit: 1000, ..EventQuery::default() };
        let page = journal.events(&query).await.unwrap();
        if page.items.len() == noted {
            break page;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(page.items.len(), noted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wal_does_not_grow_without_bound() {
    let folder = Folder::new();
    let journal = Arc::new(folder.embedded().unwrap());
    let (projection, subscription) =
        (ConsumerId::projection("h"), ConsumerId::subscription("h", "a"));
    journal.attach(&[lane(projection.clone()), lane(subscription.clone())]).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let journal = journal.clone();
        tasks.push(tokio::spawn(async move {
            let body = "x".repeat(20_000);
            for _ in 0..400 {
                append(&journal, &body).await.unwrap();
            }
        }));
    }
    let drains = [(projection, true), (subscription, false)].map(|(id, projection)| {
        let journal = journal.clone();
        tokio::spawn(async move {
            let mut done = 0;
            while done < 3200 {
                let got = lease(&journal, &id, 64).await;
                done += got.items.len();
                let callback = switchhook_testkit::callback("A.B", "");
                finish(&journal, got, || match projection {
                    true => Disposition::Recorded(Some(NewRecord::of(&callback))),
                    false => Disposition::Delivered,
                })
                .await;
            }
        })
    });
    let wal = folder.dir.path().join("j/journal.sqlite-wal");
    let mut most = 0;
    for task in tasks.into_iter().chain(drains) {
        task.await.unwrap();
        most = most.max(std::fs::metadata(&wal).map_or(0, |file| file.len()));
    }
    assert!(most < 40 << 20, "{most} bytes");
}

#[tokio::test]
async fn appends_from_a_second_runtime_are_answered() {
    let folder = Folder::new();
    let journal = Arc::new(folder.embedded().unwrap());
    for _ in 0..3 {
        let journal = journal.clone();
        let other = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async { append(&journal, "x").await.unwrap() })
        });
        tokio::task::spawn_blocking(|| other.join().unwrap()).await.unwrap();
    }
    append(&journal, "x").await.unwrap();
}

fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

#[test]
#[ignore = "a measurement: cargo test --release -- --ignored --nocapture measure_append"]
#[expect(clippy::disallowed_methods, reason = "it measures time")]
fn measure_append() {
    for lanes in [0, 1, 1000] {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(async {
            let folder = Folder::new();
            let journal = Arc::new(folder.embedded().unwrap());
            let named = |n: usize| ConsumerSpec {
                commands: vec![format!("X.C{n}").parse().unwrap()],
                ..lane(ConsumerId::projection(&format!("h{n}")))
            };
            let specs: Vec<ConsumerSpec> = (0..lanes).map(named).collect();
            journal.attach(&specs).await.unwrap();
            for spec in specs {
                let journal = journal.clone();
                tokio::spawn(async move { journal.lease(&spec.id, &want(9)).await });
            }
            let body = "x".repeat(253);
            let (begin, before, each) = (Instant::now(), cpu(), 3000);
            let appender = |_| {
                let (journal, body) = (journal.clone(), body.clone());
                tokio::spawn(async move {
                    for _ in 0..each {
                        append(&journal, &body).await.unwrap();
                    }
                })
            };
            for task in (0..64).map(appender).collect::<Vec<_>>() {
                task.await.unwrap();
            }
            let (count, took, used) = (64 * each, begin.elapsed(), cpu().saturating_sub(before));
            let per_second = f64::from(count) / took.as_secs_f64();
            let micros = used.as_secs_f64() * 1e6 / f64::from(count);
            println!("{lanes} lanes: {per_second:.0} rec/s, {micros:.2} CPU µs/rec");
        });
    }
}
