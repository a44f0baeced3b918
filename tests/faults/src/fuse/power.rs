//! The power switch: what is left of a disk when the power goes.

use std::collections::HashMap;

use fastrand::Rng;

use super::content::Loss;
use super::disk::{Disk, Folder, Kind, Node, ROOT};

/// How a power cut treats what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// All of it is lost.
    Lost,
    /// It reached the disk in order up to some moment, with the last write torn.
    Ordered,
    /// Any sectors, sizes and names of it are there.
    Mixed,
    /// One of these, by chance.
    Any,
}

impl Disk {
    /// What would be found after a power cut at this moment.
    pub(super) fn after_cut(&self, seed: u64, how: How) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let how = match (how, rng.u8(..3)) {
            (How::Any, 0) => How::Lost,
            (How::Any, 1) => How::Ordered,
            (How::Any, _) => How::Mixed,
            (how, _) => how,
        };
        let loss = match how {
            How::Lost => Loss::All,
            How::Ordered => self.moment(rng).map_or(Loss::All, Loss::From),
            How::Mixed | How::Any => Loss::Any,
        };
        let mut after = self.clone();
        for change in std::mem::take(&mut after.changes) {
            let kept = match loss {
                Loss::All => false,
                Loss::From(moment) => change.tick < moment || change.tick == moment && rng.bool(),
                Loss::Any => rng.bool(),
            };
            if kept {
                after.make_durable(change);
            }
        }
        after.nodes = after.survivors(loss, rng);
        after
    }

    /// Some moment at which something was done that is not sure.
    fn moment(&self, rng: &mut Rng) -> Option<u64> {
        let written = self.nodes.values().flat_map(|node| match &node.kind {
            Kind::File(content) => content.ticks().collect(),
            _ => Vec::new(),
        });
        let mut ticks: Vec<u64> = written.chain(self.changes.iter().map(|one| one.tick)).collect();
        ticks.sort_unstable();
        ticks.dedup();
        rng.choice(ticks)
    }

    /// What the names that are left lead to.
    fn survivors(&self, loss: Loss, rng: &mut Rng) -> HashMap<u64, Node> {
        let (mut found, mut queue) = (HashMap::new(), vec![ROOT]);
        while let Some(number) = queue.pop() {
            let Some(node) = self.nodes.get(&number) else { continue };
            let kind = match &node.kind {
                Kind::File(content) => Kind::File(content.survivor(loss, rng)),
                Kind::Folder(Folder { durable, .. }) => {
                    queue.extend(durable.values());
                    Kind::Folder(Folder { live: durable.clone(), durable: durable.clone() })
                }
                Kind::Socket => Kind::Socket,
            };
            found.insert(number, Node { kind, links: 1, ..node.clone() });
        }
        found
    }
}
