mod room;

use std::collections::HashSet;

use super::*;

const WANT: LeaseRequest =
    LeaseRequest { limit: 4, term: Duration::from_secs(30), whole_keys: false, retries: 4 };

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn wall(now: Duration) -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(now).unwrap()
}

fn lease(
    lane: &mut Lane,
    now: Duration,
    want: &LeaseRequest,
    items: &[(u64, &str)],
) -> (u64, Vec<u64>) {
    let (token, taken) = lane.begin(now, want);
    let mut taken: Vec<u64> = taken.into_iter().map(|(p, _)| p.0).collect();
    for (position, key) in items {
        if *position > lane.scanned() && taken.len() < want.limit {
            let key = (!key.is_empty()).then_some(*key);
            if lane.offer(token, Position(*position), key, want) == Offer::Taken {
                taken.push(*position);
            }
        }
    }
    taken.extend(lane.top_up(token, taken.len(), want).into_iter().map(|(p, _)| p.0));
    lane.finish(token);
    (token, taken)
}

fn retry(seconds: u64) -> Disposition {
    Disposition::Retry { after: at(seconds), reason: "busy".into() }
}

fn settle(
    lane: &mut Lane,
    token: u64,
    now: Duration,
    position: u64,
    fate: Disposition,
) -> Result<Plan, JournalError> {
    lane.settle(token, &[(Position(position), fate)], now, wall(now))
}

#[test]
fn head_of_a_key_is_not_handed_out_while_its_followers_are_leased() {
    let mut lane = Lane::new(Ordering::Key, 0);
    let whole = LeaseRequest { whole_keys: true, ..WANT };
    let (token, taken) = lease(&mut lane, at(0), &whole, &[(1, "a"), (2, "a"), (3, "a")]);
    assert_eq!(taken, [1, 2, 3]);
    settle(&mut lane, token, at(0), 1, retry(0)).unwrap();
    assert_eq!(lease(&mut lane, at(1), &whole, &[]).1, [0; 0]);
    settle(&mut lane, token, at(1), 2, retry(0)).unwrap();
    settle(&mut lane, token, at(1), 3, retry(0)).unwrap();
    assert_eq!(lease(&mut lane, at(2), &whole, &[]).1, [1, 2, 3]);
}

#[test]
fn items_with_a_row_above_the_cursor_are_not_taken_twice() {
    let row = OpenRow {
        position: Position(3),
        attempts: 2,
        key: Some(Lane::key_hash("a")),
        due: Some(Due::after(at(100), wall(at(0)))),
        reason: None,
    };
    let mut lane = Lane::restore(Ordering::Key, 0, [row], at(0), wall(at(0)));
    let items = [(1, "b"), (2, "b"), (3, "a")];
    let (_, taken) = lease(&mut lane, at(0), &WANT, &items);
    assert_eq!(taken, [1]);
    assert_eq!(lane.next_wake(), Some(at(30)));
    assert_eq!(lane.open(), 3);
}

#[test]
fn items_with_a_row_above_the_cursor_do_not_come_again_once_they_are_settled() {
    let row = OpenRow { position: Position(3), ..replay(1, "a") };
    let mut lane = Lane::restore(Ordering::Key, 0, [row], at(0), wall(at(0)));
    let (token, taken) = lease(&mut lane, at(0), &WANT, &[(1, "b")]);
    assert_eq!(taken, [3, 1]);
    settle(&mut lane, token, at(0), 3, Disposition::Delivered).unwrap();
    assert_eq!(lease(&mut lane, at(0), &WANT, &[(2, "a"), (3, "a"), (4, "a")]).1, [2]);
    settle(&mut lane, token, at(0), 1, Disposition::Delivered).unwrap();
    assert_eq!(lane.cursor(), 1);
}

#[test]
fn settling_an_item_twice_in_one_go_is_refused() {
    let mut lane = Lane::new(Ordering::None, 0);
    let (token, _) = lease(&mut lane, at(0), &WANT, &[(1, "")]);
    let twice = [(Position(1), retry(1)), (Position(1), Disposition::Delivered)];
    assert!(matches!(lane.settle(token, &twice, at(0), wall(at(0))), Err(JournalError::Stale)));
}

