//! Whose code the threads are in. What blocks its thread cannot be broken off, but it can be named.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use switchhook_api::Table;

/// How many threads are in each plugin's code just now.
#[derive(Debug, Default)]
pub(crate) struct Occupied(Mutex<BTreeMap<String, Arc<Threads>>>);

#[derive(Debug, Default)]
pub(crate) struct Threads(AtomicUsize);

impl Occupied {
    /// The threads of one plugin.
    pub(crate) fn by(&self, table: Table, name: &str) -> Arc<Threads> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(format!("{table}.{name}")).or_default().clone()
    }

    /// The plugins in whose code a thread is.
    pub(crate) fn names(&self) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let occupied = |threads: &Threads| threads.0.load(Ordering::Relaxed) > 0;
        all.iter().filter(|(_, threads)| occupied(threads)).map(|(name, _)| name.clone()).collect()
    }
}

impl Threads {
    /// Does the work; its thread counts while it is in it, and not while the work waits.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            let _inside = Inside::new(self);
            work.as_mut().poll(cx)
        })
        .await
    }
}

struct Inside<'t>(&'t Threads);

impl<'t> Inside<'t> {
    fn new(threads: &'t Threads) -> Self {
        threads.0.fetch_add(1, Ordering::Relaxed);
        Self(threads)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[tokio::test]
    async fn only_a_plugin_that_has_a_thread_is_named() {
        let all = Occupied::default();
        let (one, other) = (all.by(Table::Actions, "a"), all.by(Table::Handlers, "h"));
        let waiting = pin!(one.within(tokio::time::sleep(std::time::Duration::MAX)));
        assert!(futures_util::poll!(waiting).is_pending());
        other.within(async { assert_eq!(all.names(), ["handlers.h"]) }).await;
        let panics = AssertUnwindSafe(|| {
            let mut work = pin!(one.within(async { panic!("on purpose") as () }));
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            work.as_mut().poll(&mut cx).is_pending()
        });
        assert!(catch_unwind(panics).is_err());
        assert!(all.names().is_empty(), "{:?}", all.names());
    }
}
