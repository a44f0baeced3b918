//! `switchhook dead-letters`.

mod list;
mod requeue;
mod show;
#[cfg(test)]
mod tests;

use clap::Subcommand;
use switchhook_api::journal::{ConsumerId, DeadLetterQuery};

pub(super) use self::requeue::full_without_server;
use super::consent::Consent;
use super::names::Names;
use super::output::{Format, message};
use super::store::Store;
use super::{Context, Failed, block_on};

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  switchhook dead-letters                          the last 20
  switchhook dead-letters --action crm --limit 500
  switchhook dead-letters show 17                  with its callback and the last response
  switchhook dead-letters retry 17 18 --yes        without confirmation
  switchhook dead-letters retry --consumer 'topics>crm'
  switchhook dead-letters drop --all --dry-run     how many there are, by consumer

A dead letter is a callback that a handler could not handle (consumer `handler`) or a record that an action could not \
deliver (consumer `handler>action`).

Works with a running server, through the socket in the journal's folder, and without one."
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists dead letters, newest first (the default)
    List(ListArgs),
    /// Shows one dead letter: its callback with the body, the reason, and the target's last response
    Show(ShowArgs),
    /// Queues dead letters for delivery again, each with a new id and all its attempts
    Retry(RetryArgs),
    /// Deletes dead letters permanently
    Drop(DropArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Maximum number of dead letters, 1 to 100000
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Only dead letters with a smaller number: the next page
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
    #[command(flatten)]
    of: ConsumerFilter,
    /// Output format; `json` prints one object per line
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Its number, as listed by `dead-letters`
    number: u64,
    /// Output format; `json` prints one object
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["numbers", "consumer", "handler", "action", "all"])))]
struct Selection {
    /// The numbers of the dead letters
    #[arg(value_name = "NUMBER", conflicts_with_all = ["consumer", "handler", "action", "all"])]
    numbers: Vec<u64>,
    /// All dead letters
    #[arg(long, conflicts_with_all = ["consumer", "handler", "action"])]
    all: bool,
    #[command(flatten)]
    of: ConsumerFilter,
}

#[derive(Debug, clap::Args)]
struct RetryArgs {
    #[command(flatten)]
    which: Selection,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Debug, clap::Args)]
struct DropArgs {
    #[command(flatten)]
    which: Selection,
    #[command(flatten)]
    consent: Consent,
}

/// Whose dead letters.
#[derive(Clone, Debug, Default, clap::Args)]
struct ConsumerFilter {
    /// Only dead letters of this consumer: `handler`, or `handler>action`
    #[arg(long, value_name = "CONSUMER", conflicts_with_all = ["handler", "action"])]
    consumer: Option<ConsumerId>,
    /// Only dead letters of this handler
    #[arg(long, value_name = "NAME")]
    handler: Option<String>,
    /// Only dead letters of this action
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
}

impl ConsumerFilter {
    fn matches(&self, lane: &str) -> bool {
        let Ok(id) = lane.parse::<ConsumerId>();
        self.consumer.as_ref().is_none_or(|wanted| *wanted == id)
            && self.handler.as_ref().is_none_or(|name| **name == **id.handler())
            && self
                .action
                .as_ref()
                .is_none_or(|name| id.action().is_some_and(|action| **action == **name))
    }

    /// Messages about unknown names: without them, an empty list would look like good news.
    async fn unknown(&self, store: &mut Store, names: Names) -> Vec<String> {
        let Self { consumer, handler, action } = self;
        if consumer.is_none() && handler.is_none() && action.is_none() {
            return Vec::new();
        }
        let names = names.with_those_of(store).await;
        let consumer = consumer.as_ref().and_then(|lane| names.unknown_consumer(&lane.to_string()));
        let handler = handler.as_ref().and_then(|name| names.unknown_handler(name));
        let action = action.as_ref().and_then(|name| names.unknown_action(name));
        consumer.into_iter().chain(handler).chain(action).collect()
    }

    fn query(&self, limit: usize) -> DeadLetterQuery {
        DeadLetterQuery { lane: self.consumer.clone(), ..DeadLetterQuery::first(limit) }
    }
}

impl Args {
    /// Whose dead letters are meant, if not named by their numbers.
    fn of(&self) -> Option<&ConsumerFilter> {
        match &self.what {
            None => Some(&self.list.of),
            Some(What::List(args)) => Some(&args.of),
            Some(What::Show(_)) => None,
            Some(What::Retry(args)) => Some(&args.which.of),
            Some(What::Drop(args)) => Some(&args.which.of),
        }
    }
}

pub(super) fn run(cx: &Context, args: &Args) -> Result<(), Failed> {
    let config = cx.config()?;
    let names = Names::of(&config);
    block_on(async {
        let mut store = Store::open(config).await?;
        if let Some(of) = args.of() {
            of.unknown(&mut store, names).await.iter().for_each(|text| message(text));
        }
        let done = match &args.what {
            None => list::run(&mut store, &args.list).await,
            Some(What::List(args)) => list::run(&mut store, args).await,
            Some(What::Show(args)) => show::run(&mut store, args).await,
            Some(What::Retry(args)) => requeue::retry(&mut store, args).await,
            Some(What::Drop(args)) => requeue::delete(&mut store, args).await,
        };
        store.close().await;
        done
    })
}
