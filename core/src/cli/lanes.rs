//! `switchhook lanes`, `switchhook pause` and `switchhook resume`.

use super::output::{self, Format, columns, line, one_line};
use super::store::{Store, Trouble};
use super::{Context, Failed, block_on};
use crate::admin::Pause;
use crate::config::hint;
use crate::journal::LaneStatus;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook lanes
  switchhook lanes --format json | jq 'map(select(.dead > 0))'

A lane named `handler` reads callbacks; one named `handler>action` delivers what the handler made of them.
BEHIND counts what it has not looked at, OPEN what is under way or waits for a retry, DEAD what was given up.")]
pub(super) struct Args {
    /// How they are written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let config = cx.config()?;
    let lanes = block_on(async {
        let mut store = Store::open(config).await?;
        let lanes = store.lanes().await;
        store.close().await;
        Ok(lanes?)
    })?;
    match args.format {
        Format::Json => output::json(&lanes)?,
        Format::Text if lanes.is_empty() => {
            output::message("there are no lanes: no server has run with this journal yet");
        }
        Format::Text => line(&table(&lanes))?,
    }
    Ok(())
}

fn table(lanes: &[LaneStatus]) -> String {
    let head = ["LANE", "CURSOR", "BEHIND", "OPEN", "DEAD", "STATE"].map(str::to_owned);
    let row = |lane: &LaneStatus| {
        [
            one_line(&lane.lane),
            lane.cursor.to_string(),
            lane.behind.to_string(),
            lane.open.to_string(),
            lane.dead.to_string(),
            state(lane),
        ]
    };
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(lanes.iter().map(row)).collect();
    columns(&rows)
}

fn state(lane: &LaneStatus) -> String {
    let since = lane.detached_at.map(|at| format!(" since {at:.0}")).unwrap_or_default();
    match (lane.detached, lane.paused) {
        (true, _) => format!("not in the configuration{since}"),
        (false, true) => "paused".to_owned(),
        (false, false) => "runs".to_owned(),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook pause crm     nothing more goes to [actions.crm], also after a restart
  switchhook resume crm    what has gathered is delivered, in order

Callbacks are taken and kept as ever. What is being delivered just now is not broken off.")]
pub(super) struct PauseArgs {
    /// The action, by its name in the configuration
    action: String,
}

pub(super) fn pause(cx: &Context, args: &PauseArgs, paused: bool) -> Result<(), Failed> {
    let config = cx.config()?;
    let known: Vec<String> = config.actions.iter().map(|one| one.name.to_string()).collect();
    let action = args.action.clone();
    block_on(async {
        let mut store = Store::open(config).await?;
        let done = store.order(Pause { action, paused }).await;
        store.close().await;
        done.map_err(|trouble| with_hint(trouble, &args.action, &known))
    })?;
    let action = one_line(&args.action);
    output::message(&match paused {
        true => format!("{action} is paused; `switchhook resume {action}` lets it go on"),
        false => format!("{action} goes on"),
    });
    Ok(())
}

fn with_hint(trouble: Trouble, action: &str, known: &[String]) -> Failed {
    let mut failed = Failed::from(trouble);
    if failed.code == 64 {
        failed.message.push_str(&hint(action, known.iter().map(String::as_str)));
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Position;

    fn lane(name: &str) -> LaneStatus {
        LaneStatus {
            lane: name.to_owned(),
            cursor: Position(12),
            behind: 3,
            open: 2,
            dead: 1,
            paused: false,
            detached: false,
            detached_at: None,
        }
    }

    #[test]
    fn lanes_are_a_table_with_their_states() {
        let gone = LaneStatus {
            detached: true,
            detached_at: Some("2026-01-31T08:00:00.5Z".parse().expect("a time")),
            ..lane("old\u{1b}[31m")
        };
        let paused = LaneStatus { paused: true, ..lane("topics>crm") };
        assert_eq!(
            table(&[lane("topics"), paused, gone]),
            "LANE           CURSOR  BEHIND  OPEN  DEAD  STATE\n\
             topics         12      3       2     1     runs\n\
             topics>crm     12      3       2     1     paused\n\
             old\\u{1b}[31m  12      3       2     1     not in the configuration since 2026-01-31T08:00:00Z"
        );
    }
}
