//! `switchhook replay`.

mod plan;
mod rate;
mod run;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use switchhook_api::journal::{ConsumerId, Position};
use switchhook_api::program_name;
use switchhook_engine::app;
use switchhook_engine::config::{Config, hint};

use self::plan::Plan;
use self::rate::Rate;
use super::consent::Consent;
use super::filter::{self, Filter};
use super::interrupt::Interrupt;
use super::output::{announce, for_shell, line, message};
use super::store::Store;
use super::{Context, Failed, block_on};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  switchhook replay --since 2h --action crm --dry-run     counts the deliveries, and makes none
  switchhook replay --since 2026-01-31T08:00:00Z --until 2026-01-31T09:00:00Z --action crm
  switchhook replay --command 'Group.*' --handler topics --rate 20/s --yes
  switchhook replay --id 019b7a3c-5d00-7000-8000-0000000000aa

The records that a handler produced at the time are delivered again, whether or not they had been delivered; the handler does \
not run again. Each delivery gets a new id and is marked as replayed. The deliveries are counted first, and you are asked to confirm.

Works with a running server, through the socket in the journal's folder; without one, the deliveries are made after the next start.")]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["id", "since", "until", "command", "persisted_late", "handler", "action"])))]
pub(super) struct Args {
    #[command(flatten)]
    filter: Filter,
    /// Only records of this handler; can be repeated. Default: all configured handlers
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    handler: Vec<String>,
    /// Only deliveries to this action; can be repeated. Default: all actions of the handlers
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    action: Vec<String>,
    /// Only callbacks after this position in the journal: continues an interrupted replay
    #[arg(long, value_name = "POSITION")]
    after: Option<Position>,
    /// Maximum rate of all deliveries together, per second, minute or hour
    #[arg(long, value_name = "N/s", default_value = "100/s")]
    rate: Rate,
    #[command(flatten)]
    consent: Consent,
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let config = cx.config()?;
    let lanes = lanes(&config, args)?;
    let now = filter::now();
    let mut query = args.filter.query(now)?;
    query.oldest_first = true;
    query.after = args.after;
    // What comes in from now on is delivered as it is: it is not counted, and not sent twice.
    let until = query.until.map_or(now, |until| until.min(now));
    query.until = Some(until);
    block_on(async {
        let mut store = Store::open(config).await?;
        let done = replay(cx, &mut store, Plan { lanes, query }, args, until).await;
        store.close().await;
        done
    })
}

async fn replay(
    cx: &Context,
    store: &mut Store,
    plan: Plan,
    args: &Args,
    until: Timestamp,
) -> Result<(), Failed> {
    let counted = plan.count(store).await?;
    announce(&counted.text(&plan.lanes))?;
    if counted.deliveries() == 0 {
        message("nothing to replay");
        return Ok(());
    }
    if !args.consent.confirm("deliver them again?")? {
        return Ok(());
    }
    let done = run::run(store, &plan, args.rate, counted.deliveries(), &Interrupt::listen()).await;
    match done {
        Ok(queued) => Ok(line(&queued_text(queued, store.is_served()))?),
        Err(stopped) => {
            let again = args.continuation(cx.named_file(), stopped.after, plan.query.since, until);
            Err(stopped.into_failure(&again, cx.is_overridden(), store.is_served()))
        }
    }
}

/// The result of a replay.
fn queued_text(queued: u64, served: bool) -> String {
    match (queued, served) {
        (1, true) => "1 delivery queued".to_owned(),
        (n, true) => format!("{n} deliveries queued"),
        (1, false) => "1 delivery queued; it is made when a server runs".to_owned(),
        (n, false) => format!("{n} deliveries queued; they are made when a server runs"),
    }
}

/// The configured lanes that are meant.
fn lanes(config: &Config, args: &Args) -> Result<Vec<ConsumerId>, Failed> {
    let enabled = app::lanes(config).into_iter().filter(|lane| lane.enabled);
    let all: Vec<ConsumerId> = enabled.map(|lane| lane.id).collect();
    let subscriptions = all.iter().filter(|lane| lane.action().is_some());
    let handlers = all.iter().map(|lane| &**lane.handler());
    let actions = all.iter().filter_map(|lane| lane.action().map(|name| &**name));
    known("handler", &args.handler, handlers)?;
    known("action", &args.action, actions)?;
    let meant =
        |wanted: &[String], name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    let meant: Vec<ConsumerId> = subscriptions
        .filter(|lane| meant(&args.handler, lane.handler()))
        .filter(|lane| lane.action().is_some_and(|action| meant(&args.action, action)))
        .cloned()
        .collect();
    match meant.is_empty() {
        true => Err(Failed::usage(
            "nothing to replay to: no enabled handler has such an enabled action",
        )),
        false => Ok(meant),
    }
}

fn known<'a>(
    what: &str,
    wanted: &[String],
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), Failed> {
    let mut wanted = wanted.iter();
    match wanted.find(|name| !names.clone().any(|known| known == name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let text =
                format!("there is no enabled {what} `{name}` with deliveries{}", hint(name, names));
            Err(Failed::usage(text))
        }
    }
}

impl Args {
    /// The command line that continues after a position.
    fn continuation(
        &self,
        config: Option<&str>,
        after: Option<Position>,
        since: Option<Timestamp>,
        until: Timestamp,
    ) -> String {
        let mut words = vec![format!("{} replay", program_name())];
        let mut add =
            |flag: &str, value: String| words.push(format!("--{flag} {}", for_shell(&value)));
        if let Some(path) = config {
            add("config", path.to_owned());
        }
        self.filter.id.iter().for_each(|id| add("id", id.to_string()));
        if let Some(since) = since {
            add("since", since.to_string()); // the time itself: what was `2h` ago is not any more
        }
        add("until", until.to_string());
        if let Some(command) = &self.filter.command {
            add("command", command.to_string());
        }
        if self.filter.persisted_late {
            words.push("--persisted-late".to_owned());
        }
        let mut add =
            |flag: &str, value: String| words.push(format!("--{flag} {}", for_shell(&value)));
        self.handler.iter().for_each(|name| add("handler", name.clone()));
        self.action.iter().for_each(|name| add("action", name.clone()));
        if let Some(after) = after.or(self.after) {
            add("after", after.to_string());
        }
        add("rate", self.rate.to_string());
        words.join(" ")
    }
}
