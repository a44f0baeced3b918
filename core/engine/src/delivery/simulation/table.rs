//! An action's table, as far as deliveries need it.

use serde::Deserialize;
use switchhook_api::config::HumanDuration;
use switchhook_api::journal::Ordering;

use crate::delivery::{Breaker, Policy, Retry};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Table {
    retry: Retry,
    circuit_breaker: Breaker,
    timeout: HumanDuration,
    concurrency: usize,
    ordering: Ordering,
}

impl Default for Table {
    fn default() -> Self {
        let Policy { retry, circuit_breaker, timeout, concurrency } = Policy::default();
        Self { retry, circuit_breaker, timeout, concurrency, ordering: Ordering::default() }
    }
}

/// What a table says.
pub(in crate::delivery) type Configured = (Policy, Ordering);

/// Reads the table of an action.
pub(in crate::delivery) fn read(text: &str) -> Configured {
    let Table { retry, circuit_breaker, timeout, concurrency, ordering } =
        toml::from_str(text).expect("a table");
    (Policy { retry, circuit_breaker, timeout, concurrency }, ordering)
}
