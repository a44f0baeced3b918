//! What may happen.

use jiff::SignedDuration;
use switchhook_api::Clock as _;
use switchhook_api::journal::{EventQuery, Pruned, Replay, Retention};

use super::reference::{Known, again_of};
use super::*;

impl Driver<'_> {
    fn entry(&mut self) -> (switchhook_api::journal::Entry, Known) {
        self.bodies += 1;
        let key = ["", "k", "l", "m"][self.rng.usize(0..4)];
        let large = if self.rng.u8(0..12) == 0 { 30_000 } else { 0 };
        let body = format!("{}{}", self.bodies, "x".repeat(large));
        let entry = entry("A.B", key, body.clone());
        let key = (!key.is_empty()).then(|| key.to_owned());
        let (id, at) = (entry.facts.id, None);
        (entry, Known { id, key, body, at, record: None, gone: false })
    }

    pub(super) async fn append(&mut self) {
        let (entries, known): (Vec<_>, Vec<_>) =
            (0..self.rng.usize(1..4)).map(|_| self.entry()).unzip();
        let at = self.fixture.clock().wall();
        match self.node().0.append(entries).await {
            Ok(kept) => {
                let ids: Vec<_> = known.iter().map(|known| known.id).collect();
                let known = known.into_iter().map(|one| (one.id, Known { at: Some(at), ..one }));
                self.model.noted.extend(known);
                assert_eq!(kept.len(), ids.len());
                for (kept, id) in kept.into_iter().zip(ids) {
                    let Appended::Kept(position) = kept else { panic!("a duplicate") };
                    if position.0 > self.model.top {
                        self.see_events().await; // notes may have come between
                    }
                    assert_eq!(self.model.entries[&position.0].id, id);
                }
            }
            Err(JournalError::Full) => assert!(self.full, "there is room"),
            // The clock went on while the disk was still busy, as if that hung.
            Err(JournalError::Overloaded) => {}
            Err(error) => panic!("not kept: {error:?}"),
        }
    }

    pub(super) fn note(&mut self) {
        let (entry, known) = self.entry();
        if self.node().0.note(entry) {
            self.model.noted.insert(known.id, known);
        }
    }

    pub(super) async fn lease(&mut self) {
        let (lane, limit) = (self.rng.usize(0..LANES), self.rng.usize(1..7));
        let (id, whole_keys) = (ids()[lane].clone(), self.rng.bool());
        let retries = limit / (1 + usize::from(whole_keys));
        let want = LeaseRequest { whole_keys, retries, ..want(limit) };
        let now = self.now();
        self.held.retain(|one| one.over || !one.left.is_empty());
        let running = |one: &&Held| !one.over && one.until > now;
        let running: Vec<usize> = self.held.iter().filter(running).map(|one| one.lane).collect();
        let must = !running.contains(&lane) && self.model.must_have_work(lane, &[], now);
        let patience = if must { PATIENCE } else { self.grace };
        let leased = within(patience, self.node().0.lease(&id, &want)).await;
        let Some(leased) = leased else {
            assert!(!must, "{id} has no work, but owes {}", self.model.owed(lane));
            return;
        };
        let lease = leased.expect("a lease");
        assert!(!lease.items.is_empty() && lease.items.len() <= limit);
        self.model.leased(lane, &lease, &self.held, whole_keys, now);
        let left: Vec<u64> = lease.items.iter().map(|item| item.position.0).collect();
        for one in self.held.iter_mut().filter(|one| one.lane == lane && one.until <= now) {
            one.over |= one.left.iter().any(|place| left.contains(place));
        }
        self.held.push(Held { lane, lease, until: now + TERM, left, over: false });
    }

    /// Of a delivery, or of a callback that is handled again.
    fn fate(&mut self, item: &LeasedItem) -> Disposition {
        let after = Duration::from_secs(self.rng.u64(0..40));
        match (self.rng.u8(0..10), &item.work) {
            (0..2, Work::Callback(_)) => dead("again"),
            (_, Work::Callback(callback)) => Disposition::Recorded(Some(again_of(callback))),
            (0..2, _) => retry(after),
            (2, _) => dead("no"),
            _ => Disposition::Delivered,
        }
    }

    pub(super) async fn settle(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let index = self.rng.usize(0..self.held.len());
        let mut one = self.held.swap_remove(index);
        let mut fates = self.model.all_well(one.lane, &one.lease);
        fates.retain(|(position, _)| one.left.contains(&position.0));
        for (position, fate) in &mut fates {
            let item = one.lease.items.iter().find(|item| item.position == *position);
            let item = item.expect("it is leased");
            if one.lane != PROJECTION || item.replay.is_some() {
                *fate = self.fate(item);
            }
        }
        self.rng.shuffle(&mut fates);
        fates.truncate(self.rng.usize(1..9));
        self.model.in_order(one.lane, &one.left, &mut fates);
        let stale = self.rng.u8(0..16) == 0;
        let token = one.lease.token + u64::from(stale) * 1_000_000;
        let lease = Lease { lane: one.lease.lane.clone(), token, items: Vec::new() };
        let kept = Some(self.rng.u32(..).to_string()).filter(|_| one.lane == PROJECTION);
        let state = kept.iter().map(|kept| ("k".to_owned(), Some(kept.clone().into()))).collect();
        let settled = self.node().settle_with(&lease, fates.clone(), state).await;
        let valid = !one.over && !stale && !one.left.is_empty();
        match settled {
            Ok(()) => {
                assert!(valid, "a lease that is over settled {fates:?}");
                self.model.settled(one.lane, &one.lease, &fates, self.now());
                self.model.state = kept.or(self.model.state.take());
                one.left.retain(|place| !fates.iter().any(|(position, _)| position.0 == *place));
            }
            Err(JournalError::Stale) => {
                assert!(!valid || one.until <= self.now(), "{} is stale", one.lease.token);
                one.over |= !stale;
            }
            Err(JournalError::Full) => {
                assert!(self.full, "there is room");
                self.model.crashed(one.lane);
                one.over = true;
                self.held
                    .iter_mut()
                    .filter(|held| held.lane == one.lane)
                    .for_each(|held| held.over = true);
            }
            Err(error) => panic!("not settled: {error:?}"),
        }
        if one.over || !one.left.is_empty() {
            self.held.push(one);
        }
        self.held.truncate(30);
    }

    pub(super) fn jump(&mut self) {
        let by = SignedDuration::from_secs(self.rng.i64(-4000..4000));
        self.fixture.clock().jump_wall(by);
        self.model.jumped = true;
    }

    pub(super) async fn crash(&mut self) {
        self.node = None;
        self.make_room();
        self.node = Some(open(self.fixture).await);
        (0..LANES).for_each(|lane| self.model.crashed(lane));
        self.held.iter_mut().for_each(|one| one.over = true);
    }

    pub(super) fn make_room(&mut self) {
        self.fixture.fill(false);
        self.full = false;
    }

    pub(super) fn fill(&mut self) {
        self.full = !self.full;
        self.fixture.fill(self.full);
    }

    pub(super) async fn pause(&mut self) {
        let lane = self.rng.usize(BY_KEY..LANES);
        let (paused, action) = (!self.model.paused[lane], ["", "a", "b"][lane]);
        if self.well(self.node().0.pause(action, paused).await).is_some() {
            self.model.pause(lane, paused, self.now());
        }
    }

    /// What an operator got; none: there was no room.
    fn well<T>(&self, asked: Result<T, JournalError>) -> Option<T> {
        match asked {
            Ok(done) => Some(done),
            Err(JournalError::Full) if self.full => None,
            Err(error) => panic!("not done: {error:?}"),
        }
    }

    pub(super) async fn look(&mut self) {
        let gone = self.see_events().await;
        assert!(gone.is_empty(), "{gone:?} are gone");
        let query = |before| DeadLetterQuery { before, ..DeadLetterQuery::first(3) };
        let (mut letters, mut before) = (Vec::new(), None);
        loop {
            let page = self.node().0.dead_letters(&query(before)).await.expect("dead letters");
            letters.extend(page.items);
            before = page.next.map(|next| next.0);
            if before.is_none() {
                break;
            }
        }
        self.model.see_letters(&letters);
        let state = self.node().0.state("h", "k").await.expect("state");
        assert_eq!(state, self.model.state.clone().map(Into::into), "the handler's state");
        for (status, paused) in
            self.node().0.lanes().await.expect("lanes").iter().zip(self.model.paused)
        {
            assert_eq!(status.paused, paused, "{}", status.lane);
        }
    }

    /// Another handler comes, keeps something and leaves for good: its state goes with it, and nothing of ours.
    pub(super) async fn visit(&mut self) {
        if self.full {
            return;
        }
        let (guest, node) = (ConsumerId::projection("guest"), self.node());
        assert_eq!(node.0.state("guest", "k").await.expect("state"), None, "it is new");
        let with_guest = specs()
            .into_iter()
            .chain([ConsumerSpec { start: Start::Now, ..projection("guest", "*") }]);
        node.attach(&with_guest.collect::<Vec<_>>()).await;
        self.append().await;
        let node = self.node();
        if let Some(lease) = within(self.grace, node.0.lease(&guest, &want(1))).await {
            let lease = lease.expect("a lease");
            let fates = vec![(lease.items[0].position, Disposition::Recorded(None))];
            let state = StateChanges::from([("k".into(), Some("theirs".into()))]);
            if node.settle_with(&lease, fates, state).await.is_ok() {
                assert!(node.0.state("guest", "k").await.expect("state").is_some());
            }
        }
        node.attach(&specs()).await;
        node.0.forget_lane(&guest).await.expect("forgotten");
        assert_eq!(node.0.state("guest", "k").await.expect("state"), None, "it is gone");
        self.look().await;
    }

    async fn see_events(&mut self) -> Vec<u64> {
        let (mut events, mut after) = (Vec::new(), None);
        loop {
            let query =
                EventQuery { limit: 50, after, oldest_first: true, ..EventQuery::default() };
            let page = self.node().0.events(&query).await.expect("history");
            let body = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
            events
                .extend(page.items.iter().map(|one| (one.position, one.facts.id, body(&one.body))));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.model.see_events(&events)
    }

    fn some(&mut self, of: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut all: Vec<u64> = of.into_iter().collect();
        self.rng.shuffle(&mut all);
        all.truncate(self.rng.usize(1..5));
        all
    }

    pub(super) async fn replay(&mut self) {
        self.look().await;
        let (pruned, end) = (self.model.pruned, self.model.certain);
        let safe: Vec<u64> = self.model.kept().filter(|one| *one > pruned && *one <= end).collect();
        let mut wanted = self.some(safe);
        let made = |one: &u64| self.model.entries[one].record == Some(true);
        let (there, none): (Vec<u64>, Vec<u64>) = wanted.iter().copied().partition(made);
        wanted.push(self.model.top + 5);
        let lane = self.rng.usize(BY_KEY..LANES);
        let dry_run = self.rng.bool();
        let positions = wanted.into_iter().map(Position).collect();
        let replay = Replay { lane: ids()[lane].clone(), positions, dry_run };
        if let Some(done) = self.well(self.node().0.replay(&replay).await) {
            assert_eq!((done.queued, done.missing), (there.len() as u64, none.len() as u64 + 1));
            there.into_iter().filter(|_| !dry_run).for_each(|one| self.model.asked(lane, one));
        }
    }

    pub(super) async fn retry_letters(&mut self) {
        self.look().await;
        let mut numbers = self.some(self.model.letters.keys().copied().collect::<Vec<_>>());
        numbers.push(self.model.top_letter + 5);
        if let Some(done) = self.well(self.node().0.retry_dead_letters(&numbers).await) {
            assert_eq!((done.queued, done.missing), (numbers.len() as u64 - 1, 1));
            for number in &numbers {
                if let Some((lane, origin)) = self.model.letters.remove(number) {
                    self.model.asked(lane, origin);
                }
            }
        }
    }

    pub(super) async fn drop_letters(&mut self) {
        self.look().await;
        let numbers = self.some(self.model.letters.keys().copied().collect::<Vec<_>>());
        if let Some(dropped) = self.well(self.node().0.drop_dead_letters(&numbers).await) {
            assert_eq!(dropped, numbers.len() as u64);
            self.model.letters.retain(|number, _| !numbers.contains(number));
        }
    }

    pub(super) async fn prune(&mut self) {
        let age = Duration::from_secs(self.rng.u64(0..60));
        self.prune_to(age).await;
    }

    pub(super) async fn prune_to(&mut self, age: Duration) {
        self.look().await;
        let retention = Retention { retention: Some(age), ..Retention::default() };
        let oldest = self.fixture.clock().wall().saturating_sub(age).expect("a time");
        let pruned = self.node().0.prune(&retention).await;
        let pruned: Option<Pruned> = self.well(pruned);
        let gone = self.see_events().await;
        let young = |one: &&u64| self.model.entries[one].at.is_some_and(|at| at > oldest);
        assert_eq!(gone.iter().find(young), None, "not old enough");
        if let Some(pruned) = pruned {
            assert_eq!(pruned.events, gone.len() as u64);
        }
    }
}
