//! `switchhook dead-letters retry` and `drop`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use switchhook_api::journal::{ConsumerId, DeadLetterQuery, REPLAYS_OPEN_MAX};
use switchhook_api::program_name;
use switchhook_engine::admin::{COMMAND_ITEMS_MAX, Drop, PAGE_MAX, Retry};

use super::{DropArgs, RetryArgs, Selection};
use crate::Failed;
use crate::interrupt::Interrupt;
use crate::output::{announce, counted, line, message, one_line};
use crate::progress::Progress;
use crate::store::{Store, StoreError};

/// Dead letters that are retried at a time.
const CHUNK: usize = 200;
/// Before a full lane is asked again.
const FULL: Duration = Duration::from_secs(1);

/// The numbers that are meant, by lane, the oldest first.
pub(super) type NumbersByConsumer = BTreeMap<String, Vec<u64>>;

pub(super) async fn retry(store: &mut Store, args: &RetryArgs) -> Result<(), Failed> {
    let found = find(store, &args.which).await?;
    if !announce_counts(&found)? || !args.consent.confirm("retry them?")? {
        return Ok(());
    }
    let said = retry_all(store, found, &Interrupt::listen()).await?;
    line(&said)?;
    Ok(())
}

pub(super) async fn delete(store: &mut Store, args: &DropArgs) -> Result<(), Failed> {
    let found = find(store, &args.which).await?;
    if !announce_counts(&found)? || !args.consent.confirm("delete them permanently?")? {
        return Ok(());
    }
    let said = delete_all(store, found, &Interrupt::listen()).await?;
    line(&said)?;
    Ok(())
}

/// What is meant by the arguments and there.
pub(super) async fn find(store: &mut Store, args: &Selection) -> Result<NumbersByConsumer, Failed> {
    let mut found = NumbersByConsumer::new();
    let mut add = |lane: String, number| found.entry(lane).or_default().push(number);
    for numbers in args.numbers.chunks(PAGE_MAX) {
        let query =
            DeadLetterQuery { numbers: numbers.to_vec(), ..DeadLetterQuery::first(PAGE_MAX) };
        let letters = store.dead_letters(&query).await?.items;
        for gone in numbers.iter().filter(|n| !letters.iter().any(|letter| letter.number == **n)) {
            message(&format!("there is no dead letter {gone}"));
        }
        for letter in letters {
            add(letter.lane, letter.number);
        }
    }
    if args.numbers.is_empty() {
        let mut query = args.of.query(PAGE_MAX);
        loop {
            let page = store.dead_letters(&query).await?;
            for letter in page.items.into_iter().filter(|letter| args.of.matches(&letter.lane)) {
                add(letter.lane, letter.number);
            }
            query.before = page.next;
            if query.before.is_none() {
                break;
            }
        }
    }
    for numbers in found.values_mut() {
        numbers.sort_unstable();
        numbers.dedup();
    }
    Ok(found)
}

/// Says how many there are; false: none.
fn announce_counts(found: &NumbersByConsumer) -> Result<bool, Failed> {
    if found.is_empty() {
        message("there are no matching dead letters");
        return Ok(false);
    }
    for (lane, numbers) in found {
        let count = counted(numbers.len() as u64, "dead letter", "dead letters");
        announce(&format!("{}: {count}", one_line(lane)))?;
    }
    Ok(true)
}

fn count(found: &NumbersByConsumer) -> u64 {
    found.values().map(|numbers| numbers.len() as u64).sum()
}

/// A retry in progress.
struct Retrying<'a> {
    store: &'a mut Store,
    interrupt: &'a Interrupt,
    progress: Progress,
    queue: VecDeque<(String, Vec<u64>)>,
    /// Lanes that were found full one after the other.
    full: usize,
    /// Whether the user has been told that they are full.
    announced: bool,
    /// Deliveries that there are again.
    queued: u64,
    /// Callbacks that are to be handled again.
    callbacks: u64,
    missing: u64,
    /// What could not be, by lane.
    refused: Vec<String>,
}

/// Lane by lane in chunks; a lane that is full lets the others go first, one that refuses keeps its own.
pub(super) async fn retry_all(
    store: &mut Store,
    found: NumbersByConsumer,
    interrupt: &Interrupt,
) -> Result<String, Failed> {
    let progress = Progress::new("dead letters", count(&found));
    let (queue, refused) = (found.into_iter().collect(), Vec::new());
    let mut retrying = Retrying {
        store,
        interrupt,
        progress,
        queue,
        full: 0,
        announced: false,
        queued: 0,
        callbacks: 0,
        missing: 0,
        refused,
    };
    let done = retrying.all().await;
    retrying.progress.clear();
    match done {
        Ok(()) => retrying.outcome(),
        Err(why) => Err(why.with_line(&format!(
            "{}, the others are still dead letters: run the same command to continue",
            retrying.queued_text()
        ))),
    }
}

