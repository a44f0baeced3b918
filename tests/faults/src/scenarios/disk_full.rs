//! R05: the journal's disk is full, and has room again. What cannot be kept is refused at once, before-callbacks are
//! answered as ever, and it all goes on by itself.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Setting;
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::probe::Probe;
use crate::report::{Findings, Stop, Time, failed};
use crate::server::{Config, Folder, eventually};
use crate::tools::Tmpfs;

const REFUSED_WITHIN: Duration = Duration::from_millis(200);
const BEFORE_P99: Duration = Duration::from_millis(100);
const FLOWS_WITHIN: Duration = Duration::from_secs(5);
const RATE: u32 = 200;
const SENDERS: usize = 8;

/// What the rounds came to.
#[derive(Default)]
struct Rounds {
    refused: u64,
    slowest_refusal: Duration,
    slowest_flow: Duration,
}

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let mut rng = setting.rng();
    let oracle = Oracle::new(setting.seed);
    let file = Sink::new("file", &oracle);
    let folder = Folder::new(setting, &Config::file_only())?;
    let disk = Tmpfs::mount(folder.path("journal"), "64m")?;
    let mut server = folder.start()?;
    let load =
        Load::start(&oracle, Plan { senders: SENDERS, rate: Some(setting.rate.unwrap_or(RATE)) });
    load.point_at(server.address);
    let probe = Probe::start(server.address);
    let (rounds, mut sums) = (setting.pick(2, 20), Rounds::default());
    for _ in 0..rounds {
        std::thread::sleep(Duration::from_millis(rng.u64(100..600)));
        let held = Duration::from_millis(rng.u64(500..setting.pick(1000, 4000)));
        round(disk.path(), &oracle, &load, held, &mut sums)?;
    }
    let (before, unanswered) = probe.stop();
    let broken = load.stop().broken;
    server.lanes_settled()?;
    findings.note("rounds", rounds);
    findings.at_most("ended by itself", u8::from(server.has_ended().is_some()), 0);
    server.stop()?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    findings.note("acknowledged", oracle.acknowledged());
    findings.at_least("refused", sums.refused, rounds);
    findings.at_most("broken", broken, 0);
    findings.at_most("slowest refusal", Time(sums.slowest_refusal), Time(REFUSED_WITHIN));
    findings.at_most("flow again after", Time(sums.slowest_flow), Time(FLOWS_WITHIN));
    findings.at_least("before answered", before.count(), 50);
    findings.at_most("before unanswered", unanswered, 0);
    findings.at_most("before p99", Time(before.percentile(99)), Time(BEFORE_P99));
    oracle.judge(&file, 0, findings);
    Ok(())
}

/// Fills the disk, holds it full, makes room.
fn round(
    disk: &Path,
    oracle: &Oracle,
    load: &Load,
    held: Duration,
    sums: &mut Rounds,
) -> Result<(), Stop> {
    let foreign = disk.join("foreign");
    let mut filler = File::create(&foreign)?;
    fill(&mut filler);
    eventually("a refusal", || {
        fill(&mut filler); // what is freed meanwhile
        let tally = load.take_tally();
        tally.answers.keys().any(|status| *status != 200).then_some(())
    })?;
    let until = Instant::now() + held;
    while Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
        fill(&mut filler);
    }
    let tally = load.take_tally();
    for (status, times) in tally.answers.iter().filter(|(status, _)| **status != 200) {
        if *status != 503 {
            return failed(format!("refused with {status}, not with 503"));
        }
        sums.refused += times.count();
        sums.slowest_refusal = sums.slowest_refusal.max(times.slowest);
    }
    let before = oracle.acknowledged();
    let freed = Instant::now();
    fs::remove_file(&foreign)?;
    drop(filler);
    eventually("new events kept", || {
        (oracle.acknowledged() > before + u64::from(RATE) / 10).then_some(())
    })?;
    sums.slowest_flow = sums.slowest_flow.max(freed.elapsed());
    load.take_tally();
    Ok(())
}

/// Writes until nothing more goes in.
fn fill(filler: &mut File) {
    for size in [1 << 20, 4096, 1] {
        let block = vec![b'x'; size];
        while filler.write_all(&block).is_ok() {}
    }
}
