//! R03: killed just before the N-th write, sync, rename, unlink or truncate of a small run, for one N after the other:
//! the next start finds all that was answered OK, and delivers nothing that was never sent.

use std::path::Path;

use super::Setting;
use crate::load::send_some;
use crate::oracle::{Compared, Oracle, Sink};
use crate::report::{Findings, Stop, failed};
use crate::server::{Config, Folder, Server};
use crate::target::Target;
use crate::tools::Strace;

/// How far into a thread's calls chance goes in the small run.
const CALLS: &[(&str, u64)] = &[
    ("fdatasync", 30),
    ("pwrite64", 60),
    ("fsync", 4),
    ("write", 20),
    ("writev", 8),
    ("ftruncate", 3),
    ("rename,renameat,renameat2", 1),
    ("unlink,unlinkat", 2),
    ("mkdir,mkdirat", 2),
    ("sendto", 12),
];
/// More calls of one kind than any thread of the small run makes.
const CALLS_MAX: u64 = 2000;
/// A kill brings back what was under way at the webhook, and what was done behind it.
const DOUBLED_PER_KILL: u64 = 64;
const SENDERS: usize = 4;
const EACH: usize = 12;

/// What all the kills came to.
#[derive(Default)]
struct Sums {
    kills: u64,
    not_reached: u64,
    file: Compared,
    hook: Compared,
}

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let mut rng = setting.rng();
    let mut sums = Sums::default();
    for (calls, most) in CALLS {
        if setting.is_campaign() {
            let reached = (1..CALLS_MAX)
                .take_while(|n| matches!(once(setting, calls, *n, &mut sums), Ok(true)));
            let last = reached.count() as u64 + 1;
            // The last one was not reached, or failed: again, to say which.
            once(setting, calls, last, &mut sums)?;
            findings.note(&format!("kills at {calls}"), last - 1);
        } else {
            once(setting, calls, rng.u64(1..=*most), &mut sums)?;
        }
    }
    findings.at_least("kills", sums.kills, 4);
    findings.note("not reached", sums.not_reached);
    findings.note("acknowledged", sums.file.acknowledged);
    sums.file.judge("file", 0, findings);
    sums.hook.judge("webhook", sums.kills * DOUBLED_PER_KILL, findings);
    Ok(())
}

/// One run with a kill, and what is found after it. False: the run ended before the N-th call.
fn once(setting: &Setting, calls: &str, n: u64, sums: &mut Sums) -> Result<bool, Stop> {
    let oracle = Oracle::new(setting.seed);
    let (file, hook) = (Sink::new("file", &oracle), Sink::new("webhook", &oracle));
    let target = Target::start(&hook)?;
    let folder = Folder::new(setting, &Config::both(target.address))?;
    let fault = format!("signal=SIGKILL:when={n}");
    let strace = Strace::inject(calls, &fault, &[], Path::new("/dev/null"))?;
    let killed = script(&folder, strace, &oracle)?;
    let place = |stop: Stop| stop.at(&format!("after a kill at {calls} number {n}"));
    let server = folder.start().map_err(place)?;
    server.lanes_settled().map_err(place)?;
    ended_well(server).map_err(place)?;
    ended_well(folder.start().map_err(place)?).map_err(place)?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    sums.file = sums.file.and(oracle.compare(&file));
    sums.hook = sums.hook.and(oracle.compare(&hook));
    sums.kills += u64::from(killed);
    sums.not_reached += u64::from(!killed);
    Ok(killed)
}

/// Start, events, all delivered, stop. Whether it was killed on the way.
fn script(folder: &Folder, strace: Strace, oracle: &Oracle) -> Result<bool, Stop> {
    let mut server = folder.spawn(&strace.wrapper(), &[])?;
    if server.wait_until_ready().is_ok() {
        send_some(oracle, server.address, SENDERS, EACH);
        if server.settled_or_ended() {
            // It may be killed just now.
            _ = server.signal("TERM");
        }
    }
    let status = server.wait()?;
    match status.code() {
        None => Ok(true),
        Some(0) => Ok(false),
        Some(code) => {
            failed(format!("it ended with {code}: {}", server.log().replace('\n', " | ")))
        }
    }
}

fn ended_well(server: Server) -> Result<(), Stop> {
    let status = server.stop()?;
    if status.success() { Ok(()) } else { failed(format!("the stop ended with {status}")) }
}
