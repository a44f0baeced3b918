//! Which callbacks are meant.

use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use switchhook_api::journal::EventQuery;
use switchhook_api::{Clock, Pattern};
use switchhook_engine::SystemClock;
use switchhook_engine::config::HumanDuration;
use uuid::Uuid;

use super::Failed;

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Filter {
    /// Only the callbacks with these ids
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(super) id: Vec<Uuid>,
    /// Only callbacks received at or after this time: RFC 3339, or how long ago, such as 2h, 90m or 3d
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<When>,
    /// Only callbacks received before this time
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<When>,
    /// Only these commands: a name, a family such as `Group.*`, or `*`
    #[arg(long, value_name = "PATTERN")]
    pub(super) command: Option<Pattern>,
    /// Only callbacks that were persisted after their sender had been answered that they were not
    #[arg(long)]
    pub(super) persisted_late: bool,
}

impl Filter {
    /// The question, its limit left open.
    ///
    /// # Errors
    /// The times leave nothing between them.
    pub(super) fn query(&self, now: Timestamp) -> Result<EventQuery, Failed> {
        let at = |when: &Option<When>| when.as_ref().map(|when| when.at(now));
        let (since, until) = (at(&self.since), at(&self.until));
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            let text = format!("--since {since:.0} is not before --until {until:.0}");
            return Err(Failed::usage(text));
        }
        Ok(EventQuery {
            ids: self.id.clone(),
            commands: self.command.iter().cloned().collect(),
            since,
            until,
            persisted_late: self.persisted_late,
            ..EventQuery::default()
        })
    }
}

/// The time of day.
pub(super) fn now() -> Timestamp {
    SystemClock::default().wall()
}

/// A time as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    At(Timestamp),
    Ago(Duration),
}

impl When {
    pub(super) fn at(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => *time,
            Self::Ago(time) => {
                let time = SignedDuration::try_from(*time).unwrap_or(SignedDuration::MAX);
                now.saturating_sub(time).unwrap_or(Timestamp::MIN)
            }
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        let period = text.trim_end_matches("ago").trim();
        period.parse::<HumanDuration>().map(|period| Self::Ago(period.0)).map_err(|_| {
            format!("`{text}` is not a valid time; write one like 2026-01-31T08:00:00Z, or how long ago, such as 2h or 3d")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_time_or_so_long_ago() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().expect("a time");
        let check = |text: &str, expected: &str| {
            let when: When = text.parse().expect("a time");
            assert_eq!(when.at(now).to_string(), expected, "{text}");
        };
        check("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z");
        check("2026-01-31T08:00:00+08:00", "2026-01-31T00:00:00Z");
        check("2h", "2026-01-31T10:00:00Z");
        check("1h30m ago", "2026-01-31T10:30:00Z");
        check("3d", "2026-01-28T12:00:00Z");
        for text in ["yesterday", "", "ago", "-2h", "2026-01-31"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_the_wrong_way_round_are_told() {
        let filter = Filter {
            since: Some("1h".parse().expect("a time")),
            until: Some("2h".parse().expect("a time")),
            ..Filter::default()
        };
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().expect("a time");
        let failed = filter.query(now).expect_err("nothing between");
        assert_eq!(failed.code, 64);
        assert!(
            failed.message.contains("2026-01-31T11:00:00Z is not before"),
            "{}",
            failed.message
        );
    }
}
