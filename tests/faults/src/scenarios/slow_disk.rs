//! R06: each sync takes half a second longer. Answers are still in time, or are early refusals.

use std::time::Duration;

use super::Setting;
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop, Time};
use crate::server::{Config, Folder};
use crate::tools::Strace;

const P99: Duration = Duration::from_millis(1900);
/// The sender waits no longer.
const LATEST: Duration = Duration::from_secs(2);
const RATE: u32 = 200;
const SENDERS: usize = 400;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let oracle = Oracle::new(setting.seed);
    let file = Sink::new("file", &oracle);
    let folder = Folder::new(setting, &Config::file_only())?;
    let server = folder.start()?;
    let log = folder.path("trace");
    let strace = Strace::inject("fdatasync,fsync", "delay_enter=500000", &[], &log)?;
    let slow = strace.attach(server.pid())?;
    let load =
        Load::start(&oracle, Plan { senders: SENDERS, rate: Some(setting.rate.unwrap_or(RATE)) });
    load.point_at(server.address);
    std::thread::sleep(Duration::from_secs(setting.pick(4, 60)));
    let tally = load.stop();
    let syncs = crate::tools::traced(&log, &["fdatasync", "fsync"])?;
    drop(slow);
    server.lanes_settled()?;
    server.stop()?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    let kept = tally.answers.get(&200);
    findings.at_least("acknowledged", tally.count(200), u64::from(RATE));
    findings.note("refused", tally.count(503));
    findings.at_least("slow syncs", syncs.iter().filter(|sync| sync.injected).count(), 4);
    findings.at_most("broken", tally.broken, 0);
    let p99 = kept.map_or(LATEST, |times| times.percentile(99));
    findings.at_most("p99", Time(p99), Time(P99));
    findings.at_most("slowest answer", Time(tally.slowest()), Time(LATEST));
    oracle.judge(&file, 0, findings);
    Ok(())
}
