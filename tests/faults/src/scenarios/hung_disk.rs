//! R06b: the disk stands still under load. Before-callbacks are answered as ever, after-callbacks refused early, nothing is
//! lost, and a server that is told to stop meanwhile ends.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::Setting;
use crate::fuse::{Machine, Mounted};
use crate::load::{Load, Plan, Tally, Times};
use crate::oracle::{Oracle, Sink};
use crate::probe::Probe;
use crate::report::{Findings, Stop, Time, failed, not_run};
use crate::server::{Config, Folder, Server, eventually};

/// The sender gives up after this.
const ANSWERED: Duration = Duration::from_secs(2);
const WELL: Duration = Duration::from_secs(5);
/// The default of `server.shutdown_timeout`.
const ENDED: Duration = Duration::from_secs(8);
const DISK: &str = "disk";
const FILE: &str = "disk/out/events.jsonl";
/// Of the system's codes: something could not be written.
const IO: i32 = 74;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let oracle = Oracle::new(setting.seed);
    let file = Sink::new("file", &oracle);
    let config =
        Config { journal: format!("{DISK}/journal"), file: FILE.into(), ..Config::file_only() };
    let (folder, machine) = (Folder::new(setting, &config)?, Machine::default());
    fs::create_dir(folder.path(DISK))?;
    let _disk = match Mounted::new(&machine, &folder.path(DISK)) {
        Ok(mounted) => mounted,
        Err(error) => return not_run(error.to_string()),
    };
    let server = folder.start()?;
    let load = Load::start(&oracle, Plan { senders: 16, rate: Some(setting.rate.unwrap_or(200)) });
    load.point_at(server.address);
    hang_and_thaw(setting, &machine, &server, &load, findings)?;
    let server = stop_while_hung(&folder, &machine, server, findings)?;
    load.point_at(server.address);
    eventually("an answer after the restart", || (load.take_tally().count(200) > 0).then_some(()))?;
    load.stop();
    server.lanes_settled()?;
    server.stop()?;
    file.deliver_file(&folder.path(FILE))?;
    oracle.judge(&file, 0, findings);
    Ok(())
}

fn hang_and_thaw(
    setting: &Setting,
    machine: &Machine,
    server: &Server,
    load: &Load,
    findings: &mut Findings,
) -> Result<(), Stop> {
    thread::sleep(Duration::from_secs(1));
    let before = Probe::start(server.address);
    let healthy = load.take_tally();
    machine.hang();
    if machine.waiting(WELL) == 0 {
        return failed("nothing asks the disk for anything");
    }
    thread::sleep(Duration::from_secs(setting.pick(3, 10)));
    machine.thaw();
    let began = Instant::now();
    let hung = load.take_tally();
    let well = eventually("an answer after the thaw", || {
        (load.take_tally().count(200) > 0).then(|| began.elapsed())
    })?;
    findings.at_least("kept before", healthy.count(200), 20);
    findings.at_least("refused early with 503", hung.count(503), 20);
    answered(&hung, findings);
    findings.at_most("kept again after", Time(well), Time(WELL));
    let (times, other) = before.stop();
    findings.at_least("before-callbacks answered", times.count(), 50);
    findings.at_most("slowest of them", Time(times.slowest), Time(ANSWERED));
    findings.at_most("otherwise", other, 0);
    Ok(())
}

fn answered(tally: &Tally, findings: &mut Findings) {
    findings.at_most("slowest answer", Time(tally.slowest()), Time(ANSWERED));
    findings.at_most("unanswered", tally.broken, 0);
    let known = tally.count(200) + tally.count(503);
    let all: u64 = tally.answers.values().map(Times::count).sum();
    findings.at_most("other answers", all - known, 0);
}

/// Tells the server to stop while it waits for its disk, and starts it again.
fn stop_while_hung(
    folder: &Folder,
    machine: &Machine,
    mut server: Server,
    findings: &mut Findings,
) -> Result<Server, Stop> {
    machine.hang();
    machine.waiting(WELL);
    let began = Instant::now();
    server.signal("TERM")?;
    // Threads that wait for the disk keep the system from burying the process, not from ending it.
    let ended = eventually("the end of the server", || server.is_dead().then(|| began.elapsed()));
    machine.thaw();
    findings.at_most("ended on a hung disk after", Time(ended?), Time(ENDED));
    let status = server.wait()?;
    findings.note("with", status);
    if status.code() != Some(IO) || !server.log().contains("disk did not respond") {
        return failed(format!("{status}; its log: {}", server.log()));
    }
    folder.start()
}
