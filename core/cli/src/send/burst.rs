//! Many requests, several at a time.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use switchhook_api::error_line;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::request::Draft;
use super::tally::Tally;
use super::{unanswered, uncomposed};
use crate::client::Client;
use crate::{Failed, output};

/// What all senders work on.
struct Burst {
    draft: Draft,
    left: AtomicU32,
    tally: Mutex<Tally>,
}

/// Sends `count` requests over `parallel` connections and prints a summary.
pub(super) async fn run(draft: Draft, count: u32, parallel: u32) -> Result<(), Failed> {
    draft.request().map_err(|error| uncomposed(&draft, &error))?;
    let tally = Mutex::new(Tally::new().map_err(|error| Failed::bug(error.to_string()))?);
    let burst = Arc::new(Burst { draft, left: AtomicU32::new(count), tally });
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..parallel.min(count) {
        senders.spawn(send_all(burst.clone()));
    }
    let mut refused = None;
    while let Some(ended) = senders.join_next().await {
        let ended = ended.map_err(|error| Failed::bug(error.to_string()))?;
        refused = refused.or(ended.err());
    }
    let tally = burst.tally.lock().unwrap_or_else(PoisonError::into_inner);
    verdict(&burst.draft, &tally, refused, begun)
}

fn verdict(
    draft: &Draft,
    tally: &Tally,
    refused: Option<io::Error>,
    begun: Instant,
) -> Result<(), Failed> {
    let (good, bad, lost) = tally.counts();
    if good + bad + lost > 0 {
        output::line(&tally.report(begun.elapsed()))?;
    }
    match refused {
        Some(error) => Err(unanswered(draft, &error)),
        None if bad + good == 0 => Err(Failed::unavailable("no request got a response")),
        None if bad + lost > 0 => {
            Err(Failed::refused(format!("{} requests did not get a 2xx response", bad + lost)))
        }
        None => Ok(()),
    }
}

/// Sends until nothing is left to send; a server that is not there ends it early, with the reason.
async fn send_all(burst: Arc<Burst>) -> io::Result<()> {
    let Burst { draft, left, tally } = &*burst;
    let tally = || tally.lock().unwrap_or_else(PoisonError::into_inner);
    let mut client: Option<Client> = None;
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
        let mut open = match connected(client.take(), draft).await {
            Ok(open) => open,
            Err(error) => {
                left.store(0, Ordering::Relaxed);
                return Err(error);
            }
        };
        let Ok(request) = draft.request() else { break };
        let begun = Instant::now();
        match open.call(request).await {
            Ok(answer) => {
                tally().answered(answer.status(), begun.elapsed());
                client = Some(open);
            }
            Err(error) => tally().failed(error_line(&error)),
        }
    }
    Ok(())
}

async fn connected(client: Option<Client>, draft: &Draft) -> io::Result<Client> {
    if let Some(mut open) = client
        && open.is_open().await
    {
        return Ok(open);
    }
    Client::tcp(&draft.target.host, draft.target.port).await
}
