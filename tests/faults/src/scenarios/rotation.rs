//! R23: the file action's file is renamed again and again, with a signal and without, and now and then a symbolic link is
//! put in its place. Each line is in one of the files, whole, and nothing went through the link.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::Setting;
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop};
use crate::server::{Config, Folder, Server, eventually};

const RATE: u32 = 1000;
const SENDERS: usize = 16;
/// A link is put in the file's place every so many rotations.
const LINK_EVERY: u64 = 10;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let mut rng = setting.rng();
    let oracle = Oracle::new(setting.seed);
    let file = Sink::new("files", &oracle);
    let folder = Folder::new(setting, &Config::file_only())?;
    let (path, victim) = (folder.path("out/events.jsonl"), folder.path("victim"));
    fs::write(&victim, "")?;
    let server = folder.start()?;
    let rate = setting.rate.unwrap_or(RATE);
    let load = Load::start(&oracle, Plan { senders: SENDERS, rate: Some(rate) });
    load.point_at(server.address);
    let (rotations, mut links) = (setting.pick(50, 1000), 0);
    let began = std::time::Instant::now();
    for number in 0..rotations {
        eventually("a file with lines", || has_lines(&path).then_some(()))?;
        thread::sleep(Duration::from_millis(rng.u64(0..setting.pick(30, 60))));
        let link = (number % LINK_EVERY == LINK_EVERY - 1).then_some(&*victim);
        links += u64::from(link.is_some());
        rotate(&server, &path, number, link)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    load.stop();
    server.lanes_settled()?;
    server.stop()?;
    let mut lines = 0;
    for number in 0..rotations {
        lines += file.deliver_file(&rotated(&path, number))?;
        lines += file.deliver_file(&set_aside(&path, number))?;
    }
    lines += file.deliver_file(&path)?;
    findings.note("rotations", rotations);
    findings.note("links", links);
    findings.note("acknowledged", oracle.acknowledged());
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let per_second = (oracle.acknowledged() as f64 / seconds).round();
    findings.at_least("per second", per_second, f64::from(rate) * setting.pick(0.3, 0.9));
    findings.note("lines", lines);
    findings.at_most("bytes through a link", fs::metadata(&victim)?.len(), 0);
    oracle.judge(&file, 0, findings);
    Ok(())
}

/// Renames the file; signals after every second time.
fn rotate(server: &Server, path: &Path, number: u64, link: Option<&Path>) -> Result<(), Stop> {
    fs::rename(path, rotated(path, number))?;
    if let Some(victim) = link {
        // A file that the server has made meanwhile is kept.
        symlink(victim, path.with_extension("link"))?;
        // There may be none yet.
        _ = fs::rename(path, set_aside(path, number));
        fs::rename(path.with_extension("link"), path)?;
        thread::sleep(Duration::from_millis(60));
        fs::remove_file(path)?;
    }
    if number.is_multiple_of(2) {
        server.signal("USR1")?;
    }
    Ok(())
}

fn rotated(path: &Path, number: u64) -> PathBuf {
    path.with_extension(format!("{number}.jsonl"))
}

fn set_aside(path: &Path, number: u64) -> PathBuf {
    path.with_extension(format!("{number}.aside"))
}

fn has_lines(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.len() > 0)
}
