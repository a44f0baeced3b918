//! What a replay would be: callbacks, lanes, and how many deliveries.

use switchhook_api::journal::{ConsumerId, EventQuery, Position, Requeued};
use switchhook_engine::admin::Replay;

use crate::Failed;
use crate::output::{counted, one_line};
use crate::store::Store;

/// Callbacks that are counted at a time.
const PAGE: usize = 250;

pub(super) struct Plan {
    pub(super) lanes: Vec<ConsumerId>,
    /// The oldest first.
    pub(super) query: EventQuery,
}

/// What a dry run counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) callbacks: u64,
    /// For each lane of the plan.
    pub(super) lanes: Vec<Requeued>,
}

impl Plan {
    /// A page of positions behind one, and where the next page begins.
    pub(super) async fn positions(
        &self,
        store: &mut Store,
        after: Option<Position>,
        limit: usize,
    ) -> Result<(Vec<Position>, Option<Position>), Failed> {
        let query = EventQuery { limit, after: after.or(self.query.after), ..self.query.clone() };
        let page = store.positions(&query).await?;
        let positions = page.items.iter().map(|place| place.position).collect();
        Ok((positions, page.next.map(Position)))
    }

    /// Counts, and changes nothing.
    pub(super) async fn count(&self, store: &mut Store) -> Result<Counted, Failed> {
        let lanes = vec![Requeued::default(); self.lanes.len()];
        let mut counted = Counted { callbacks: 0, lanes };
        let mut after = None;
        loop {
            let (positions, next) = self.positions(store, after, PAGE).await?;
            counted.callbacks += positions.len() as u64;
            if !positions.is_empty() {
                self.count_in(store, &positions, &mut counted.lanes).await?;
            }
            after = next;
            if after.is_none() {
                return Ok(counted);
            }
        }
    }

    async fn count_in(
        &self,
        store: &mut Store,
        positions: &[Position],
        lanes: &mut [Requeued],
    ) -> Result<(), Failed> {
        for (lane, sum) in self.lanes.iter().zip(lanes) {
            let (lane, positions) = (lane.to_string(), positions.to_vec());
            let found = store.execute(Replay { lane, positions, dry_run: true }).await?;
            sum.queued += found.queued;
            sum.missing += found.missing;
        }
        Ok(())
    }
}

impl Counted {
    pub(super) fn deliveries(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.queued).sum()
    }

    pub(super) fn text(&self, lanes: &[ConsumerId]) -> String {
        let mut lines = vec![counted(self.callbacks, "callback", "callbacks")];
        for (lane, sum) in lanes.iter().zip(&self.lanes) {
            let none = match sum.missing {
                0 => String::new(),
                n => format!(" ({n} without a record of this handler)"),
            };
            let lane = one_line(&lane.to_string());
            lines.push(format!("{lane}: {}{none}", counted(sum.queued, "delivery", "deliveries")));
        }
        lines.join("\n")
    }
}
