//! R01: killed again and again at random moments, nothing that was answered OK is lost.

use std::time::{Duration, Instant};

use super::Setting;
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop, Time};
use crate::server::{Config, Folder};
use crate::target::Target;

const SENDERS: usize = 16;
const RESTART_MAX: Duration = Duration::from_secs(2);
/// In a second; a machine that does other work at the same time gives less.
const LEAST_RATE: [u64; 2] = [100, 500];
/// What a kill may bring back at a webhook: what was under way, and what was done behind it.
const DOUBLED_PER_KILL: u64 = 64;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let mut rng = setting.rng();
    let kills = setting.pick(20, 200);
    let oracle = Oracle::new(setting.seed);
    let (file, hook) = (Sink::new("file", &oracle), Sink::new("webhook", &oracle));
    let target = Target::start(&hook)?;
    let folder = Folder::new(setting, &Config::both(target.address))?;
    let load = Load::start(&oracle, Plan { senders: SENDERS, rate: setting.rate });
    let (mut slowest, mut up) = (Duration::ZERO, Duration::ZERO);
    let (mut worst, mut doubled) = (0, 0);
    for _ in 0..kills {
        let server = folder.start()?;
        slowest = slowest.max(server.ready_after);
        load.point_at(server.address);
        let began = Instant::now();
        // Most kills hit a busy server, some hit one that has only just begun to recover.
        std::thread::sleep(Duration::from_millis(rng.u64(0..setting.pick(500, 6000))));
        server.kill()?;
        up += began.elapsed();
        worst = worst.max(hook.doubled() - doubled);
        doubled = hook.doubled();
    }
    let server = folder.start()?;
    let tally = load.stop();
    server.lanes_settled()?;
    server.stop()?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    let acknowledged = oracle.acknowledged();
    findings.note("kills", kills);
    findings.note("acknowledged", acknowledged);
    let rate = acknowledged * 1000 / u64::try_from(up.as_millis().max(1)).unwrap_or(u64::MAX);
    findings.at_least("per second of life", rate, setting.pick(LEAST_RATE[0], LEAST_RATE[1]));
    findings.note("unanswered", tally.broken);
    findings.at_most("slowest restart", Time(slowest), Time(RESTART_MAX));
    oracle.judge(&file, 0, findings);
    // One in a thousand can only be asked for where many were sent between two kills.
    let doubled_max = kills * DOUBLED_PER_KILL;
    let doubled_max = setting.pick(doubled_max, doubled_max.min(acknowledged / 1000));
    oracle.judge(&hook, doubled_max, findings);
    findings.at_most("worst doubled between two kills", worst, DOUBLED_PER_KILL);
    Ok(())
}
