//! R19: callbacks that a handler panics at or rejects, always. They become dead letters, hold up nobody else, and are still
//! there after a crash.

mod handler;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Setting;
use crate::load::{Pace, Plan, Times};
use crate::oracle::{TOPIC, lock};
use crate::report::{Findings, Stop, Time, failed};
use crate::server::{Config, Folder, Server};
use crate::wire::{self, Connection};

/// With this argument our own program is a server, with the handler that can be poisoned.
pub(crate) const SERVE: &str = "serve";
/// From the answer until the line of an event that is well stands in the file.
const DELAY_MAX: Duration = Duration::from_secs(2);
const FILE: &str = "out/poison.jsonl";

/// What an event does to the handler.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Good,
    Panic,
    Reject,
}

impl Kind {
    fn of(number: u64) -> Self {
        match number % 20 {
            7 => Self::Panic,
            13 => Self::Reject,
            _ => Self::Good,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Panic => handler::PANIC,
            Self::Reject => handler::REJECT,
        }
    }
}

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let own = Setting { program: std::env::current_exe()?, ..*setting };
    let folder = Folder::new(&own, &Config { more: tables(), ..Config::file_only() })?;
    let server = folder.start()?;
    let watch = Watch::start(folder.path(FILE));
    let sent = send(setting, &server)?;
    server.lanes_settled()?;
    let poisoned = sent.keys().filter(|number| Kind::of(**number) != Kind::Good).count();
    let letters = dead_letters(&server)?;
    server.kill()?;
    let server = folder.start()?;
    server.lanes_settled()?;
    if dead_letters(&server)? != letters {
        return failed("the dead letters differ after a crash");
    }
    // Here belongs what an operator does with them: deliver them again by command.
    server.stop()?;
    let (seen, doubled) = watch.stop()?;
    let good: BTreeSet<u64> =
        sent.keys().copied().filter(|one| Kind::of(*one) == Kind::Good).collect();
    let mut times = Times::default();
    for (number, at) in &seen {
        if let Some(began) = sent.get(number) {
            times.add(at.saturating_duration_since(*began));
        }
    }
    findings.note("events", sent.len());
    findings.at_least("poisoned", poisoned, sent.len() / 20);
    findings.at_most("dead letters", letters.len(), poisoned);
    findings.at_least("dead letters", letters.len(), poisoned);
    let lost = good.iter().filter(|number| !seen.contains_key(number)).count();
    findings.at_most("good ones lost", lost, 0);
    findings.at_most("doubled", doubled, 0);
    let strange = seen.keys().filter(|number| !good.contains(number)).count();
    findings.at_most("poisoned ones delivered", strange, 0);
    findings.at_most("slowest good one", Time(times.slowest), Time(DELAY_MAX));
    Ok(())
}

fn tables() -> String {
    format!(
        "[handlers.frail]\nplugin = \"{}\"\ncommands = [\"{TOPIC}\"]\nactions = [\"own\"]\n\
         [actions.own]\nplugin = \"file\"\noptions.path = \"{FILE}\"\n",
        handler::NAME
    )
}

/// Sends at an even pace; when each event was sent that was answered OK.
fn send(setting: &Setting, server: &Server) -> Result<HashMap<u64, Instant>, Stop> {
    let plan = Plan { senders: 1, rate: Some(setting.rate.unwrap_or(200)) };
    let (mut pace, mut connection) = (Pace::of(plan, 0), Connection::open(server.address)?);
    let mut sent = HashMap::new();
    for number in 0..setting.pick(600, 10_000) {
        pace.wait();
        let word = Kind::of(number).word();
        let body = format!(
            r#"{{"CallbackCommand":"{TOPIC}","GroupId":"@TGS#_{}","Name":"{word}-{number}-"}}"#,
            number % 20
        );
        let began = Instant::now();
        match connection.exchange(&wire::post(&format!("/?{}", wire::query(TOPIC)), &body)) {
            Ok(reply) if reply.status == 200 => sent.insert(number, began),
            Ok(reply) => return failed(format!("answered with {}", reply.status)),
            Err(broken) => return Err(broken.error.into()),
        };
    }
    Ok(sent)
}

/// Positions and reasons, as the admin listener tells them.
fn dead_letters(server: &Server) -> Result<BTreeSet<(u64, String)>, Stop> {
    let reply = wire::get(server.admin, "/api/v1/dead-letters?limit=1000")?;
    let page: Value = serde_json::from_slice(&reply.body)?;
    let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let one = |item: &Value| {
        let position = item.get("position").and_then(Value::as_u64)?;
        Some((position, item.get("reason").and_then(Value::as_str)?.to_owned()))
    };
    Ok(items.iter().filter_map(one).collect())
}

/// Looks at a file as it grows.
struct Watch {
    path: PathBuf,
    seen: Arc<Mutex<HashMap<u64, Instant>>>,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Watch {
    fn start(path: PathBuf) -> Self {
        let seen = Arc::<Mutex<HashMap<u64, Instant>>>::default();
        let stop = Arc::<AtomicBool>::default();
        let (file, keep, asked) = (path.clone(), seen.clone(), stop.clone());
        let thread = thread::spawn(move || {
            let mut length = 0;
            while !asked.load(Ordering::Relaxed) {
                let now = Instant::now();
                let bytes = std::fs::read(&file).unwrap_or_default();
                for number in numbers(bytes.get(length..).unwrap_or_default()) {
                    lock(&keep).entry(number).or_insert(now);
                }
                let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                length = whole;
                thread::sleep(Duration::from_millis(5));
            }
        });
        Self { path, seen, stop, thread }
    }

    /// When each number was first seen, and how many lines are there more than once.
    fn stop(self) -> io::Result<(HashMap<u64, Instant>, usize)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watch panicked");
        let all = numbers(&std::fs::read(self.path)?);
        let once: BTreeSet<u64> = all.iter().copied().collect();
        let mut seen = lock(&self.seen).clone();
        let now = Instant::now();
        for number in &once {
            seen.entry(*number).or_insert(now);
        }
        Ok((seen, all.len() - once.len()))
    }
}

/// The numbers in whole lines.
fn numbers(bytes: &[u8]) -> Vec<u64> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    lines.filter_map(crate::oracle::number_in).collect()
}
