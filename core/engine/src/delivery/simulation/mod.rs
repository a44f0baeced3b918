//! Delivery in virtual time: the real projections and subscriptions over the in-memory journal, two nodes on one store.
//! Everything that can fail does, by chance; every seed is a run of its own that can be repeated:
//!
//! - `SWITCHHOOK_SIMULATION_SEEDS=10000` runs so many seeds, 200 without it;
//! - `SWITCHHOOK_SIMULATION_SEED=17` runs one alone.

pub(super) mod clock;
pub(super) mod log;
pub(super) mod target;
pub(super) mod world;

mod check;
mod journal;
mod outage;
mod run;
mod script;
pub(super) mod table;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

fn number(variable: &str) -> Option<u64> {
    Some(std::env::var(variable).ok()?.parse().expect("a number"))
}

fn must_hold(seed: u64) -> u64 {
    match run::seed(seed) {
        Ok(trace) => trace,
        Err(wrong) => {
            let alone = "cargo test -p switchhook-engine --lib simulation";
            panic!("seed {seed}: {wrong}again, alone: SWITCHHOOK_SIMULATION_SEED={seed} {alone}")
        }
    }
}

#[test]
fn whatever_fails_nothing_is_lost_and_everything_flows_again() {
    if let Some(seed) = number("SWITCHHOOK_SIMULATION_SEED") {
        must_hold(seed);
        return;
    }
    // Each seed has a thread of its own for as long as it runs; there are as many as there are cores.
    let (next, seeds) = (AtomicU64::new(0), number("SWITCHHOOK_SIMULATION_SEEDS").unwrap_or(200));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(seed) = Some(next.fetch_add(1, Relaxed)).filter(|seed| *seed < seeds)
                {
                    must_hold(seed);
                }
            });
        }
    });
}

#[test]
fn a_seed_does_the_same_each_time() {
    let first = number("SWITCHHOOK_SIMULATION_SEED").unwrap_or(0);
    for seed in first..first + 10 {
        assert_eq!(must_hold(seed), must_hold(seed), "seed {seed}");
    }
    assert_ne!(must_hold(first), must_hold(first + 1), "not even chance makes a difference");
}
