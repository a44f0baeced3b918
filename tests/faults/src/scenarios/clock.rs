//! R24: the time of day jumps by hours and days, there and back, under load and across a kill, while the target fails first.
//! Retries come when they are due by a steady clock, and no more of them than needed.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use fastrand::Rng;

use super::Setting;
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop, Time, not_run};
use crate::server::{Config, Folder, Server};
use crate::target::{Answer, Target};

const JUMPS: &[&str] = &["+3600", "-3600", "+86400", "-86400", "+0"];
/// The wait less its jitter.
const EARLIEST: Duration = Duration::from_millis(790);
/// The wait, its jitter, and two seconds.
const LATEST: Duration = Duration::from_millis(3200);
const RETRY: &str = r#"retry = { initial = "1s", factor = 1, max = "1s", jitter = 0.2, attempts = 100, max_ratio = 1.0, min_per_minute = 1000000 }
circuit_breaker = { failure_threshold = 0 }
ordering = "none"
concurrency = 64"#;
const RATE: u32 = 100;
/// A kill may bring back what was under way.
const DOUBLED_PER_KILL: u64 = 96;

/// The clock must have been seen to be so far away.
const FURTHEST_SECONDS: i64 = 80_000;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let library = library()?;
    let mut rng = setting.rng();
    for kills in [0, setting.pick(2, 20)] {
        phase(setting, library.clone(), kills, &mut rng, findings)?;
    }
    Ok(())
}

/// Jumps under load, either while one server lives on or with a kill at each.
fn phase(
    setting: &Setting,
    library: PathBuf,
    kills: u64,
    rng: &mut Rng,
    findings: &mut Findings,
) -> Result<(), Stop> {
    let oracle = Oracle::new(setting.seed);
    let (file, hook) = (Sink::new("file", &oracle), Sink::new("webhook", &oracle));
    let target = Target::start(&hook)?;
    target.answer(Answer::FailFirst(1));
    let config = Config { hook_keys: RETRY.into(), ..Config::both(target.address) };
    let folder = Folder::new(setting, &config)?;
    let clock = Clock { library, file: folder.path("clock") };
    let load = Load::start(&oracle, Plan { senders: 4, rate: Some(setting.rate.unwrap_or(RATE)) });
    let mut server = clock.start(&folder, "+0")?;
    load.point_at(server.address);
    let jumps = if kills > 0 { kills } else { setting.pick(5, 100) };
    for number in 0..jumps {
        // A start that finds another day than the one a retry was due on can only let it wait anew: a life that is shorter
        // than the wait would put it off again and again.
        let life = if kills > 0 { 1300..2000 } else { 300..700 };
        thread::sleep(Duration::from_millis(rng.u64(life)));
        let jump = match jumps - number {
            2 => "+86400", // and back by two days at the end
            1 => "-86400",
            _ => rng.choice(JUMPS).copied().unwrap_or("+0"),
        };
        if kills > 0 {
            server.kill()?;
            server = clock.start(&folder, jump)?;
            load.point_at(server.address);
        } else {
            clock.set(jump)?;
        }
    }
    thread::sleep(Duration::from_millis(300));
    load.stop();
    server.lanes_settled()?;
    server.stop()?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    findings.note("kills", kills);
    findings.note("acknowledged", oracle.acknowledged());
    judge_times(&target, &oracle, kills, findings);
    oracle.judge(&file, 0, findings);
    oracle.judge(&hook, kills * DOUBLED_PER_KILL, findings);
    Ok(())
}

fn judge_times(target: &Target, oracle: &Oracle, kills: u64, findings: &mut Findings) {
    let attempts = target.remembered();
    let off = attempts.values().flatten().map(|one| one.off.abs()).max().unwrap_or_default();
    findings.at_least("clock off by seconds", off, FURTHEST_SECONDS);
    let gaps = || attempts.values().filter_map(|all| Some(all.get(1)?.at - all.first()?.at));
    if kills == 0 {
        // After a start only the time of day can say what is due, and it has jumped.
        let earliest = gaps().min().unwrap_or_default();
        findings.at_least("earliest retry", Time(earliest), Time(EARLIEST));
    }
    let latest = gaps().max().unwrap_or_default();
    findings.at_most("latest retry", Time(latest), Time(LATEST));
    let most = oracle.made() * 2 + kills * DOUBLED_PER_KILL;
    findings.at_most("attempts", target.attempts(), most);
}

/// A time of day of the server's own.
struct Clock {
    library: PathBuf,
    /// What libfaketime reads: by how much to be wrong.
    file: PathBuf,
}

impl Clock {
    fn set(&self, offset: &str) -> io::Result<()> {
        let new = self.file.with_extension("new");
        fs::write(&new, offset)?;
        fs::rename(new, &self.file)
    }

    fn start(&self, folder: &Folder, offset: &str) -> Result<Server, Stop> {
        self.set(offset)?;
        let (library, file) = (self.library.display().to_string(), self.file.display().to_string());
        let env = [
            ("LD_PRELOAD", &*library),
            ("FAKETIME_TIMESTAMP_FILE", &*file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ];
        folder.start_under(&[], &env)
    }
}

fn library() -> Result<PathBuf, Stop> {
    let folders = fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    let found = libraries.find(|library| library.is_file());
    found.map_or_else(|| not_run("libfaketime is missing (Debian: apt-get install faketime)"), Ok)
}
