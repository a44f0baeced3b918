//! What every journal must do, as checks over any of them. `journal_contract!(expression)` in a test module makes a test
//! of each; the expression builds a fresh [`JournalFixture`].

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::wildcard_imports,
    reason = "checks panic where they fail, and share one vocabulary"
)]

mod crash;
mod displaced;
mod given_up;
mod history;
mod lanes;
mod model;
mod order;
mod prune;
mod replays;
mod retries;
mod state;
mod tools;
mod upkeep;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use switchhook_api::journal::{
    Appended, ConsumerId, ConsumerSpec, ConsumerStatus, DeadLetter, DeadLetterQuery, Disposition,
    Journal, JournalError, Lease, LeaseRequest, LeasedItem, Ordering, Position, Settlement, Start,
    Work,
};
use switchhook_api::{NewRecord, StateChanges};

pub use self::crash::*;
pub use self::displaced::*;
pub use self::given_up::*;
pub use self::history::*;
pub use self::lanes::*;
pub use self::model::{model_case, model_cases};
pub use self::order::*;
pub use self::prune::*;
pub use self::replays::*;
pub use self::retries::*;
pub use self::state::*;
pub use self::tools::*;
pub use self::upkeep::*;
use super::{TestClock, entry};

/// A store under test. Dropping it throws the store away.
#[async_trait]
pub trait JournalFixture: Send + Sync {
    /// The clock that its journals were given.
    fn clock(&self) -> &TestClock;
    /// Opens the store; again after a crash: the caller has dropped every earlier handle without a shutdown.
    async fn open(&self) -> Arc<dyn Journal>;
    /// Another node on the store that is open; none where one process owns it: two tasks on one handle do instead.
    async fn second(&self) -> Option<Arc<dyn Journal>> {
        None
    }
    /// From now on the next commit begins and does not end, and those after it wait, or all go on; false where that cannot be
    /// had.
    fn hold_commits(&self, hold: bool) -> bool {
        let _ = hold;
        false
    }
    /// Whether a commit is held just now.
    fn holds_a_commit(&self) -> bool {
        false
    }
    /// From now on the store is not where it was opened, as if somebody had moved it away, or it is back; false where that
    /// cannot be had.
    fn displace(&self, away: bool) -> bool {
        let _ = away;
        false
    }
    /// From now on the store's disk is full, or has room again; does nothing where that cannot be had.
    fn fill(&self, full: bool) {
        let _ = full;
    }
}

