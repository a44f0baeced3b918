//! R04b: the disk refuses one kind of operation under load: full, read-only, or broken. Nothing that was answered OK is lost; the
//! server goes on when the disk does, or ends and says that it was the disk.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;

use super::Setting;
use crate::fuse::{Machine, Mounted, Op};
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop, failed, not_run};
use crate::server::{Config, Folder, Server, eventually};

const DISK: &str = "disk";
const FILE: &str = "disk/out/events.jsonl";
/// Of the system's codes: something could not be written.
const IO: i32 = 74;

const FAULTS: [(Op, Errno); 8] = [
    (Op::Sync, Errno::IO),
    (Op::Sync, Errno::NOSPC),
    (Op::Write, Errno::IO),
    (Op::Write, Errno::NOSPC),
    (Op::Write, Errno::ROFS),
    (Op::Read, Errno::IO),
    (Op::Name, Errno::ROFS),
    (Op::Look, Errno::IO),
];

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let mut rng = setting.rng();
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
    let load = Load::start(&oracle, Plan { senders: 8, rate: Some(setting.rate.unwrap_or(300)) });
    let (mut ended, mut went_on) = (0, 0);
    for _ in 0..setting.pick(1, 20) {
        for (op, errno) in FAULTS {
            let mut server = folder.start()?;
            load.point_at(server.address);
            thread::sleep(Duration::from_millis(rng.u64(50..300)));
            machine.fail(op, errno.raw_os_error());
            thread::sleep(Duration::from_millis(rng.u64(50..500)));
            machine.heal();
            match keeps_again(&mut server, &load)? {
                true => went_on += 1,
                false => ended += 1,
            }
            server.kill()?;
        }
    }
    load.stop();
    let server = folder.start()?;
    server.lanes_settled()?;
    server.stop()?;
    file.deliver_file(&folder.path(FILE))?;
    findings.at_least("went on", went_on, 1);
    findings.at_least("ended", ended, 1);
    findings.at_least("acknowledged", oracle.acknowledged(), 100);
    oracle.judge(&file, 0, findings);
    Ok(())
}

/// Whether the server keeps again after its disk is well; else it must have ended, for the right reason.
fn keeps_again(server: &mut Server, load: &Load) -> Result<bool, Stop> {
    load.take_tally();
    let mut status = None;
    let kept = eventually("a server that keeps again, or has ended", || {
        status = server.has_ended();
        (status.is_some() || load.take_tally().count(200) > 0).then_some(())
    });
    kept?;
    match status {
        None => Ok(true),
        Some(status) if status.code() == Some(IO) => Ok(false),
        Some(status) => failed(format!("{status}; its log: {}", server.log())),
    }
}