#[test]
fn no_wait_is_longer_after_a_restart_whatever_the_time_of_day() {
    let check = |now: u64, expected: u64| {
        let due = Some(Due::after(at(60), wall(at(1_000_000))));
        let row = OpenRow { position: Position(1), attempts: 1, key: None, due, reason: None };
        let lane = Lane::restore(Ordering::None, 1, [row], at(5), wall(at(now)));
        assert_eq!(lane.next_wake(), Some(at(5 + expected)), "{now}");
    };
    check(1_000_000, 60);
    check(1_000_020, 40);
    check(900_000, 60);
    check(2_000_000, 0);
}

#[test]
fn tokens_of_an_earlier_life_are_stale() {
    let mut lane = Lane::new(Ordering::None, 0);
    let (token, _) = lease(&mut lane, at(0), &WANT, &[(1, "")]);
    let rows: [OpenRow; 0] = [];
    let mut again =
        Lane::restore(Ordering::None, 0, rows, at(0), wall(at(0))).numbered_from(lane.last_token());
    let (fresh, taken) = lease(&mut again, at(0), &WANT, &[(1, "")]);
    assert_eq!(taken, [1]);
    assert!(matches!(
        settle(&mut again, token, at(0), 1, Disposition::Delivered),
        Err(JournalError::Stale)
    ));
    settle(&mut again, fresh, at(0), 1, Disposition::Delivered).unwrap();
}

/// A lane with its store: what a plan writes survives a crash.
struct World {
    rng: fastrand::Rng,
    ordering: Ordering,
    want: LeaseRequest,
    keys: Vec<String>,
    lane: Lane,
    cursor: u64,
    rows: BTreeMap<u64, OpenRow>,
    now: Duration,
    leases: Vec<(u64, Duration, Vec<u64>)>,
    done: HashSet<u64>,
    again: usize,
    crashes: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let ordering = if rng.bool() { Ordering::Key } else { Ordering::None };
        let keys = (0..400).map(|_| format!("k{}", rng.u8(0..12))).collect();
        let limit = rng.usize(1..9);
        let want =
            LeaseRequest { limit, whole_keys: rng.bool(), retries: rng.usize(..=limit), ..WANT };
        let (lane, now) = (Lane::new(ordering, 0), at(0));
        let (rows, leases, done) = (BTreeMap::new(), Vec::new(), HashSet::new());
        Self {
            rng,
            ordering,
            want,
            keys,
            lane,
            cursor: 0,
            rows,
            now,
            leases,
            done,
            again: 0,
            crashes: 0,
        }
    }

    fn items(&self) -> Vec<(u64, &str)> {
        (1..).zip(self.keys.iter().map(String::as_str)).collect()
    }

    fn step(&mut self) {
        match self.rng.u8(0..20) {
            0 => self.crash(),
            1 => self.lane.make_due(self.now),
            2..4 => self.now += at(self.rng.u64(0..20)),
            4..10 => self.lease(),
            _ => self.settle(),
        }
        let now = self.now;
        self.leases.retain(|(_, until, items)| *until > now && !items.is_empty());
    }

    fn lease(&mut self) {
        let items: Vec<(u64, String)> =
            self.items().into_iter().map(|(p, k)| (p, k.to_owned())).collect();
        let items: Vec<(u64, &str)> = items.iter().map(|(p, k)| (*p, k.as_str())).collect();
        let (token, taken) = lease(&mut self.lane, self.now, &self.want, &items);
        let mut keys = HashSet::new();
        for position in &taken {
            let out = self.leases.iter().any(|(_, _, items)| items.contains(position));
            assert!(!out, "{position} is leased twice");
            let key = &self.keys[usize::try_from(*position).unwrap() - 1];
            if self.ordering == Ordering::Key {
                assert!(keys.insert(key) || self.want.whole_keys, "{key} twice in one lease");
                let busy = self
                    .leases
                    .iter()
                    .flat_map(|(_, _, items)| items)
                    .any(|other| self.keys[usize::try_from(*other).unwrap() - 1] == *key);
                assert!(!busy, "{key} is leased elsewhere");
            }
        }
        if !taken.is_empty() {
            self.leases.push((token, self.now + self.want.term, taken));
        }
    }

    fn settle(&mut self) {
        if self.leases.is_empty() {
            return;
        }
        let one = self.rng.usize(0..self.leases.len());
        let count = self.rng.usize(1..=self.leases[one].2.len());
        let fates: Vec<(Position, Disposition)> = self.leases[one]
            .2
            .drain(..count)
            .map(|p| {
                (
                    Position(p),
                    if self.rng.u8(0..4) == 0 { retry(7) } else { Disposition::Delivered },
                )
            })
            .collect();
        let token = self.leases[one].0;
        let plan = self.lane.settle(token, &fates, self.now, wall(self.now)).unwrap();
        for (position, fate) in &fates {
            if matches!(fate, Disposition::Delivered) && !self.done.insert(position.0) {
                self.again += 1;
            }
        }
        assert!(plan.cursor >= self.cursor, "the cursor never goes back");
        self.cursor = plan.cursor;
        for row in plan.put {
            self.rows.insert(row.position.0, row);
        }
        for position in plan.delete {
            self.rows.remove(&position);
        }
        for position in 1..=self.cursor {
            let kept = self.done.contains(&position) || self.rows.contains_key(&position);
            assert!(kept, "the cursor passed {position}, which is neither done nor stored");
        }
    }

    fn crash(&mut self) {
        self.crashes += 1;
        self.leases.clear();
        let rows = self.rows.values().cloned();
        let now = self.now;
        self.lane = Lane::restore(self.ordering, self.cursor, rows, now, wall(now))
            .numbered_from(self.lane.last_token());
    }
}

