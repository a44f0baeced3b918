//! What is in one file: as it is seen, as it was synced last, and every sector that was written in between.

use std::collections::BTreeMap;

use fastrand::Rng;

/// What a disk writes whole or not at all.
pub(super) const SECTOR: usize = 512;
/// So many states of a sector are remembered between two syncs; the oldest goes first.
const VERSIONS_MAX: usize = 8;

/// A state of a sector; none: all zeros.
type Sector = Option<Box<[u8]>>;

#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// What was written since the last sync and when, by sector.
    versions: BTreeMap<usize, Vec<(u64, Sector)>>,
    /// The sizes since the last sync, and when.
    sizes: Vec<(u64, usize)>,
}

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Nothing of it is there.
    All,
    /// What was written before this moment is there, some sectors of the last write, and nothing later.
    From(u64),
    /// Any of it, in any order, and sizes in between.
    Any,
}

impl Content {
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    pub(super) fn read(&self, at: usize, count: usize) -> &[u8] {
        let end = at.saturating_add(count).min(self.live.len());
        self.live.get(at..end).unwrap_or_default()
    }

    pub(super) fn write(&mut self, at: usize, data: &[u8], tick: u64) {
        let Some(last) = data.len().checked_sub(1) else { return };
        let end = at + data.len();
        if end > self.live.len() {
            self.live.resize(end, 0);
            self.sizes.push((tick, end));
        }
        self.live[at..end].copy_from_slice(data);
        for sector in at / SECTOR..=(at + last) / SECTOR {
            self.note(sector, tick);
        }
    }

    pub(super) fn resize(&mut self, size: usize, tick: u64) {
        let before = self.live.len();
        self.live.resize(size, 0);
        self.sizes.push((tick, size));
        for sector in size / SECTOR..before.div_ceil(SECTOR) {
            self.note(sector, tick);
        }
    }

    /// Remembers a sector as it is now.
    fn note(&mut self, sector: usize, tick: u64) {
        let now = sector_of(&self.live, sector);
        let versions = self.versions.entry(sector).or_default();
        if versions.len() == VERSIONS_MAX {
            versions.remove(0);
        }
        versions.push((tick, now));
    }

    /// What is seen is sure.
    pub(super) fn sync(&mut self) {
        self.durable.resize(self.live.len(), 0);
        for sector in std::mem::take(&mut self.versions).into_keys() {
            let start = (sector * SECTOR).min(self.live.len());
            let end = (start + SECTOR).min(self.live.len());
            self.durable[start..end].copy_from_slice(&self.live[start..end]);
        }
        self.sizes.clear();
    }

    /// When something was written that is not sure.
    pub(super) fn ticks(&self) -> impl Iterator<Item = u64> {
        let written = self.versions.values().flatten().map(|(tick, _)| *tick);
        written.chain(self.sizes.iter().map(|(tick, _)| *tick))
    }

    /// What is found after a power cut.
    pub(super) fn survivor(&self, loss: Loss, rng: &mut Rng) -> Self {
        let mut left = self.durable.clone();
        let size = self.size_after(loss, rng);
        let most = self.versions.keys().next_back().map_or(0, |last| (last + 1) * SECTOR);
        left.resize(left.len().max(most).max(size), 0);
        for (sector, versions) in &self.versions {
            let Some(kept) = pick(versions, loss, rng) else { continue };
            let place = &mut left[sector * SECTOR..];
            match kept {
                Some(bytes) => place[..bytes.len()].copy_from_slice(bytes),
                None => place[..SECTOR].fill(0),
            }
        }
        left.truncate(size);
        Self { live: left.clone(), durable: left, ..Self::default() }
    }

    fn size_after(&self, loss: Loss, rng: &mut Rng) -> usize {
        let durable = self.durable.len();
        match loss {
            Loss::All => durable,
            Loss::From(moment) => {
                let before = self.sizes.iter().rev().find(|(tick, _)| *tick < moment);
                let before = before.map_or(durable, |(_, size)| *size);
                let torn = self.sizes.iter().find(|(tick, _)| *tick == moment);
                torn.map_or(before, |(_, size)| between(before, *size, rng))
            }
            Loss::Any => {
                let all = || self.sizes.iter().map(|(_, size)| *size).chain([durable]);
                let (least, most) = (all().min(), all().max());
                match rng.u8(..4) {
                    0 => between(least.unwrap_or(durable), most.unwrap_or(durable), rng),
                    _ => all().nth(rng.usize(..=self.sizes.len())).unwrap_or(durable),
                }
            }
        }
    }
}

/// The state that a sector is left in; none: as it was synced last.
fn pick<'v>(versions: &'v [(u64, Sector)], loss: Loss, rng: &mut Rng) -> Option<&'v Sector> {
    match loss {
        Loss::All => None,
        Loss::From(moment) => {
            let torn = rng.bool();
            let there = |tick: u64| tick < moment || tick == moment && torn;
            versions.iter().rev().find(|(tick, _)| there(*tick)).map(|(_, sector)| sector)
        }
        Loss::Any => versions.get(rng.usize(..=versions.len())).map(|(_, sector)| sector),
    }
}

fn between(one: usize, other: usize, rng: &mut Rng) -> usize {
    rng.usize(one.min(other)..=one.max(other))
}

fn sector_of(bytes: &[u8], sector: usize) -> Sector {
    let start = (sector * SECTOR).min(bytes.len());
    let end = (start + SECTOR).min(bytes.len());
    let mut whole = bytes[start..end].to_vec();
    whole.resize(SECTOR, 0);
    whole.iter().any(|byte| *byte != 0).then(|| whole.into())
}
