//! What must be so, as simply as it can be said.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::*;

/// Settled items that one crash, or one commit that failed, may bring back in a lane.
const BACK_MAX: usize = 40;

#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: Uuid,
    pub(super) key: Option<String>,
    pub(super) body: String,
    /// When it was kept, where that is known.
    pub(super) at: Option<Timestamp>,
    /// Whether the handler made a record; none: it has not settled it.
    pub(super) record: Option<bool>,
    pub(super) gone: bool,
}

/// One lane. Places are positions, those of replays included.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// What was settled for good, and how many crashes there had been.
    done: HashMap<u64, u64>,
    /// What was ever settled for good.
    once: HashSet<u64>,
    /// What waits: its attempts, and not before when.
    waiting: HashMap<u64, (u32, Duration)>,
    /// Replays that were seen: what of, and their ids.
    seen: HashMap<u64, (u64, Uuid)>,
    /// Deliveries of each callback that were asked for again and are not done.
    again: HashMap<u64, usize>,
    crashes: u64,
    back: usize,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) entries: BTreeMap<u64, Known>,
    /// What may have been kept, by its id.
    pub(super) noted: HashMap<Uuid, Known>,
    pub(super) lines: [Line; LANES],
    pub(super) letters: BTreeMap<u64, (usize, u64)>,
    pub(super) new_letters: Vec<(usize, u64)>,
    pub(super) top_letter: u64,
    pub(super) top: u64,
    /// The last position that was removed.
    pub(super) pruned: u64,
    /// Up to where the handler has settled everything for good, whatever a crash may bring back.
    pub(super) certain: u64,
    pub(super) paused: [bool; LANES],
    /// What the handler has kept.
    pub(super) state: Option<String>,
    /// The time of day was moved: what is due after a crash may come sooner or later.
    pub(super) jumped: bool,
    loose: bool,
}

/// What the handler of a case does with a callback that it sees for the first time.
fn outcome(position: u64, callback: &switchhook_api::Callback) -> Disposition {
    match position {
        _ if position % 7 == 3 => dead("broken"),
        _ if position.is_multiple_of(5) => Disposition::Recorded(None),
        _ if position.is_multiple_of(2) => Disposition::Recorded(Some(NewRecord::of(callback))),
        _ => Disposition::Recorded(Some(again_of(callback))),
    }
}

/// A record with a body of its own.
pub(super) fn again_of(callback: &switchhook_api::Callback) -> NewRecord {
    let own = [&b"own "[..], &callback.body].concat();
    NewRecord::new(callback, "", own)
}

impl Model {
    pub(super) fn learn(&mut self, position: Position, known: Known) {
        assert!(position.0 > self.top, "{position} is not new");
        self.top = position.0;
        self.entries.insert(position.0, known);
    }

    pub(super) fn pause(&mut self, lane: usize, paused: bool, now: Duration) {
        self.paused[lane] = paused;
        if !paused {
            self.lines[lane].waiting.values_mut().for_each(|(_, due)| *due = now.min(*due));
        }
    }

    /// What is still in the journal.
    pub(super) fn kept(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().filter(|(_, known)| !known.gone).map(|(position, _)| *position)
    }

    /// Up to where the handler has settled everything.
    pub(super) fn projected(&self) -> u64 {
        let unsettled = self.entries.keys().find(|p| !self.lines[PROJECTION].done.contains_key(p));
        unsettled.map_or(u64::MAX, |first| first - 1)
    }

    fn make_certain(&mut self) {
        let line = &self.lines[PROJECTION];
        let certain = |one: &&u64| line.done.get(one) == Some(&line.crashes);
        let next = self.entries.range(self.certain + 1..).map(|(position, _)| position);
        self.certain = next.take_while(certain).last().copied().unwrap_or(self.certain);
    }

    fn is_for(&self, lane: usize, position: u64) -> bool {
        lane == PROJECTION || self.entries[&position].record == Some(true)
    }

