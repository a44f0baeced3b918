//! The slow start after an outage: one attempt at a time at first, twice as many after each round that went well.

/// How much may be under way at a time; without an outage, as much as is configured.
#[derive(Debug)]
pub(super) struct Ramp {
    /// What counts as no limit.
    full: usize,
    level: usize,
    /// Successes of the round.
    done: usize,
}

impl Ramp {
    /// A ramp that ends at `full`; not begun.
    pub(super) fn new(full: usize) -> Self {
        Self { full, level: full, done: 0 }
    }

    /// At most so many now.
    pub(super) fn level(&self) -> usize {
        self.level
    }

    /// Begins anew with one.
    pub(super) fn begin(&mut self) {
        (self.level, self.done) = (1, 0);
    }

    /// So many records were taken.
    pub(super) fn succeeded(&mut self, records: usize) {
        if self.level < self.full {
            self.done += records;
            if self.done >= self.level {
                (self.level, self.done) = (self.level.saturating_mul(2).min(self.full), 0);
            }
        }
    }

    /// The round has not gone well: it begins anew.
    pub(super) fn failed(&mut self) {
        self.done = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_of_successes_doubles_it_up_to_the_full_number() {
        let mut ramp = Ramp::new(10);
        assert_eq!(ramp.level(), 10, "there was no outage");
        ramp.begin();
        let mut levels = Vec::new();
        for _ in 0..20 {
            levels.push(ramp.level());
            ramp.succeeded(1);
        }
        let expected = [1, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 10, 10, 10, 10, 10];
        assert_eq!(levels, expected);
    }

    #[test]
    fn a_batch_that_fills_the_round_is_a_round() {
        let mut ramp = Ramp::new(100);
        ramp.begin();
        let mut batches = Vec::new();
        while ramp.level() < 100 {
            let batch = ramp.level();
            ramp.succeeded(batch);
            batches.push(batch);
        }
        assert_eq!(batches, [1, 2, 4, 8, 16, 32, 64]);
    }

    #[test]
    fn a_failure_begins_the_round_anew() {
        let mut ramp = Ramp::new(16);
        ramp.begin();
        ramp.succeeded(1);
        for _ in 0..10 {
            ramp.succeeded(1);
            ramp.failed();
        }
        assert_eq!(ramp.level(), 2);
    }
}