/// Makes a test of every check of the contract; the expression builds a fresh [`JournalFixture`].
#[macro_export]
macro_rules! journal_contract {
    ($fixture:expr) => {
        $crate::journal_contract! { $fixture;
            appended_events_come_back_newest_first, pages_follow_on, events_are_filtered_by_command,
            an_append_takes_several, concurrent_appends_are_all_kept, duplicates_are_told_within_their_window,
            notes_are_kept, a_closed_journal_refuses,
            an_append_given_up_before_its_commit_is_withdrawn, one_given_up_during_its_commit_is_kept_and_marked,
            marks_of_late_callbacks_go_with_them, a_store_that_was_moved_away_acknowledges_nothing,
            a_projection_gets_its_commands_in_order, its_cursor_moves_past_what_it_does_not_want, a_subscription_is_not_behind_what_its_handler_has_passed,
            a_lease_waits_for_an_append, records_and_state_are_one_commit, state_can_be_removed,
            state_goes_with_its_handlers_projection_and_with_nothing_else, much_state_goes_too, state_of_the_largest_size_is_kept,
            a_subscription_gets_the_records_of_its_handler, a_record_without_a_body_has_the_callbacks,
            new_lanes_begin_where_told, subscriptions_wait_for_an_unsettled_projection,
            records_settled_out_of_order_are_all_found,
            an_unattached_lane_is_an_error, detached_lanes_are_shown,
            keys_go_one_after_the_other, the_dead_make_room_for_the_next_of_their_key, whole_keys_are_leased_in_order,
            without_ordering_all_go_at_once, concurrent_leases_are_disjoint, two_nodes_share_the_work,
            retries_come_back_when_due, expired_leases_come_back_and_their_tokens_are_stale,
            retries_and_fresh_work_share_a_lease, leases_may_be_settled_in_parts, dead_letters_say_why, a_waiting_lease_sees_another_run_out,
            a_dropped_lease_call_takes_nothing_with_it,
            unsettled_work_comes_back_after_a_crash, settled_work_does_not_come_back,
            retries_and_held_items_survive_a_crash, state_and_dead_letters_survive_a_crash,
            a_jumping_clock_makes_no_wait_longer, a_subscription_goes_on_after_a_crash,
            stats_count_what_there_is, a_sound_store_is_whole, a_backup_can_be_restored,
            a_dead_letter_is_delivered_again, a_replay_is_a_new_delivery, a_replay_is_retried_like_any_delivery,
            a_replay_goes_after_what_its_key_waits_for, too_many_replays_are_refused,
            a_replay_of_what_cannot_be_is_refused, a_callback_given_up_is_handled_again,
            what_came_of_a_callback_handled_again_can_be_retried, dead_letters_are_paged_and_found_by_number,
            numbers_of_dead_letters_are_not_given_twice,
            a_paused_action_gets_nothing, a_pause_outlives_a_crash_and_holds_for_new_lanes,
            what_waits_for_a_retry_is_due_when_its_action_is_resumed,
            a_disabled_lane_keeps_what_it_has_left_and_hands_out_nothing,
            a_disabled_lane_that_never_was_is_not_made, a_disabled_lane_takes_no_orders,
            a_lane_that_left_says_since_when, a_lane_that_left_can_be_forgotten,
            events_are_found_by_id_and_time, events_come_oldest_first_when_wanted,
            old_entries_go_and_their_positions_stay_taken, the_oldest_go_when_the_store_is_too_large,
            what_a_lane_needs_stays, what_a_dead_letter_or_a_replay_needs_stays, old_dead_letters_go,
            lanes_that_left_long_ago_go, new_lanes_begin_with_what_is_kept,
        }
    };
    ($fixture:expr; $($check:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let fixture = $fixture;
                $crate::contract::$check(&fixture).await;
            }
        )*
    };
}

/// Longer than any answer takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than an answer takes that must not come.
const QUIET: Duration = Duration::from_millis(40);
/// The term of the leases of this suite.
const TERM: Duration = Duration::from_secs(30);

fn want(limit: usize) -> LeaseRequest {
    LeaseRequest { limit, term: TERM, whole_keys: false, retries: limit }
}

/// A journal with the words that the checks are written in.
struct Node(Arc<dyn Journal>);

impl Node {
    async fn open(fixture: &dyn JournalFixture) -> Self {
        Self(fixture.open().await)
    }

    /// With the projection `h` of all commands and its subscription `h>a`, from the beginning.
    async fn with_lanes(fixture: &dyn JournalFixture, ordering: Ordering) -> Self {
        let node = Self::open(fixture).await;
        node.attach(&[projection("h", "*"), subscription("h", "a", ordering)]).await;
        node
    }

    async fn attach(&self, lanes: &[ConsumerSpec]) {
        self.0.attach(lanes).await.expect("lanes are attached");
    }

    async fn append(&self, command: &str, key: &str, body: &str) -> Position {
        let kept = self.0.append(vec![entry(command, key, body.to_owned())]).await;
        match kept.expect("room for an entry")[..] {
            [Appended::Kept(position)] => position,
            ref other => panic!("one entry gave {other:?}"),
        }
    }

    async fn lease(&self, lane: &ConsumerId, want: &LeaseRequest) -> Lease {
        let lease = tokio::time::timeout(PATIENCE, self.0.lease(lane, want)).await;
        let lease = lease.unwrap_or_else(|_| panic!("no work for {lane}")).expect("a lease");
        assert!(!lease.items.is_empty() && lease.items.len() <= want.limit);
        assert!(lease.items.windows(2).all(|two| two[0].position < two[1].position));
        lease
    }

    async fn nothing(&self, lane: &ConsumerId, want: &LeaseRequest) {
        let lease = tokio::time::timeout(QUIET, self.0.lease(lane, want)).await;
        assert!(lease.is_err(), "{lane} had work: {lease:?}");
    }

    async fn settle(
        &self,
        lease: &Lease,
        fates: Vec<(Position, Disposition)>,
    ) -> Result<(), JournalError> {
        self.settle_with(lease, fates, StateChanges::new()).await
    }

