//! `switchhook consumers`, `switchhook pause` and `switchhook resume`.

use switchhook_api::program_name;
use switchhook_engine::admin::{ConsumerView, Pause, PauseResult};
use switchhook_engine::targets::TargetHealth;

use super::names::Names;
use super::output::{self, Format, columns, line, one_line};
use super::store::{Store, StoreError};
use super::{Context, Failed, block_on};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook consumers
  switchhook consumers --format json | jq 'map(select(.dead_letters > 0))'

A consumer named `handler` reads callbacks; one named `handler>action` delivers the records that the handler made of them.
LAG counts the callbacks that it has not read yet, PENDING those that are being processed or wait for a retry, DEAD its dead letters.

STATE is one of
  active                it reads and delivers
  circuit breaker open  its target keeps failing; nothing is sent until the next probe. `switchhook resume ACTION` probes at once
  full                  it reads nothing new until some of the pending items are done
  paused, disabled      by `switchhook pause ACTION`, or by `enabled = false` in the configuration
  orphaned              its handler or action is not in the configuration
and says since when nothing has been delivered, and why the last attempt failed.")]
pub(super) struct Args {
    /// Output format
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
            output::message("there are no consumers: no server has run with this journal yet");
        }
        Format::Text => line(&table(&lanes))?,
    }
    Ok(())
}

fn table(lanes: &[ConsumerView]) -> String {
    let head = ["CONSUMER", "CURSOR", "LAG", "PENDING", "DEAD", "STATE"].map(str::to_owned);
    let row = |lane: &ConsumerView| {
        let status = &lane.status;
        [
            one_line(&status.lane),
            status.cursor.to_string(),
            status.behind.to_string(),
            status.open.to_string(),
            status.dead.to_string(),
            state(lane),
        ]
    };
    let rows: Vec<[String; 6]> = std::iter::once(head).chain(lanes.iter().map(row)).collect();
    columns(&rows)
}

fn state(lane: &ConsumerView) -> String {
    let ConsumerView { status, target } = lane;
    if status.detached {
        let since = status.detached_at.map(|at| format!(" since {at:.0}")).unwrap_or_default();
        return format!("orphaned{since}");
    }
    match (status.disabled, status.paused, &target.failing) {
        (true, true, _) => "disabled and paused".to_owned(),
        (true, false, _) => "disabled".to_owned(),
        (false, true, _) => match lane.gone_since() {
            Some(at) => format!("paused: its target has been gone since {at:.0}"),
            None => "paused".to_owned(),
        },
        (false, false, Some(failing)) => {
            let first = format!(
                "circuit breaker open, failing since {:.0}; {}",
                failing.since,
                failing.next()
            );
            with_undelivered(first, target)
        }
        (false, false, None) if status.full => with_undelivered("full".to_owned(), target),
        (false, false, None) => with_undelivered("active".to_owned(), target),
    }
}