    /// The real items that a lane has to do, among those that it may see.
    fn real(&self, lane: usize) -> impl Iterator<Item = u64> {
        let end = if lane == PROJECTION { u64::MAX } else { self.projected() };
        let line = &self.lines[lane];
        self.entries
            .keys()
            .copied()
            .take_while(move |position| *position <= end)
            .filter(move |one| self.is_for(lane, *one) && !line.done.contains_key(one))
    }

    pub(super) fn owed(&self, lane: usize) -> usize {
        self.real(lane).count() + self.lines[lane].again.values().sum::<usize>()
    }

    /// Whether a lease must come at once.
    pub(super) fn must_have_work(&self, lane: usize, held: &[Held], now: Duration) -> bool {
        let line = &self.lines[lane];
        let end = if lane == PROJECTION { u64::MAX } else { self.certain };
        let real = self.real(lane).take_while(|one| *one <= end).count();
        let owes = real + line.again.values().sum::<usize>() > 0;
        let busy = held.iter().any(|one| one.lane == lane && !one.left.is_empty());
        let waits = line.waiting.values().any(|(_, due)| *due > now);
        !self.paused[lane] && !busy && !waits && !self.loose && owes
    }

    fn key(&self, lane: usize, origin: u64) -> Option<&str> {
        match lane {
            PROJECTION => Some(""),
            BY_KEY => self.entries[&origin].key.as_deref(),
            _ => None,
        }
    }

    fn origin(&self, lane: usize, place: u64) -> u64 {
        self.lines[lane].seen.get(&place).map_or(place, |(origin, _)| *origin)
    }

    /// Checks a lease against everything that is known.
    pub(super) fn leased(
        &mut self,
        lane: usize,
        lease: &Lease,
        held: &[Held],
        whole: bool,
        now: Duration,
    ) {
        assert!(!self.paused[lane], "a paused lane handed out {lease:?}");
        for item in &lease.items {
            let place = item.position.0;
            match item.replay {
                Some(id) => self.saw_again(lane, item, id),
                None => self.saw(lane, item),
            }
            let line = &self.lines[lane];
            let (attempts, due) = line.waiting.get(&place).copied().unwrap_or_default();
            assert_eq!(item.attempts, attempts, "attempts of {place}");
            assert!(due <= now || self.loose, "{place} came before its time");
        }
        let active = |one: &&Held| one.lane == lane && !one.over && one.until > now;
        let elsewhere: Vec<u64> =
            held.iter().filter(active).flat_map(|one| one.left.iter().copied()).collect();
        let mut keys = HashSet::new();
        for item in &lease.items {
            let place = item.position.0;
            assert!(!elsewhere.contains(&place), "{place} is leased twice");
            let Some(key) = self.key(lane, self.origin(lane, place)) else { continue };
            let other =
                elsewhere.iter().any(|one| self.key(lane, self.origin(lane, *one)) == Some(key));
            assert!(!other, "`{key}` is leased twice");
            assert!(keys.insert(key) || whole || lane == PROJECTION, "`{key}` twice in a lease");
            let here = |one: &u64| lease.items.iter().any(|item| item.position.0 == *one);
            let before = |one: &u64| *one < place && self.key(lane, *one) == Some(key);
            let mut skipped = self.real(lane).filter(|one| before(one) && !here(one));
            // What was done once and comes back may come behind.
            let first = |one: &u64| item.replay.is_none() && !self.lines[lane].once.contains(one);
            let skipped = skipped.find(first);
            assert_eq!(skipped, None, "{place} came before one of its key");
        }
    }

    fn check_work(&self, lane: usize, item: &LeasedItem, origin: u64) {
        let known = &self.entries[&origin];
        let (id, body) = match &item.work {
            Work::Callback(callback) => (callback.facts.id, &callback.body),
            Work::Record(record) => (record.facts.id, &record.body),
        };
        let body = String::from_utf8_lossy(body);
        assert_eq!(id, known.id, "another callback at {origin}");
        let own = body.strip_prefix("own ").filter(|_| lane != PROJECTION).unwrap_or(&body);
        assert_eq!(own, known.body, "another body at {origin}");
    }