    async fn settle_with(
        &self,
        lease: &Lease,
        fates: Vec<(Position, Disposition)>,
        state: StateChanges,
    ) -> Result<(), JournalError> {
        let (lane, token) = (lease.lane.clone(), lease.token);
        let settled = self.0.settle(Settlement { lane, token, fates, state });
        tokio::time::timeout(PATIENCE, settled).await.expect("an answer to a settlement")
    }

    /// Settles all of a lease in one way.
    async fn finish(&self, lease: &Lease, fate: impl Fn(&LeasedItem) -> Disposition) {
        let fates = lease.items.iter().map(|item| (item.position, fate(item))).collect();
        self.settle(lease, fates).await.expect("the lease holds");
    }

    /// Appends one entry per key and makes a record of each through the projection `h`.
    async fn records(&self, keys: &[&str]) -> Vec<Position> {
        let mut positions = Vec::new();
        for key in keys {
            positions.push(self.append("A.B", key, &format!("{key}{}", positions.len())).await);
        }
        self.project("h").await;
        positions
    }

    async fn letters(&self) -> Vec<DeadLetter> {
        self.0.dead_letters(&DeadLetterQuery::first(100)).await.expect("dead letters").items
    }

    async fn status(&self, lane: &str) -> ConsumerStatus {
        let lanes = self.0.lanes().await.expect("lanes");
        lanes.into_iter().find(|one| one.lane == lane).expect("a lane")
    }

    /// Delivers all that a lane has.
    async fn deliver(&self, lane: &ConsumerId, count: usize) -> Vec<Position> {
        let mut seen = Vec::new();
        while seen.len() < count {
            let lease = self.lease(lane, &want(100)).await;
            seen.extend(positions(&lease));
            self.finish(&lease, |_| Disposition::Delivered).await;
        }
        seen
    }

    /// Lets a projection make a record of each of what waits for it.
    async fn project(&self, handler: &str) {
        let lease = self.lease(&ConsumerId::projection(handler), &want(1000)).await;
        self.finish(&lease, recorded).await;
    }
}

fn recorded(item: &LeasedItem) -> Disposition {
    match &item.work {
        Work::Callback(callback) => Disposition::Recorded(Some(NewRecord::of(callback))),
        Work::Record(_) => panic!("a projection got a record"),
    }
}

fn retry(after: Duration) -> Disposition {
    Disposition::Retry { after, reason: "busy".to_owned() }
}

fn positions(lease: &Lease) -> Vec<Position> {
    lease.items.iter().map(|item| item.position).collect()
}

/// The bodies of a lease, as text.
fn bodies(lease: &Lease) -> Vec<String> {
    let text = |item: &LeasedItem| match &item.work {
        Work::Callback(callback) => String::from_utf8_lossy(&callback.body).into_owned(),
        Work::Record(record) => String::from_utf8_lossy(&record.body).into_owned(),
    };
    lease.items.iter().map(text).collect()
}

fn projection(handler: &str, pattern: &str) -> ConsumerSpec {
    ConsumerSpec {
        id: ConsumerId::projection(handler),
        start: Start::Beginning,
        commands: vec![pattern.parse().expect("a pattern")],
        ordering: Ordering::None,
        enabled: true,
    }
}

fn subscription(handler: &str, action: &str, ordering: Ordering) -> ConsumerSpec {
    ConsumerSpec {
        id: ConsumerId::subscription(handler, action),
        start: Start::Beginning,
        commands: Vec::new(),
        ordering,
        enabled: true,
    }
}

fn dead(reason: &str) -> Disposition {
    Disposition::Dead { reason: reason.to_owned(), response: None }
}

/// As after a crash, with the lanes of [`Node::with_lanes`].
async fn again(fixture: &dyn JournalFixture, node: Node, ordering: Ordering) -> Node {
    drop(node);
    Node::with_lanes(fixture, ordering).await
}

/// The subscription that most checks work on.
fn lane() -> ConsumerId {
    ConsumerId::subscription("h", "a")
}

/// How often each position was seen.
fn counted(seen: &[Position]) -> HashMap<Position, usize> {
    let mut counts = HashMap::new();
    for position in seen {
        *counts.entry(*position).or_default() += 1;
    }
    counts
}