/// And whether anything gets through.
fn with_undelivered(state: String, target: &TargetHealth) -> String {
    match &target.undelivered {
        Some(undelivered) => format!("{state}; {}", one_line(&undelivered.text())),
        None => state,
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook pause crm     stops the deliveries of [actions.crm], also after a restart
  switchhook resume crm    makes the pending deliveries, in order

`resume` also ends waiting, whether or not the action is paused: pending retries are made at once, and a target is probed whose \
circuit breaker is open or that asked for a pause.

Callbacks are still accepted and persisted. Deliveries in progress are not interrupted.")]
pub(super) struct PauseArgs {
    /// The name of the action in the configuration
    action: String,
}

pub(super) fn pause(cx: &Context, args: &PauseArgs, paused: bool) -> Result<(), Failed> {
    let config = cx.config()?;
    let names = Names::of(&config);
    let named = config.actions.iter().find(|one| *one.name == *args.action);
    let disabled = named.is_some_and(|one| !one.table.enabled);
    let said = block_on(async {
        let mut store = Store::open(config).await?;
        let done = set_paused(&mut store, &args.action, paused, disabled, names).await;
        store.close().await;
        done
    })?;
    output::message(&said);
    Ok(())
}

/// Pauses or resumes an action; returns the message for the user.
async fn set_paused(
    store: &mut Store,
    action: &str,
    paused: bool,
    disabled: bool,
    names: Names,
) -> Result<String, Failed> {
    match store.execute(Pause { action: action.to_owned(), paused }).await {
        Ok(_) if paused => {
            let action = one_line(action);
            let program = program_name();
            Ok(format!("{action} is paused; `{program} resume {action}` resumes it"))
        }
        Ok(result) => Ok(resumed(&one_line(action), result, disabled, store.is_served())),
        Err(StoreError::Failed(failed)) if failed.is_usage() => {
            let names = names.with_those_of(store).await;
            let unused = || {
                let action = one_line(action);
                format!(
                    "action `{action}` has no deliveries yet: no server has run with a handler that uses it"
                )
            };
            Err(Failed::usage(names.unknown_action(action).unwrap_or_else(unused)))
        }
        Err(error) => Err(error.into()),
    }
}

fn resumed(action: &str, result: PauseResult, disabled: bool, served: bool) -> String {
    let PauseResult { was_paused, retries_due, probed } = result;
    let first = if was_paused {
        format!("{action} is no longer paused")
    } else {
        format!("{action} was not paused")
    };
    let more = match (disabled, served) {
        (true, _) => {
            "; it is disabled in the configuration: nothing is delivered until it is enabled there"
        }
        (false, false) => "; pending deliveries are made when a server runs",
        (false, true) if probed && retries_due => {
            "; its circuit breaker was open, and its target is probed now"
        }
        (false, true) if probed => {
            "; its circuit breaker was open, and the next record probes its target"
        }
        (false, true) if retries_due => "; pending retries are made now",
        (false, true) if was_paused => "; pending deliveries are made",
        (false, true) => ", and no delivery waits for a retry",
    };
    format!("{first}{more}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fixtures::{both, config, journal};
    use switchhook_api::journal::{ConsumerStatus, Position};
    use switchhook_engine::app;
    use switchhook_engine::targets::{CircuitOpen, Undelivered};

    fn lane(name: &str) -> ConsumerStatus {
        ConsumerStatus {
            lane: name.to_owned(),
            cursor: Position(12),
            behind: 3,
            open: 2,
            full: false,
            dead: 1,
            due: None,
            paused: false,
            disabled: false,
            detached: false,
            detached_at: None,
        }
    }

    #[test]
    fn lanes_are_a_table_with_their_states() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a time");
        let gone = ConsumerStatus {
            detached: true,
            detached_at: Some(at("2026-01-31T08:00:00.5Z")),
            ..lane("old\u{1b}[31m")
        };
        let paused = ConsumerStatus { paused: true, ..lane("topics>crm") };
        let disabled = ConsumerStatus { disabled: true, ..lane("topics>off") };
        let lanes = [lane("topics"), paused.clone(), disabled, gone].map(ConsumerView::of);
        assert_eq!(
            table(&lanes),
            "CONSUMER       CURSOR  LAG  PENDING  DEAD  STATE\n\
             topics         12      3    2        1     active\n\
             topics>crm     12      3    2        1     paused\n\
             topics>off     12      3    2        1     disabled\n\
             old\\u{1b}[31m  12      3    2        1     orphaned since 2026-01-31T08:00:00Z"
        );
        let left_alone = |probed_at| CircuitOpen { since: at("2026-01-31T08:00:00Z"), probed_at };
        let failing = |probed_at| TargetHealth {
            failing: Some(left_alone(probed_at)),
            ..TargetHealth::default()
        };
        let target = TargetHealth {
            gone_since: Some(at("2026-01-31T09:00:00Z")),
            ..TargetHealth::default()
        };
        let undelivered = Some(Undelivered {
            since: at("2026-01-31T07:00:00Z"),
            failures: 12,
            reason: "the target answered 401 Unauthorized\n".to_owned(),
        });
        let fruitless =
            TargetHealth { undelivered: undelivered.clone(), ..TargetHealth::default() };
        let text = "nothing delivered since 2026-01-31T07:00:00Z: 12 attempts failed; last error: the target answered 401 Unauthorized\\n";
        for (status, target, expected) in [
            (
                lane("h>a"),
                failing(Some(at("2026-01-31T09:00:00Z"))),
                "circuit breaker open, failing since 2026-01-31T08:00:00Z; next probe at 2026-01-31T09:00:00Z",
            ),
            (
                lane("h>a"),
                failing(None),
                "circuit breaker open, failing since 2026-01-31T08:00:00Z; next probe with the next record",
            ),
            (paused, target.clone(), "paused: its target has been gone since 2026-01-31T09:00:00Z"),
            (lane("h>a"), target, "active"),
            (lane("h>a"), fruitless.clone(), &format!("active; {text}")),
            (
                lane("h>a"),
                TargetHealth { undelivered, ..failing(None) },
                &format!(
                    "circuit breaker open, failing since 2026-01-31T08:00:00Z; next probe with the next record; {text}"
                ),
            ),
            (ConsumerStatus { full: true, ..lane("h>a") }, TargetHealth::default(), "full"),
            (ConsumerStatus { full: true, ..lane("h>a") }, fruitless, &format!("full; {text}")),
        ] {
            assert_eq!(state(&ConsumerView { status, target }), expected);
        }
    }

    #[test]
    fn what_a_resumption_did_is_what_it_says() {
        let result =
            |was_paused, retries_due, probed| PauseResult { was_paused, retries_due, probed };
        for (result, disabled, served, parts) in [
            (result(true, false, false), false, true, ["no longer paused", "deliveries are made"]),
            (result(false, false, false), false, true, ["was not paused", "no delivery waits"]),
            (result(false, true, false), false, true, ["was not paused", "retries are made now"]),
            (result(false, true, true), false, true, ["was not paused", "is probed now"]),
            (result(false, false, true), false, true, ["was not paused", "the next record"]),
            (result(true, true, false), false, false, ["no longer", "when a server runs"]),
            (result(true, true, true), true, true, ["no longer", "until it is enabled"]),
        ] {
            let said = resumed("crm", result, disabled, served);
            assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        }
    }

    #[tokio::test]
    async fn an_action_that_is_not_there_is_told_with_those_that_are() {
        let (local, remote, _folder) = both(Arc::new(journal(1, 0).await)).await;
        for mut store in [local, remote] {
            let names = Names::of(&config("{}"));
            let failed = set_paused(&mut store, "lug", true, false, names).await.expect_err("none");
            assert_eq!(failed.code, 64);
            assert!(failed.message.ends_with("; did you mean `log`?"), "{failed:?}");
            let said =
                set_paused(&mut store, "log", true, false, Names::default()).await.expect("done");
            assert!(said.starts_with("log is paused"), "{said}");
        }
    }

    #[tokio::test]
    async fn without_a_server_a_lane_stands_as_the_configuration_has_it() {
        let journal = Arc::new(journal(1, 0).await);
        let mut specs = app::lanes(&config("{}"));
        specs.retain(|spec| spec.id.action().is_none());
        let mut left = Store::local(journal.clone(), specs);
        let states = |lanes: Vec<ConsumerView>| lanes.iter().map(state).collect::<Vec<_>>();
        let shown = states(left.lanes().await.expect("read"));
        assert_eq!(shown, ["active", "orphaned"]);
        let mut specs = app::lanes(&config("{}"));
        for spec in &mut specs {
            spec.enabled = spec.id.action().is_none();
        }
        let mut off = Store::local(journal, specs);
        assert_eq!(states(off.lanes().await.expect("read")), ["active", "disabled"]);
    }
}
