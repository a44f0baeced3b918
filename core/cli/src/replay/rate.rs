//! The rate of a replay.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Deliveries in a second, minute or hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    count: u32,
    unit: char,
}

/// The highest number that is accepted.
const COUNT_MAX: u32 = 1_000_000;

impl Rate {
    fn unit(self) -> Duration {
        match self.unit {
            'h' => Duration::from_hours(1),
            'm' => Duration::from_mins(1),
            _ => Duration::from_secs(1),
        }
    }

    /// The time that this number of deliveries takes.
    pub(super) fn time_for(self, count: u64) -> Duration {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.unit().saturating_mul(count) / self.count
    }

    /// How many are sent off together: what half a second takes, at least one, at most `max`.
    pub(super) fn chunk(self, max: usize) -> usize {
        let fit = u128::from(self.count) * 500 / self.unit().as_millis();
        usize::try_from(fit).unwrap_or(max).clamp(1, max)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = || {
            let (count, unit) = text.split_once('/')?;
            let count = count.trim().parse().ok().filter(|n| (1..=COUNT_MAX).contains(n))?;
            let unit = match unit.trim() {
                "s" => 's',
                "m" | "min" => 'm',
                "h" => 'h',
                _ => return None,
            };
            Some(Self { count, unit })
        };
        parsed().ok_or_else(|| {
            format!("`{text}` is not a valid rate; write one like 100/s, 30/m or 500/h, up to {COUNT_MAX}")
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_so_many_in_a_time() {
        let rate = |text: &str| text.parse::<Rate>().expect("a rate");
        assert_eq!(rate("100/s").time_for(50), Duration::from_millis(500));
        assert_eq!(rate("30/m").time_for(1), Duration::from_secs(2));
        assert_eq!(rate("1 / h").time_for(2), Duration::from_hours(2));
        assert_eq!(rate("7/min").to_string(), "7/m");
        for text in ["0/s", "100", "100/d", "-1/s", "x/s", "1.5/s", "2000000/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_chunk_is_never_nothing_and_never_too_much() {
        let chunk = |text: &str| text.parse::<Rate>().expect("a rate").chunk(500);
        assert_eq!(chunk("100/s"), 50);
        assert_eq!(chunk("1/h"), 1);
        assert_eq!(chunk("1000000/s"), 500);
    }
}
