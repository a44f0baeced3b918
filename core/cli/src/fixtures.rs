//! Stores for tests: local, and a server's behind its socket.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use switchhook_api::journal::{
    ConsumerId, Disposition, Journal, JournalAdmin, Lease, LeaseRequest, LeasedItem, Position,
    REPLAYS_OPEN_MAX, Replay, Settlement, Work,
};
use switchhook_api::{NewRecord, Record, StateChanges};
use switchhook_engine::admin::{self, Admin};
use switchhook_engine::config::tables::Limits;
use switchhook_engine::config::{Config, HumanDuration, Layers};
use switchhook_engine::listener::{Listener, Serving, serve};
use switchhook_engine::metrics::Metrics;
use switchhook_engine::targets::NoTargets;
use switchhook_engine::test_plugins::{GOOD, registry};
use switchhook_engine::{SystemClock, app};
use switchhook_testkit::{MemoryJournal, TestClock, entry};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::Failed;
use super::store::Store;

/// A good configuration, its journal with these options.
pub(super) fn config(options: &str) -> Config {
    let text = format!("journal.options = {options}\n{GOOD}");
    let layers = Layers { path: "test.toml".into(), text, ..Layers::default() };
    Config::read(&layers, &registry()).expect("good")
}

/// A local journal with this number of events.
pub(super) async fn pages(events: u64) -> Result<Store, Failed> {
    Store::open(config(&format!("{{ events = {events} }}"))).await
}

/// The same journal twice: opened by us, and asked through a server's socket.
pub(super) async fn both(journal: Arc<dyn Journal>) -> (Store, Store, TempDir) {
    let (remote, folder) = served(journal.clone()).await;
    (Store::local(journal, app::lanes(&config("{}"))), remote, folder)
}

/// A journal behind the socket of a server that has it.
pub(super) async fn served(journal: Arc<dyn Journal>) -> (Store, TempDir) {
    served_for(journal, Limits::default().idle_timeout.0).await
}

/// The same by a server that closes idle connections so soon.
pub(super) async fn served_for(journal: Arc<dyn Journal>, idle: Duration) -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = tokio::net::UnixListener::bind(folder.path().join("admin.sock")).expect("bound");
    let metrics = Arc::new(Metrics::default());
    let admin = Arc::new(Admin {
        journal,
        metrics: metrics.clone(),
        targets: Arc::new(NoTargets),
        orphan_retention: None,
        draining: AtomicBool::new(false),
    });
    let serving = Serving {
        routes: admin::socket_routes(&admin),
        limits: Limits { idle_timeout: HumanDuration(idle), ..Limits::default() },
        drain: Duration::ZERO,
        clock: Arc::new(SystemClock::default()),
        metrics,
        log: Arc::default(),
    };
    tokio::spawn(serve(Listener::Unix(socket), serving, CancellationToken::new()));
    let store = Store::open(config(&format!("{{ locked = {:?} }}", folder.path()))).await;
    let store = store.expect("a server");
    assert!(store.is_served());
    (store, folder)
}

/// A journal in memory with so many callbacks, handled; of their deliveries the first so many were given up, the others made.
pub(super) async fn journal(events: u64, dead: usize) -> MemoryJournal {
    let journal = MemoryJournal::new(Arc::new(TestClock::default()));
    journal.attach(&app::lanes(&config("{}"))).await.expect("attached");
    let one = |n: u64| entry("Group.Changed", &format!("room{n}"), format!("{{\"n\":{n}}}"));
    journal.append((1..=events).map(one).collect()).await.expect("kept");
    let mut handled = 0;
    while handled < events {
        let lease = lease(&journal, &ConsumerId::projection("changes")).await;
        handled += lease.items.len() as u64;
        settle(&journal, lease, |work| match work {
            Work::Callback(callback) => Disposition::Recorded(Some(NewRecord::of(callback))),
            Work::Record(record) => panic!("a record for a projection: {record:?}"),
        })
        .await;
    }
    let (mut seen, total) = (0, usize::try_from(events).expect("few"));
    while seen < total {
        seen += deliver(&journal, dead.saturating_sub(seen)).await.len();
    }
    journal
}

/// The subscription of [`journal`].
pub(super) fn log_lane() -> ConsumerId {
    ConsumerId::subscription("changes", "log")
}

/// Delivers what is there, giving up the first so many; the records.
pub(super) async fn deliver(journal: &MemoryJournal, dead: usize) -> Vec<Record> {
    let lease = lease(journal, &log_lane()).await;
    let record = |item: &LeasedItem| match &item.work {
        Work::Record(record) => record.clone(),
        Work::Callback(callback) => panic!("a callback for a subscription: {callback:?}"),
    };
    let records = lease.items.iter().map(record).collect();
    let mut left = dead;
    settle(journal, lease, |_| {
        let gone = Disposition::Dead {
            reason: "the target said 410\u{1b}[31m".to_owned(),
            response: Some("HTTP 410\nGone\u{202e}".to_owned()),
        };
        let fate = if left > 0 { gone } else { Disposition::Delivered };
        left = left.saturating_sub(1);
        fate
    })
    .await;
    records
}

/// Appends callbacks that become dead letters of their handler.
pub(super) async fn give_up(journal: &MemoryJournal, count: usize) {
    let one = |_| entry("Group.Changed", "", "{}");
    journal.append((0..count).map(one).collect()).await.expect("kept");
    let lease = lease(journal, &ConsumerId::projection("changes")).await;
    settle(journal, lease, |_| Disposition::Dead { reason: "broken".to_owned(), response: None })
        .await;
}

/// Lets the subscription be so full that it takes only so many more; what fills it are the first callbacks, again and again.
pub(super) async fn fill(journal: &MemoryJournal, room: usize) {
    let mut left = REPLAYS_OPEN_MAX - room;
    while left > 0 {
        let positions = (1..=left.min(100) as u64).map(Position).collect();
        let replay = Replay { lane: log_lane(), positions, dry_run: false };
        let queued = journal.replay(&replay).await.expect("queued").queued;
        left -= usize::try_from(queued).expect("few");
    }
}

async fn lease(journal: &MemoryJournal, lane: &ConsumerId) -> Lease {
    let want = LeaseRequest {
        limit: 10_000,
        term: Duration::from_mins(1),
        whole_keys: true,
        retries: 10_000,
    };
    journal.lease(lane, &want).await.expect("leased")
}

async fn settle(journal: &MemoryJournal, lease: Lease, mut fate: impl FnMut(&Work) -> Disposition) {
    let fates = lease.items.iter().map(|item| (item.position, fate(&item.work))).collect();
    let (lane, token) = (lease.lane, lease.token);
    let settlement = Settlement { lane, token, fates, state: StateChanges::new() };
    journal.settle(settlement).await.expect("settled");
}
