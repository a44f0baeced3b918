//! The task beside the deliveries: rotates a file at which nothing arrives, and looks after rotated ones.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::state::State;
use super::store::Spec;
use super::upkeep::JournalAdmin;

/// Rotated files are looked at so often though nothing was rotated: some may have become too old, and the time of day may have
/// been changed.
const LOOK_AGAIN: Duration = Duration::from_hours(1);

/// Goes on until the upkeep is told to stop and `spec.rotated` is notified.
pub(super) async fn keep(spec: Arc<Spec>, state: Arc<Mutex<State>>, upkeep: Arc<JournalAdmin>) {
    while !upkeep.is_stopped() {
        let run = upkeep.clone();
        if tokio::task::spawn_blocking(move || run.run()).await.is_err() {
            tracing::error!(path = %spec.path.display(), "the maintenance of rotated files panicked");
        }
        let wait = spec.rotation.next(spec.clock.wall()).unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN);
        let until = spec.clock.now() + wait;
        tokio::select! {
            () = spec.rotated.notified() => {}
            () = spec.clock.sleep_until(until) => {
                let mut state = state.clone().lock_owned().await;
                // A panic leaves no store, and the next batch opens one.
                drop(tokio::task::spawn_blocking(move || state.rotate_if_due()).await);
            }
        }
    }
}
