//! R29: many events wait for a handler that is new, and the server was killed. It is soon ready, needs little memory, and
//! delivers them nearly as fast as fresh ones.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::Setting;
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop, Time, failed};
use crate::server::{Config, Folder, Server};

const SENDERS: usize = 32;
const READY_MAX: Duration = Duration::from_secs(2);
const RSS_MAX_KIB: u64 = 150 << 10;
/// Of the rate of fresh events, in percent.
const DRAIN_LEAST: u64 = 80;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let fresh = fresh_rate(setting)?;
    let oracle = Oracle::new(setting.seed);
    let file = Sink::new("file", &oracle);
    let folder = Folder::new(
        setting,
        &Config { handler_keys: "enabled = false".into(), ..Config::file_only() },
    )?;
    fill(&folder, &oracle, setting.pick(20_000, 1_000_000))?;
    let begin = "start = \"beginning\"";
    folder.configure(&Config {
        handler_keys: begin.into(),
        file_keys: begin.into(),
        ..Config::file_only()
    })?;
    let began = Instant::now();
    let server = folder.start()?;
    let ready = server.ready_after;
    let peak = drained(&server)?;
    let took = began.elapsed();
    server.stop()?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    let drained = rate(oracle.acknowledged(), took);
    findings.note("waiting", oracle.acknowledged());
    findings.at_most("ready", Time(ready), Time(READY_MAX));
    findings.at_most("memory in KiB", peak, RSS_MAX_KIB);
    findings.note("fresh per second", fresh);
    findings.at_least("drained per second", drained, fresh * DRAIN_LEAST / 100);
    oracle.judge(&file, 0, findings);
    Ok(())
}

/// How many events a second go all the way to the file, as fast as they are answered.
fn fresh_rate(setting: &Setting) -> Result<u64, Stop> {
    let oracle = Oracle::new(setting.seed);
    let folder = Folder::new(setting, &Config::file_only())?;
    let server = folder.start()?;
    let load = Load::start(&oracle, Plan { senders: SENDERS, rate: None });
    let began = Instant::now();
    load.point_at(server.address);
    thread::sleep(Duration::from_secs(setting.pick(2, 20)));
    load.stop();
    server.lanes_settled()?;
    Ok(rate(oracle.acknowledged(), began.elapsed()))
}

/// Leaves so many events in the journal of a server that was killed.
fn fill(folder: &Folder, oracle: &Arc<Oracle>, count: u64) -> Result<(), Stop> {
    let server = folder.start()?;
    let load = Load::start(oracle, Plan { senders: SENDERS, rate: None });
    load.point_at(server.address);
    let (mut before, mut looked) = (0, Instant::now());
    while oracle.acknowledged() < count {
        thread::sleep(Duration::from_millis(20));
        if looked.elapsed() > Duration::from_secs(20) {
            let now = oracle.acknowledged();
            if now == before {
                return failed("nothing more is kept");
            }
            (before, looked) = (now, Instant::now());
        }
    }
    server.kill()?;
    load.stop();
    Ok(())
}

/// Waits until all is delivered; the most memory that was seen on the way.
fn drained(server: &Server) -> Result<u64, Stop> {
    let (mut peak, mut began) = (0, Instant::now());
    let mut behind = u64::MAX;
    while !server.are_lanes_settled() {
        peak = peak.max(server.rss().unwrap_or_default());
        let now = server.behind().unwrap_or(behind);
        if now < behind {
            (behind, began) = (now, Instant::now());
        } else if began.elapsed() > Duration::from_secs(30) {
            return failed(format!("the backlog does not shrink: {behind} left"));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(peak.max(server.rss().unwrap_or_default()))
}

fn rate(count: u64, time: Duration) -> u64 {
    count * 1000 / u64::try_from(time.as_millis().max(1)).unwrap_or(u64::MAX)
}
