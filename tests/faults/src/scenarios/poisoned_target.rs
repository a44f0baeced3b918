//! R19b: a webhook's target that fails every event of some conversations and takes those of the others. The others arrive within
//! seconds, also after a kill that lets all retries fall due together; once the target takes everything, nothing is missing.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use super::Setting;
use crate::load::{Pace, Plan, Times};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop, Time, failed};
use crate::server::{Config, Folder, Server, eventually};
use crate::target::{Answer, Target, poisoned};
use crate::wire::Connection;

/// From sending a good event until it is at the target: a start that meets failing retries alone may wait for one probe.
const DELAY_MAX: Duration = Duration::from_secs(8);
/// There are more retries than good events, and none is given up; the breaker is as in the default.
const KEYS: &str = r#"retry = { initial = "200ms", factor = 1, max = "200ms", attempts = 1000, max_ratio = 1.0, min_per_minute = 1000000 }
circuit_breaker = { failure_threshold = 5, initial = "5s", max = "5m" }"#;
/// Events a second.
const RATE: u32 = 10;
/// A kill may bring back what was under way.
const DOUBLED_MAX: u64 = 64;
/// The server is down for so long: every retry is due when it is back.
const DOWN: Duration = Duration::from_secs(5);

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let oracle = Oracle::new(setting.seed);
    let hook = Sink::new("webhook", &oracle);
    let target = Target::start(&hook)?;
    target.answer(Answer::FailPoisoned);
    let config = Config { hook_keys: KEYS.into(), ..Config::both(target.address) };
    let folder = Folder::new(setting, &config)?;
    let count = setting.pick(100, 3_000);
    let mut sent = HashMap::new();
    let server = folder.start()?;
    send(setting, &server, &oracle, count, &mut sent)?;
    arrived(&hook, &sent)?;
    server.kill()?;
    thread::sleep(DOWN);
    let server = folder.start()?;
    send(setting, &server, &oracle, count, &mut sent)?;
    arrived(&hook, &sent)?;
    let times = times(&target, &sent);
    let failing = sent.keys().filter(|number| poisoned(**number)).count();
    let through = sent.keys().filter(|number| poisoned(**number) && hook.has(**number)).count();
    target.answer(Answer::Status(200));
    server.lanes_settled()?;
    server.stop()?;
    findings.note("events", sent.len());
    findings.at_least("of conversations that fail", failing, sent.len() / 12);
    findings.at_most("of those delivered meanwhile", through, 0);
    findings.at_most("slowest good one", Time(times.slowest), Time(DELAY_MAX));
    findings.note("p99", Time(times.percentile(99)));
    oracle.judge(&hook, DOUBLED_MAX, findings);
    Ok(())
}

/// Sends at an even pace, and notes when.
fn send(
    setting: &Setting,
    server: &Server,
    oracle: &Oracle,
    count: usize,
    sent: &mut HashMap<u64, Instant>,
) -> Result<(), Stop> {
    let plan = Plan { senders: 1, rate: Some(setting.rate.unwrap_or(RATE)) };
    let (mut pace, mut connection) = (Pace::of(plan, 0), Connection::open(server.address)?);
    for _ in 0..count {
        pace.wait();
        let number = oracle.next();
        sent.insert(number, Instant::now());
        match connection.exchange(&oracle.request(number)) {
            Ok(reply) if reply.status == 200 => oracle.acknowledge(number),
            Ok(reply) => return failed(format!("answered with {}", reply.status)),
            Err(broken) => return Err(broken.error.into()),
        }
    }
    Ok(())
}

/// Waits until every good event is there.
fn arrived(hook: &Sink, sent: &HashMap<u64, Instant>) -> Result<(), Stop> {
    eventually("the good events at the target", || {
        sent.keys().all(|number| poisoned(*number) || hook.has(*number)).then_some(())
    })
}

/// From sending a good event until its first attempt.
fn times(target: &Target, sent: &HashMap<u64, Instant>) -> Times {
    let mut times = Times::default();
    for (number, attempts) in target.remembered() {
        let first = attempts.first().map(|attempt| attempt.at);
        if let (false, Some(first), Some(began)) = (poisoned(number), first, sent.get(&number)) {
            times.add(first.saturating_duration_since(*began));
        }
    }
    times
}