    fn saw(&mut self, lane: usize, item: &LeasedItem) {
        let place = item.position.0;
        if let (Work::Callback(callback), false) = (&item.work, self.entries.contains_key(&place)) {
            let known = self.noted.remove(&callback.facts.id).expect("nobody kept it");
            self.learn(item.position, known);
        }
        assert!(self.entries.contains_key(&place) && self.is_for(lane, place), "{place} in {lane}");
        assert!(lane == PROJECTION || place <= self.projected(), "{place} is not settled yet");
        self.check_work(lane, item, place);
        let line = &mut self.lines[lane];
        if let Some(crashes) = line.done.remove(&place) {
            assert!(crashes < line.crashes, "{place} of lane {lane} was done");
            line.back += 1;
            assert!(line.back <= BACK_MAX, "too much came back");
        }
    }

    fn saw_again(&mut self, lane: usize, item: &LeasedItem, id: Uuid) {
        let place = item.position.0;
        assert!(item.position.replay_number().is_some());
        let callback = match &item.work {
            Work::Callback(callback) => callback.facts.id,
            Work::Record(record) => {
                assert_eq!(record.replay, Some(id));
                record.facts.id
            }
        };
        let origin = self.entries.iter().find(|(_, known)| known.id == callback);
        let origin = *origin.expect("nobody kept it").0;
        self.check_work(lane, item, origin);
        let line = &mut self.lines[lane];
        assert!(!line.done.contains_key(&place), "{place} was done");
        let fresh = !line.seen.values().any(|(_, other)| *other == id);
        let before = line.seen.insert(place, (origin, id));
        assert!(before.map_or(fresh, |before| before == (origin, id)), "{place} is another");
        let open = |(place, (of, _)): (&u64, &(u64, Uuid))| {
            *of == origin && !line.done.contains_key(place)
        };
        let open = line.seen.iter().filter(|one| open(*one)).count();
        assert!(
            open <= line.again.get(&origin).copied().unwrap_or_default(),
            "{place} is too much"
        );
    }

    /// Leaves out what may not be settled before something else of the same lease: one of its key ahead of it.
    pub(super) fn in_order(
        &self,
        lane: usize,
        left: &[u64],
        fates: &mut Vec<(Position, Disposition)>,
    ) {
        let chosen: HashSet<u64> = fates.iter().map(|(position, _)| position.0).collect();
        fates.retain(|(Position(place), _)| {
            let key = self.key(lane, self.origin(lane, *place));
            let same = |one: &u64| key.is_some() && self.key(lane, self.origin(lane, *one)) == key;
            lane != BY_KEY
                || left.iter().all(|one| one >= place || !same(one) || chosen.contains(one))
        });
    }

    /// Fates with which everything comes to its end.
    pub(super) fn all_well(&self, lane: usize, lease: &Lease) -> Vec<(Position, Disposition)> {
        let fate = |item: &LeasedItem| match &item.work {
            Work::Callback(callback) => outcome(self.origin(lane, item.position.0), callback),
            Work::Record(_) => Disposition::Delivered,
        };
        lease.items.iter().map(|item| (item.position, fate(item))).collect()
    }

