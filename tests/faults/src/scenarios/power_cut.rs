//! R02: the power goes again and again, with what was not synced lost, torn and reordered; what was answered OK is there.

use std::fs;
use std::time::Duration;

use fastrand::Rng;

use super::Setting;
use crate::fuse::{How, Machine, Mounted};
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop, Time, not_run};
use crate::server::{Config, Folder};
use crate::target::Target;

const SENDERS: usize = 8;
const RESTART_MAX: Duration = Duration::from_secs(5);
/// What a cut may bring back at a webhook: what was under way, and what was done behind it.
const DOUBLED_PER_CUT: u64 = 64;
const DISK: &str = "disk";
const FILE: &str = "disk/out/events.jsonl";

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let mut rng = setting.rng();
    let cuts = setting.pick(25, 500);
    let oracle = Oracle::new(setting.seed);
    let (file, hook) = (Sink::new("file", &oracle), Sink::new("webhook", &oracle));
    let target = Target::start(&hook)?;
    let config = Config {
        journal: format!("{DISK}/kept/journal"),
        file: FILE.into(),
        ..Config::both(target.address)
    };
    let folder = Folder::new(setting, &config)?;
    fs::create_dir(folder.path(DISK))?;
    let load = Load::start(&oracle, Plan { senders: SENDERS, rate: setting.rate });
    let (mut done, mut disks, mut slowest) = (0, 0, Duration::ZERO);
    while done < cuts {
        // A disk lives through some cuts; a new one has its first files at stake.
        let lives = rng.u64(1..=6).min(cuts - done);
        let machine = Machine::default();
        for _ in 0..lives {
            slowest = slowest.max(cut_once(&folder, &machine, &load, &mut rng)?);
        }
        slowest = slowest.max(settle(&folder, &machine, &file)?);
        done += lives;
        disks += 1;
    }
    let tally = load.stop();
    findings.note("cuts", cuts);
    findings.note("new disks", disks);
    findings.at_least("acknowledged", oracle.acknowledged(), cuts * 20);
    findings.note("unanswered", tally.broken);
    findings.at_most("slowest restart", Time(slowest), Time(RESTART_MAX));
    oracle.judge(&file, 0, findings);
    oracle.judge(&hook, cuts * DOUBLED_PER_CUT, findings);
    Ok(())
}

/// Runs the server until the power goes, some time into its start or its work; the time until it was ready.
fn cut_once(
    folder: &Folder,
    machine: &Machine,
    load: &Load,
    rng: &mut Rng,
) -> Result<Duration, Stop> {
    let _disk = mount(folder, machine)?;
    let busy = rng.u8(..4) > 0;
    let server = match busy {
        true => folder.start()?,
        false => folder.spawn(&[], &[])?,
    };
    load.point_at(server.address);
    std::thread::sleep(Duration::from_millis(rng.u64(..if busy { 400 } else { 120 })));
    machine.cut(rng.u64(..), How::Any);
    let took = server.ready_after;
    server.kill()?;
    Ok(took)
}

/// Gives the power back and lets everything be delivered; the time until the server is ready.
fn settle(folder: &Folder, machine: &Machine, file: &Sink) -> Result<Duration, Stop> {
    let _disk = mount(folder, machine)?;
    let server = folder.start()?;
    server.lanes_settled()?;
    let took = server.ready_after;
    server.stop()?;
    let path = folder.path(FILE);
    if path.exists() {
        file.deliver_file(&path)?;
    }
    Ok(took)
}

fn mount(folder: &Folder, machine: &Machine) -> Result<Mounted, Stop> {
    machine.power_on();
    match Mounted::new(machine, &folder.path(DISK)) {
        Ok(mounted) => Ok(mounted),
        Err(error) => not_run(error.to_string()),
    }
}