#[test]
fn nothing_is_lost_or_leased_twice_in_any_order_of_events() {
    for seed in 0..25 {
        let mut world = World::new(seed);
        for _ in 0..300 {
            world.step();
        }
        for _ in 0..20_000 {
            if world.done.len() == world.keys.len() && world.leases.is_empty() {
                break;
            }
            match world.rng.u8(0..4) {
                0 => world.now += at(5),
                1 => world.lease(),
                _ => world.settle(),
            }
            let now = world.now;
            world.leases.retain(|(_, until, items)| *until > now && !items.is_empty());
        }
        assert_eq!(world.done.len(), world.keys.len(), "seed {seed}");
        let most = world.crashes * (UNCOVERED_MAX + 4 * WANT.limit * 8);
        assert!(world.again <= most, "seed {seed}: {} came back", world.again);
    }
}

#[test]
fn what_is_given_back_goes_out_again_in_its_order() {
    let mut lane = Lane::new(Ordering::Key, 0);
    let whole = LeaseRequest { whole_keys: true, ..WANT };
    let (token, _) = lease(&mut lane, at(0), &whole, &[(1, "a"), (2, "a"), (3, "b"), (4, "")]);
    lane.give_back(token, &[Position(2), Position(3), Position(4)]);
    assert_eq!(lane.open(), 4);
    let (next, taken) = lease(&mut lane, at(0), &whole, &[]);
    assert_eq!(taken, [3, 4], "1 is under way and holds 2 back");
    settle(&mut lane, token, at(0), 1, Disposition::Delivered).unwrap();
    settle(&mut lane, next, at(0), 3, Disposition::Delivered).unwrap();
    let plan = settle(&mut lane, next, at(0), 4, Disposition::Delivered).unwrap();
    assert_eq!(plan.cursor, 1);
    let (token, taken) = lease(&mut lane, at(0), &whole, &[]);
    assert_eq!(taken, [2]);
    assert_eq!(settle(&mut lane, token, at(0), 2, Disposition::Delivered).unwrap().cursor, 4);
}

#[test]
fn what_waits_can_be_made_due_and_still_goes_in_the_order_of_its_key() {
    let mut lane = Lane::new(Ordering::Key, 0);
    let whole = LeaseRequest { whole_keys: true, ..WANT };
    let (token, _) = lease(&mut lane, at(0), &whole, &[(1, "a"), (2, "a"), (3, "b")]);
    let fates = [(1, 100), (2, 50), (3, 70)].map(|(p, wait)| (Position(p), retry(wait)));
    lane.settle(token, &fates, at(0), wall(at(0))).unwrap();
    assert_eq!((lane.next_due(at(0)), lane.next_due(at(50))), (Some(at(50)), Some(at(70))));
    lane.make_due(at(1));
    assert_eq!(lane.next_due(at(1)), None);
    assert_eq!(lane.next_wake(), Some(at(1)));
    let (token, taken) = lease(&mut lane, at(1), &WANT, &[]);
    assert_eq!(taken, [1, 3]);
    settle(&mut lane, token, at(1), 1, Disposition::Delivered).unwrap();
    assert_eq!(lease(&mut lane, at(1), &WANT, &[]).1, [2]);
}

fn replay(number: u64, key: &str) -> OpenRow {
    let key = Some(Lane::key_hash(key));
    OpenRow { position: Position::of_replay(number), attempts: 0, key, due: None, reason: None }
}

