//! R04: the N-th sync or write of the journal, or of the file action, fails. No event is answered OK without a good sync of
//! the journal between its request and its answer; a journal that failed ends the server with 74, for a supervisor to start
//! it again; a file that failed is tried again, and neither loses nor doubles a line.

use std::path::PathBuf;

use super::Setting;
use crate::load::{Kept, send_some};
use crate::oracle::{Compared, Oracle, Sink};
use crate::report::{Findings, Stop, failed};
use crate::server::{Config, Folder, Server};
use crate::tools::{self, Strace, Traced};

const SYNCS: &str = "fdatasync,fsync";
const WRITES: &str = "pwrite64,write";
/// Ended by the disk, in the words of sysexits.
const EXIT_IO: i32 = 74;
const SENDERS: usize = 2;

/// Whose calls fail.
#[derive(Clone, Copy, PartialEq)]
enum Whose {
    Journal,
    File,
}

/// What is done to a call, and whether the journal's store is to be given up for it.
struct Fault {
    whose: Whose,
    calls: &'static str,
    how: &'static str,
    fatal: bool,
}

const fn fault(whose: Whose, calls: &'static str, how: &'static str, fatal: bool) -> Fault {
    Fault { whose, calls, how, fatal }
}

/// A write of no bytes is the shortest of short writes: it says truly that nothing was written.
const FAULTS: &[Fault] = &[
    fault(Whose::Journal, SYNCS, "error=EIO", true),
    fault(Whose::File, SYNCS, "error=EIO", false),
    fault(Whose::Journal, SYNCS, "error=ENOSPC", true),
    fault(Whose::File, SYNCS, "error=ENOSPC", false),
    fault(Whose::Journal, SYNCS, "error=EDQUOT", true),
    fault(Whose::Journal, SYNCS, "error=EINTR", true),
    fault(Whose::Journal, WRITES, "error=ENOSPC", false),
    fault(Whose::Journal, WRITES, "retval=0", false),
    fault(Whose::Journal, WRITES, "error=EINTR", false),
    fault(Whose::File, WRITES, "error=EIO", false),
    fault(Whose::File, WRITES, "retval=0", false),
    fault(Whose::Journal, WRITES, "error=EIO", true),
];

#[derive(Default)]
struct Sums {
    faults: u64,
    not_reached: u64,
    false_answers: u64,
    file: Compared,
}

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let mut rng = setting.rng();
    let mut sums = Sums::default();
    for fault in FAULTS {
        let deepest = setting.pick(30, 200);
        let all = (1..=deepest).filter(|_| setting.is_campaign());
        for n in all.chain((!setting.is_campaign()).then(|| rng.u64(1..=deepest))) {
            let whose = if fault.whose == Whose::Journal { "journal" } else { "file" };
            let place = format!("{whose} {}:{} number {n}", fault.calls, fault.how);
            once(setting, fault, n, &mut sums).map_err(|stop| stop.at(&place))?;
        }
    }
    findings.at_least("faults", sums.faults, FAULTS.len() as u64 / 2);
    findings.note("not reached", sums.not_reached);
    findings.note("acknowledged", sums.file.acknowledged);
    findings.at_most("answered without a sync", sums.false_answers, 0);
    sums.file.judge("file", 0, findings);
    Ok(())
}

fn once(setting: &Setting, fault: &Fault, n: u64, sums: &mut Sums) -> Result<(), Stop> {
    let oracle = Oracle::new(setting.seed);
    let file = Sink::new("file", &oracle);
    let folder = Folder::new(setting, &Config::file_only())?;
    let log = folder.path("trace");
    let names: &[&str] = match fault.whose {
        Whose::Journal => &["journal/journal.sqlite", "journal/journal.sqlite-wal"],
        Whose::File => &["out/events.jsonl", "out/events.jsonl.intent"],
    };
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.path(name)).collect();
    let how = format!("{}:when={n}", fault.how);
    let strace = Strace::inject(fault.calls, &how, &paths, &log)?;
    let mut server = folder.spawn(&strace.wrapper(), &[])?;
    let each = usize::try_from(n).unwrap_or_default() + 15;
    let ready = server.wait_until_ready().is_ok();
    let kept = if ready { send_some(&oracle, server.address, SENDERS, each) } else { Vec::new() };
    let fell = !server.settled_or_ended();
    let code = if fell { server.wait()?.code() } else { server.stop()?.code() };
    let calls = tools::traced(&log, &fault.calls.split(',').collect::<Vec<_>>())?;
    let hit = calls.iter().any(|call| call.injected);
    as_expected(hit && (fault.fatal || !ready), fell, code)?;
    if fault.whose == Whose::Journal && fault.calls == SYNCS {
        sums.false_answers += kept.iter().filter(|one| !is_synced(one, &calls)).count() as u64;
    }
    again(&folder)?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    sums.file = sums.file.and(oracle.compare(&file));
    sums.faults += u64::from(hit);
    sums.not_reached += u64::from(!hit);
    Ok(())
}

/// A start without a fault delivers the rest.
fn again(folder: &Folder) -> Result<(), Stop> {
    let server: Server = folder.start()?;
    server.lanes_settled()?;
    let status = server.stop()?;
    if status.success() { Ok(()) } else { failed(format!("the next stop ended with {status}")) }
}

/// A store that failed, or could not be opened, ends the server, be it while it stops; anything else leaves it as it was.
fn as_expected(fatal: bool, fell: bool, code: Option<i32>) -> Result<(), Stop> {
    let expected = if fatal { EXIT_IO } else { 0 };
    if (fatal || !fell) && code == Some(expected) {
        return Ok(());
    }
    let how = if fell { "by itself" } else { "when it was told to" };
    failed(format!("it ended {how} with {code:?}; expected {expected}"))
}

fn is_synced(kept: &Kept, syncs: &[Traced]) -> bool {
    syncs.iter().any(|sync| sync.good && sync.began >= kept.began && sync.ended <= kept.ended)
}
