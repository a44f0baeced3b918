//! `switchhook dead-letters retry` and `drop`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::ChangeArgs;
use crate::admin::{Drop, ORDER_MAX, PAGE_MAX, Retry};
use crate::cli::Failed;
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{line, message, one_line};
use crate::cli::progress::Progress;
use crate::cli::store::{Store, Trouble};
use crate::journal::{DeadLetterQuery, REPLAYS_OPEN_MAX};

/// Dead letters that are retried at a time.
const CHUNK: usize = 200;
/// Before a full lane is asked again.
const FULL: Duration = Duration::from_secs(1);

/// The numbers that are meant, by lane, the oldest first.
pub(super) type Found = BTreeMap<String, Vec<u64>>;

pub(super) async fn retry(store: &mut Store, args: &ChangeArgs) -> Result<(), Failed> {
    let found = find(store, args).await?;
    if !say(&found)? || !args.consent.not_dry() {
        return Ok(());
    }
    let said = retry_all(store, found, &Interrupt::listen()).await?;
    line(&said)?;
    Ok(())
}

pub(super) async fn forget(store: &mut Store, args: &ChangeArgs) -> Result<(), Failed> {
    let found = find(store, args).await?;
    if !say(&found)? || !args.consent.given("forget them for good?")? {
        return Ok(());
    }
    let said = forget_all(store, found, &Interrupt::listen()).await?;
    line(&said)?;
    Ok(())
}

/// What is meant by the arguments and there.
pub(super) async fn find(store: &mut Store, args: &ChangeArgs) -> Result<Found, Failed> {
    let mut found = Found::new();
    let mut add = |lane: String, number| found.entry(lane).or_default().push(number);
    for numbers in args.numbers.chunks(PAGE_MAX) {
        let query =
            DeadLetterQuery { numbers: numbers.to_vec(), ..DeadLetterQuery::first(PAGE_MAX) };
        let letters = store.dead_letters(&query).await?.items;
        for gone in numbers.iter().filter(|n| !letters.iter().any(|letter| letter.number == **n)) {
            message(&format!("there is no dead letter {gone}"));
        }
        letters.into_iter().for_each(|letter| add(letter.lane, letter.number));
    }
    if args.numbers.is_empty() {
        let mut query = args.of.query(PAGE_MAX);
        loop {
            let page = store.dead_letters(&query).await?;
            let meant = page.items.into_iter().filter(|letter| args.of.matches(&letter.lane));
            meant.for_each(|letter| add(letter.lane, letter.number));
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
fn say(found: &Found) -> Result<bool, Failed> {
    if found.is_empty() {
        message("there are no such dead letters");
        return Ok(false);
    }
    for (lane, numbers) in found {
        line(&format!("{}: {}", one_line(lane), dead_letters(numbers.len() as u64)))?;
    }
    Ok(true)
}

fn dead_letters(count: u64) -> String {
    match count {
        1 => "1 dead letter".to_owned(),
        n => format!("{n} dead letters"),
    }
}

fn count(found: &Found) -> u64 {
    found.values().map(|numbers| numbers.len() as u64).sum()
}

/// Lane by lane in chunks; a lane that is full lets the others go first.
pub(super) async fn retry_all(
    store: &mut Store,
    found: Found,
    interrupt: &Interrupt,
) -> Result<String, Failed> {
    let mut progress = Progress::new("dead letters", count(&found));
    let mut queue: VecDeque<(String, Vec<u64>)> = found.into_iter().collect();
    let (mut queued, mut missing, mut full) = (0, 0, 0);
    while let Some((lane, mut numbers)) = queue.pop_front() {
        if interrupt.is_set() {
            return Err(stopped(Failed::interrupted("interrupted"), &progress, queued));
        }
        let chunk: Vec<u64> = numbers.iter().copied().take(CHUNK).collect();
        match store.order(Retry { numbers: chunk.clone() }).await {
            Ok(requeued) => {
                full = 0;
                (queued, missing) = (queued + requeued.queued, missing + requeued.missing);
                progress.add(chunk.len() as u64);
                numbers.drain(..chunk.len());
                if !numbers.is_empty() {
                    queue.push_front((lane, numbers));
                }
            }
            Err(Trouble::Overloaded) if !store.is_served() => {
                return Err(stopped(unserved(&lane), &progress, queued));
            }
            Err(Trouble::Overloaded) => {
                queue.push_back((lane, numbers));
                full += 1;
                if full >= queue.len() {
                    interrupt.wait(FULL).await;
                    full = 0;
                }
            }
            Err(trouble) => return Err(stopped(trouble.into(), &progress, queued)),
        }
    }
    progress.wipe();
    let gone = if missing > 0 { format!(", {missing} were gone") } else { String::new() };
    let when = if store.is_served() { "" } else { "; they go out when the server runs" };
    Ok(format!("{queued} of them are deliveries again{gone}{when}"))
}

/// A lane is full and will not empty.
pub(in crate::cli) fn unserved(lane: &str) -> Failed {
    Failed::unavailable(format!(
        "{} has {REPLAYS_OPEN_MAX} deliveries open and takes no more, and no server runs that would deliver them; start the \
         server and go on beside it",
        one_line(lane)
    ))
}

fn stopped(why: Failed, progress: &Progress, queued: u64) -> Failed {
    progress.wipe();
    why.and(&format!(
        "{queued} are deliveries again, the others are still dead letters: the same command goes on with them"
    ))
}

pub(super) async fn forget_all(
    store: &mut Store,
    found: Found,
    interrupt: &Interrupt,
) -> Result<String, Failed> {
    let mut progress = Progress::new("dead letters", count(&found));
    let numbers: Vec<u64> = found.into_values().flatten().collect();
    let mut dropped = 0;
    for chunk in numbers.chunks(ORDER_MAX) {
        if interrupt.is_set() {
            progress.wipe();
            let text = format!("interrupted\n{dropped} are forgotten, the others are still there");
            return Err(Failed::interrupted(text));
        }
        dropped += store.order(Drop { numbers: chunk.to_vec() }).await?.dropped;
        progress.add(chunk.len() as u64);
    }
    progress.wipe();
    Ok(format!("{dropped} of them are forgotten"))
}
