//! R30: the journal's files are moved, covered, replaced or removed under load. From then on nothing is acknowledged; what was
//! before is not lost; it goes on when they are back, or ends and goes on with the next start.

use std::fs;
use std::time::{Duration, Instant};

use super::Setting;
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop, Time, failed};
use crate::server::{Config, Folder, Server, eventually};
use crate::tools::Tmpfs;
use crate::wire;

const SENDERS: usize = 8;
const FLOWS_WITHIN: Duration = Duration::from_secs(5);
/// An answer that was on its way may be read so much later.
const ON_ITS_WAY: Duration = Duration::from_millis(500);

/// What is done to the journal.
#[derive(Clone, Copy)]
enum Fault {
    Moved,
    Replaced,
    Covered,
    DatabaseMoved,
    Removed,
    DatabaseRemoved,
    LogRemoved,
    LockRemoved,
}

const FAULTS: [Fault; 8] = [
    Fault::Moved,
    Fault::Replaced,
    Fault::Covered,
    Fault::DatabaseMoved,
    Fault::Removed,
    Fault::DatabaseRemoved,
    Fault::LogRemoved,
    Fault::LockRemoved,
];

#[derive(Default)]
struct Sums {
    /// Acknowledged while the journal was not in its place.
    acknowledged: u64,
    refused: u64,
    covered: u64,
    ended: u64,
    wrong_exits: u64,
    slowest_notice: Duration,
    slowest_flow: Duration,
}

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let mut rng = setting.rng();
    let oracle = Oracle::new(setting.seed);
    let file = Sink::new("file", &oracle);
    let folder = Folder::new(setting, &Config::file_only())?;
    let load = Load::start(&oracle, Plan { senders: SENDERS, rate: setting.rate });
    let (rounds, mut sums) = (setting.pick(1, 20), Sums::default());
    let mut server = folder.start()?;
    for _ in 0..rounds {
        let mut faults = FAULTS;
        rng.shuffle(&mut faults);
        for fault in faults {
            load.point_at(server.address);
            std::thread::sleep(Duration::from_millis(rng.u64(50..300)));
            server = round(fault, &folder, server, &oracle, &mut sums)?;
            load.point_at(server.address);
            let (back, before) = (Instant::now(), oracle.acknowledged());
            eventually("new events kept", || (oracle.acknowledged() > before + 20).then_some(()))?;
            sums.slowest_flow = sums.slowest_flow.max(back.elapsed());
            sums.refused += load.take_tally().count(503);
        }
    }
    load.stop();
    server.lanes_settled()?;
    server.stop()?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    findings.note("faults", rounds * FAULTS.len() as u64);
    findings.note("covered", sums.covered);
    findings.note("acknowledged", oracle.acknowledged());
    findings.at_most("acknowledged meanwhile", sums.acknowledged, 0);
    findings.at_least("refused", sums.refused, rounds);
    findings.at_least("ended by what was removed", sums.ended, 3 * rounds);
    findings.at_most("exits not 74", sums.wrong_exits, 0);
    let notice = setting.pick(Duration::from_secs(3), Duration::from_secs(1));
    findings.at_most("slowest notice", Time(sums.slowest_notice), Time(notice));
    findings.at_most("flow again after", Time(sums.slowest_flow), Time(FLOWS_WITHIN));
    oracle.judge(&file, 0, findings);
    Ok(())
}

fn round(
    fault: Fault,
    folder: &Folder,
    server: Server,
    oracle: &Oracle,
    sums: &mut Sums,
) -> Result<Server, Stop> {
    let place = |name: &str| folder.path(format!("journal{name}"));
    let (whole, away) = (place(""), place(".away"));
    let (database, database_away) = (place("/journal.sqlite"), place("/elsewhere"));
    match fault {
        Fault::Moved => {
            fs::rename(&whole, &away)?;
            refuses(&server, oracle, sums)?;
            fs::rename(&away, &whole)?;
        }
        Fault::Replaced => {
            fs::rename(&whole, &away)?;
            fs::create_dir(&whole)?;
            refuses(&server, oracle, sums)?;
            fs::remove_dir(&whole)?;
            fs::rename(&away, &whole)?;
        }
        Fault::Covered => {
            // Where this user may not mount, the other faults are tried all the same.
            if let Ok(_mount) = Tmpfs::mount(whole, "1m") {
                sums.covered += 1;
                refuses(&server, oracle, sums)?;
            }
        }
        Fault::DatabaseMoved => {
            fs::rename(&database, &database_away)?;
            refuses(&server, oracle, sums)?;
            fs::rename(&database_away, &database)?;
        }
        Fault::Removed => {
            fs::remove_dir_all(&whole)?;
            return ends(folder, server, sums);
        }
        Fault::DatabaseRemoved => {
            fs::remove_file(&database)?;
            return ends(folder, server, sums);
        }
        Fault::LogRemoved => {
            fs::remove_file(place("/journal.sqlite-wal"))?;
            return ends(folder, server, sums);
        }
        Fault::LockRemoved => {
            fs::remove_file(place("/lock"))?;
            eventually("a lock", || place("/lock").exists().then_some(()))?;
        }
    }
    eventually("a server that is ready", || (readiness(&server) == Some(200)).then_some(()))?;
    Ok(server)
}

fn readiness(server: &Server) -> Option<u16> {
    wire::get(server.admin, "/readyz").ok().map(|reply| reply.status)
}

/// The server says so soon, and acknowledges nothing.
fn refuses(server: &Server, oracle: &Oracle, sums: &mut Sums) -> Result<(), Stop> {
    let since = Instant::now();
    eventually("a server that is not ready", || (readiness(server) == Some(503)).then_some(()))?;
    sums.slowest_notice = sums.slowest_notice.max(since.elapsed());
    std::thread::sleep(ON_ITS_WAY.saturating_sub(since.elapsed()));
    let before = oracle.acknowledged();
    std::thread::sleep(ON_ITS_WAY);
    sums.acknowledged += oracle.acknowledged() - before;
    Ok(())
}

/// The server ends, and the next start has all that was there.
fn ends(folder: &Folder, mut server: Server, sums: &mut Sums) -> Result<Server, Stop> {
    let Ok(status) = server.wait() else {
        return failed(format!("it did not end: {}", server.log()));
    };
    sums.ended += 1;
    sums.wrong_exits += u64::from(status.code() != Some(74));
    drop(server);
    folder.start()
}