#[test]
fn a_replay_neither_holds_the_cursor_nor_goes_before_what_its_key_waits_for() {
    let mut lane = Lane::new(Ordering::Key, 0);
    let (token, taken) = lease(&mut lane, at(0), &WANT, &[(1, "a"), (2, "a"), (3, "b")]);
    assert_eq!(taken, [1, 3]);
    lane.requeue([replay(1, "a"), replay(2, "c")], at(0));
    let (other, taken) = lease(&mut lane, at(0), &WANT, &[]);
    assert_eq!(taken, [Position::of_replay(2).0], "that of `a` waits behind 2");
    settle(&mut lane, token, at(0), 3, Disposition::Delivered).unwrap();
    settle(&mut lane, token, at(0), 1, Disposition::Delivered).unwrap();
    let (token, taken) = lease(&mut lane, at(0), &WANT, &[]);
    assert_eq!(taken, [2]);
    let plan = settle(&mut lane, token, at(0), 2, Disposition::Delivered).unwrap();
    assert_eq!((plan.cursor, lane.settled_to()), (3, 3));
    let (token, taken) = lease(&mut lane, at(0), &WANT, &[]);
    assert_eq!(taken, [Position::of_replay(1).0]);
    for (token, number) in [(token, 1), (other, 2)] {
        let position = Position::of_replay(number).0;
        let plan = settle(&mut lane, token, at(0), position, Disposition::Delivered).unwrap();
        assert_eq!((plan.cursor, plan.delete), (3, vec![position]));
    }
    assert_eq!(lane.open(), 0);
}

#[test]
fn what_is_new_does_not_wait_for_a_replay_of_its_key_that_waits() {
    for whole_keys in [false, true] {
        let want = LeaseRequest { whole_keys, ..WANT };
        let mut lane = Lane::new(Ordering::Key, 0);
        lane.requeue([replay(1, "a")], at(0));
        let (token, taken) = lease(&mut lane, at(0), &want, &[]);
        settle(&mut lane, token, at(0), taken[0], retry(20)).unwrap();
        let (token, taken) = lease(&mut lane, at(1), &want, &[(1, "a"), (2, "a")]);
        assert_eq!(taken, if whole_keys { vec![1, 2] } else { vec![1] });
        assert_eq!(lease(&mut lane, at(25), &want, &[]).1, [0; 0], "its turn is after theirs");
        for position in &taken {
            settle(&mut lane, token, at(25), *position, Disposition::Delivered).unwrap();
        }
        assert_eq!(lane.cursor(), 2 - u64::from(!whole_keys));
        let (_, taken) = lease(&mut lane, at(25), &want, &[]);
        assert_eq!(taken, [if whole_keys { Position::of_replay(1).0 } else { 2 }]);
    }
}

#[test]
fn a_retry_behind_its_key_is_not_made_before_its_time() {
    let whole = LeaseRequest { whole_keys: true, ..WANT };
    let mut lane = Lane::new(Ordering::Key, 0);
    let (token, _) = lease(&mut lane, at(0), &whole, &[(1, "a"), (2, "a"), (3, "a")]);
    let fates = [(1, retry(5)), (2, retry(20)), (3, retry(5))].map(|(p, fate)| (Position(p), fate));
    lane.settle(token, &fates, at(0), wall(at(0))).unwrap();
    assert_eq!(lease(&mut lane, at(5), &whole, &[]).1, [1]);
}

#[test]
fn what_is_new_waits_for_a_replay_of_its_key_that_is_under_way() {
    let mut lane = Lane::new(Ordering::Key, 0);
    lane.requeue([replay(1, "a")], at(0));
    let (token, replayed) = lease(&mut lane, at(0), &WANT, &[]);
    assert_eq!(lease(&mut lane, at(0), &WANT, &[(1, "a"), (2, "b")]).1, [2]);
    assert_eq!(lease(&mut lane, at(0), &WANT, &[]).1, [0; 0]);
    settle(&mut lane, token, at(0), replayed[0], Disposition::Delivered).unwrap();
    assert_eq!(lease(&mut lane, at(0), &WANT, &[]).1, [1]);
}

/// Stores keep it, and the standard library may choose another one some day.
#[test]
fn the_number_of_a_key_never_changes() {
    let numbers = ["", "@TGS#1", "讨论"].map(Lane::key_hash);
    assert_eq!(numbers, [0x1820_3752_91e2_9ef7, 0x757c_f80a_f923_5201, 0x0fa0_c60e_1ce7_7a18]);
}