    /// Takes in what was settled.
    pub(super) fn settled(
        &mut self,
        lane: usize,
        lease: &Lease,
        fates: &[(Position, Disposition)],
        now: Duration,
    ) {
        for (Position(place), fate) in fates {
            let replay =
                lease.items.iter().any(|one| one.position.0 == *place && one.replay.is_some());
            let origin = self.origin(lane, *place);
            let line = &mut self.lines[lane];
            if let Disposition::Retry { after, .. } = fate {
                let waiting = line.waiting.entry(*place).or_default();
                *waiting = (waiting.0 + 1, now + *after);
                continue;
            }
            line.waiting.remove(place);
            line.done.insert(*place, line.crashes);
            line.once.insert(*place);
            if replay {
                *line.again.entry(origin).or_default() -= 1;
            }
            if let Disposition::Dead { .. } = fate {
                self.new_letters.push((lane, origin));
            }
            self.make_certain();
            let record = matches!(fate, Disposition::Recorded(Some(_)));
            if lane == PROJECTION && !replay {
                self.entries.get_mut(place).expect("it is known").record = Some(record);
            } else if record {
                for line in &mut self.lines[BY_KEY..] {
                    *line.again.entry(origin).or_default() += 1;
                }
            }
        }
    }

    /// What was settled may come back, within limits.
    pub(super) fn crashed(&mut self, lane: usize) {
        self.lines[lane].crashes += 1;
        self.lines[lane].back = 0;
        self.loose |= self.jumped;
    }

    /// A delivery that was asked for again.
    pub(super) fn asked(&mut self, lane: usize, origin: u64) {
        *self.lines[lane].again.entry(origin).or_default() += 1;
    }

    /// Compares dead letters with those that there must be, and learns the numbers of new ones.
    pub(super) fn see_letters(&mut self, seen: &[DeadLetter]) {
        let mut seen: Vec<&DeadLetter> = seen.iter().collect();
        seen.sort_by_key(|letter| letter.number);
        let known = seen.iter().filter(|one| self.letters.contains_key(&one.number)).count();
        assert_eq!(known, self.letters.len(), "dead letters are gone");
        for letter in seen {
            let lane = ids().iter().position(|id| id.to_string() == letter.lane).expect("a lane");
            let what = (lane, letter.position.0);
            let known = &self.entries[&letter.position.0];
            assert_eq!(letter.callback.as_ref().map(|facts| facts.id), Some(known.id));
            if let Some(before) = self.letters.get(&letter.number) {
                assert_eq!(*before, what);
                continue;
            }
            assert!(letter.number > self.top_letter, "{} is given twice", letter.number);
            self.top_letter = letter.number;
            let new = self.new_letters.iter().position(|one| *one == what);
            self.new_letters.swap_remove(new.unwrap_or_else(|| panic!("nobody gave up {what:?}")));
            self.letters.insert(letter.number, what);
        }
        assert_eq!(self.new_letters, [], "not there");
    }

    /// Compares what is kept with what must be, and says how much is gone.
    pub(super) fn see_events(&mut self, seen: &[(Position, Uuid, String)]) -> Vec<u64> {
        for (position, id, body) in seen {
            if let Some(known) = self.entries.get(&position.0) {
                assert!(
                    !known.gone && known.id == *id && known.body == *body,
                    "{position} changed"
                );
            } else {
                let known = self.noted.remove(id).expect("nobody kept it");
                self.learn(*position, known);
            }
        }
        let seen: HashSet<u64> = seen.iter().map(|(position, ..)| position.0).collect();
        let gone: Vec<u64> = self.kept().filter(|position| !seen.contains(position)).collect();
        for position in &gone {
            self.may_go(*position);
            self.entries.get_mut(position).expect("it is known").gone = true;
            self.pruned = self.pruned.max(*position);
        }
        gone
    }

    fn may_go(&self, position: u64) {
        for (lane, line) in self.lines.iter().enumerate() {
            let done = line.done.contains_key(&position) || !self.is_for(lane, position);
            assert!(done, "{position} is gone, and lane {lane} needs it");
            let again = line.again.get(&position).is_some_and(|count| *count > 0);
            assert!(!again, "{position} is gone, and is to be done again in lane {lane}");
        }
        let mut letters = self.letters.values().chain(&self.new_letters);
        assert!(letters.all(|(_, of)| *of != position), "{position} is gone, with its dead letter");
    }
}