impl Retrying<'_> {
    async fn all(&mut self) -> Result<(), Failed> {
        while let Some((lane, mut numbers)) = self.queue.pop_front() {
            if self.interrupt.is_set() {
                return Err(Failed::interrupted("interrupted"));
            }
            let rest = numbers.split_off(numbers.len().min(CHUNK));
            match self.store.execute(Retry { numbers: numbers.clone() }).await {
                Ok(requeued) => {
                    self.full = 0;
                    let Ok(id) = lane.parse::<ConsumerId>();
                    match id.action() {
                        Some(_) => self.queued += requeued.queued,
                        None => self.callbacks += requeued.queued,
                    }
                    self.missing += requeued.missing;
                    self.progress.add(numbers.len() as u64);
                    if !rest.is_empty() {
                        self.queue.push_front((lane, rest));
                    }
                }
                Err(StoreError::Overloaded) => {
                    numbers.extend(rest);
                    self.defer(lane, numbers).await?;
                }
                Err(StoreError::Failed(failed)) if failed.is_usage() => {
                    self.refused.push(failed.message);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// A full lane goes behind the others; when all are full, they are given time.
    async fn defer(&mut self, lane: String, numbers: Vec<u64>) -> Result<(), Failed> {
        if !self.store.is_served() {
            return Err(full_without_server(&lane));
        }
        self.queue.push_back((lane, numbers));
        self.full += 1;
        if self.full >= self.queue.len() {
            if !std::mem::replace(&mut self.announced, true) {
                let lanes: Vec<String> =
                    self.queue.iter().map(|(lane, _)| one_line(lane)).collect();
                self.progress.print(&format!(
                    "{}: full; waiting for pending deliveries (`{} consumers` shows whether an action is paused)",
                    lanes.join(", "),
                    program_name()
                ));
            }
            self.interrupt.wait(FULL).await;
            self.full = 0;
        }
        Ok(())
    }

    /// What they are now.
    fn queued_text(&self) -> String {
        let deliveries = match self.queued {
            1 => "1 delivery queued again".to_owned(),
            n => format!("{n} deliveries queued again"),
        };
        let callbacks = match self.callbacks {
            0 => return deliveries,
            1 => "1 callback queued again".to_owned(),
            n => format!("{n} callbacks queued again"),
        };
        match self.queued {
            0 => callbacks,
            _ => format!("{deliveries}, {callbacks}"),
        }
    }

    fn outcome(&self) -> Result<String, Failed> {
        let mut text = self.queued_text();
        match self.missing {
            0 => {}
            1 => text += ", 1 has nothing left to deliver",
            n => text += &[", ", &n.to_string(), " have nothing left to deliver"].concat(),
        }
        if !self.store.is_served() {
            text += match self.queued + self.callbacks {
                0 => "",
                1 => "; it is processed when a server runs",
                _ => "; they are processed when a server runs",
            };
        }
        match self.refused.is_empty() {
            true => Ok(text),
            false => Err(Failed::usage(format!("{}\n{text}", self.refused.join("\n")))),
        }
    }
}

/// A lane is full and will not empty.
pub(crate) fn full_without_server(lane: &str) -> Failed {
    Failed::unavailable(format!(
        "{} has {REPLAYS_OPEN_MAX} pending deliveries and accepts no more; start the server, which makes them, and continue \
         while it runs",
        one_line(lane)
    ))
}

pub(super) async fn delete_all(
    store: &mut Store,
    found: NumbersByConsumer,
    interrupt: &Interrupt,
) -> Result<String, Failed> {
    let mut progress = Progress::new("dead letters", count(&found));
    let numbers: Vec<u64> = found.into_values().flatten().collect();
    let mut dropped = 0;
    for chunk in numbers.chunks(COMMAND_ITEMS_MAX) {
        if interrupt.is_set() {
            progress.clear();
            let text =
                format!("interrupted\n{}, the others are still there", deleted_text(dropped));
            return Err(Failed::interrupted(text));
        }
        dropped += store.execute(Drop { numbers: chunk.to_vec() }).await?.dropped;
        progress.add(chunk.len() as u64);
    }
    progress.clear();
    Ok(deleted_text(dropped))
}

fn deleted_text(count: u64) -> String {
    match count {
        1 => "1 dead letter deleted".to_owned(),
        n => format!("{n} dead letters deleted"),
    }
}
