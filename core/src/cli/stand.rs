//! Stores for tests: ours, and a server's behind its socket.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::Failed;
use super::store::Store;
use crate::admin::{self, Admin};
use crate::app;
use crate::config::tables::Limits;
use crate::config::{Config, Layers};
use crate::journal::Journal;
use crate::listener::{Listener, Serving, serve};
use crate::metrics::Metrics;
use crate::test_plugins::{GOOD, registry};
use crate::time::SystemClock;

/// A good configuration, its journal with these options.
pub(super) fn config(options: &str) -> Config {
    let text = format!("journal.options = {options}\n{GOOD}");
    let layers = Layers { path: "test.toml".into(), text, ..Layers::default() };
    Config::read(&layers, &registry()).expect("good")
}

/// A store of ours with so many events.
pub(super) async fn pages(events: u64) -> Result<Store, Failed> {
    Store::open(config(&format!("{{ events = {events} }}"))).await
}

/// The same journal twice: opened by us, and asked through a server's socket.
pub(super) async fn both(journal: Arc<dyn Journal>) -> (Store, Store, TempDir) {
    let (theirs, folder) = served(journal.clone()).await;
    (Store::ours(journal, app::lanes(&config("{}"))), theirs, folder)
}

/// A journal behind the socket of a server that has it.
pub(super) async fn served(journal: Arc<dyn Journal>) -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = tokio::net::UnixListener::bind(folder.path().join("admin.sock")).expect("bound");
    let metrics = Arc::new(Metrics::default());
    let admin =
        Arc::new(Admin { journal, metrics: metrics.clone(), draining: AtomicBool::new(false) });
    let serving = Serving {
        routes: admin::socket_routes(&admin),
        limits: Limits::default(),
        clock: Arc::new(SystemClock::default()),
        metrics,
    };
    tokio::spawn(serve(Listener::Unix(socket), serving, CancellationToken::new()));
    let store = Store::open(config(&format!("{{ locked = {:?} }}", folder.path()))).await;
    let store = store.expect("a server");
    assert!(store.is_served());
    (store, folder)
}

/// A body that a stranger wrote.
pub(super) const BODY: Bytes = Bytes::from_static(b"{\"Name\":\"a\\u001b[31m\"}");
