//! R28: a long run at half of what the server can do, with a fault in each minute. Nothing is lost, and neither memory nor
//! open files grow.

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::Setting;
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop};
use crate::server::{Config, Folder, Server};
use crate::target::{Answer, Target};

const SENDERS: usize = 16;
const CALIBRATION: Duration = Duration::from_secs(5);
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
const TARGET_AWAY: Duration = Duration::from_secs(20);
const MINUTES: u64 = 60;
/// So much of a server's life is left out of the slope of its memory: by then each kind of fault has come, and filled what it fills.
const WARM_UP: Duration = Duration::from_mins(10);
/// The slope of a shorter life says little: it is told and not judged.
const LIFE_JUDGED: Duration = Duration::from_mins(20);
const SLOPE_MAX: f64 = 1.0;
/// Samples of which the highest counts: five minutes.
const STRETCH: usize = 30;
/// Connections come and go by a few; what leaks one with each fault is above this in an hour.
const DESCRIPTORS_MORE: usize = 32;
const DOUBLED_PER_KILL: u64 = 64;
/// The journal would fill the disk in an hour.
const JOURNAL: &str = "retention = \"2m\"\nretention_size = \"256 MiB\"\n";

#[derive(Clone, Copy, Debug)]
enum Fault {
    Kill,
    Stop,
    Failing,
    Hanging,
    Renamed,
    Frozen,
}

const ALL: &[Fault] =
    &[Fault::Kill, Fault::Stop, Fault::Failing, Fault::Hanging, Fault::Renamed, Fault::Frozen];
/// Those that leave the server alive.
const ALIVE: &[Fault] = &[Fault::Failing, Fault::Hanging, Fault::Renamed, Fault::Frozen];

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let rate = match setting.rate {
        Some(rate) => rate,
        None => capacity(setting)? / 2,
    };
    let oracle = Oracle::new(setting.seed);
    let (file, hook) = (Sink::new("file", &oracle), Sink::new("webhook", &oracle));
    let target = Target::start(&hook)?;
    let folder = Folder::new(setting, &config(&target))?;
    let server = folder.start()?;
    let load = Load::start(&oracle, Plan { senders: SENDERS, rate: Some(rate) });
    load.point_at(server.address);
    let lives = vec![Life::new()];
    let mut soak = Soak {
        folder,
        target,
        load,
        file,
        server: Some(server),
        lives,
        kills: 0,
        renamed: 0,
        oracle,
    };
    let (minutes, mut rng) = (setting.minutes.unwrap_or(MINUTES), setting.rng());
    for minute in 0..minutes {
        // Later it lives on: only then a slow growth can be seen.
        let kinds = if minute * 4 < minutes { ALL } else { ALIVE };
        let fault = rng.choice(kinds).copied().unwrap_or(Fault::Kill);
        soak.minute(fault, &mut rng)?;
        soak.progress(minute, fault);
    }
    findings.note("minutes", minutes);
    findings.note("rate", rate);
    soak.end(&hook, findings)
}

fn config(target: &Target) -> Config {
    let both = Config::both(target.address);
    let hook_keys = format!("timeout = \"2s\"\n{}", both.hook_keys);
    Config { hook_keys, journal_keys: JOURNAL.into(), ..both }
}

/// How many events a second it takes at most.
fn capacity(setting: &Setting) -> Result<u32, Stop> {
    let oracle = Oracle::new(setting.seed);
    let hook = Sink::new("webhook", &oracle);
    let target = Target::start(&hook)?;
    let folder = Folder::new(setting, &config(&target))?;
    let server = folder.start()?;
    let load = Load::start(&oracle, Plan { senders: SENDERS, rate: None });
    load.point_at(server.address);
    let began = Instant::now();
    thread::sleep(CALIBRATION);
    load.stop();
    // What is kept faster than it is delivered would pile up for ever.
    server.lanes_settled()?;
    let per_second = oracle.acknowledged() / began.elapsed().as_secs().max(1);
    Ok(u32::try_from(per_second).unwrap_or(u32::MAX).max(2))
}

struct Soak {
    folder: Folder,
    oracle: Arc<Oracle>,
    target: Target,
    load: Load,
    file: Arc<Sink>,
    /// None only while another one starts.
    server: Option<Server>,
    lives: Vec<Life>,
    kills: u64,
    /// How often the file was renamed.
    renamed: u64,
}

/// One server's memory and descriptors over its life.
struct Life {
    began: Instant,
    /// Hours, MiB.
    memory: Vec<(f64, f64)>,
    descriptors: Vec<usize>,
}

impl Life {
    fn new() -> Self {
        Self { began: Instant::now(), memory: Vec::new(), descriptors: Vec::new() }
    }

    fn sample(&mut self, server: &Server) {
        let age = self.began.elapsed();
        #[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 KiB")]
        let memory = server.rss().map(|kib| (age.as_secs_f64() / 3600.0, kib as f64 / 1024.0));
        self.memory.extend(memory);
        self.descriptors.extend(server.descriptors());
    }
}

impl Soak {
    fn minute(&mut self, fault: Fault, rng: &mut Rng) -> Result<(), Stop> {
        let end = Instant::now() + Duration::from_mins(1);
        self.sample_until(Instant::now() + Duration::from_millis(rng.u64(1000..20_000)));
        self.inflict(fault)?;
        self.sample_until(end);
        self.rotate(false)
    }

    fn sample_until(&mut self, end: Instant) {
        loop {
            let left = end.saturating_duration_since(Instant::now());
            thread::sleep(left.min(SAMPLE_EVERY));
            if let (Some(server), Some(life)) = (&self.server, self.lives.last_mut()) {
                life.sample(server);
            }
            if left <= SAMPLE_EVERY {
                return;
            }
        }
    }

    fn inflict(&mut self, fault: Fault) -> Result<(), Stop> {
        match fault {
            Fault::Failing => self.away(Answer::Status(500)),
            Fault::Hanging => self.away(Answer::Hang),
            Fault::Kill => {
                self.kills += 1;
                self.end_server(Server::kill)?;
            }
            Fault::Stop => self.end_server(|server| server.stop().map(drop))?,
            Fault::Renamed => return self.rotate(true),
            Fault::Frozen => {
                self.signal("STOP")?;
                thread::sleep(Duration::from_secs(1));
                self.signal("CONT")?;
            }
        }
        Ok(())
    }

    fn end_server(&mut self, end: impl FnOnce(Server) -> Result<(), Stop>) -> Result<(), Stop> {
        if let Some(server) = self.server.take() {
            end(server)?;
        }
        let server = self.folder.start()?;
        self.load.point_at(server.address);
        self.lives.push(Life::new());
        self.server = Some(server);
        Ok(())
    }

    fn away(&mut self, answer: Answer) {
        self.target.answer(answer);
        self.sample_until(Instant::now() + TARGET_AWAY);
        self.target.answer(Answer::Status(200));
    }

    fn signal(&self, name: &str) -> Result<(), Stop> {
        self.server.as_ref().map_or(Ok(()), |server| server.signal(name))
    }

    /// Renames the file, counts what was in the one before, which nobody writes to any more, and deletes that.
    fn rotate(&mut self, signal: bool) -> Result<(), Stop> {
        let path = self.folder.path("out/events.jsonl");
        let rotated = |number: u64| path.with_extension(format!("{number}.jsonl"));
        if !fs::exists(&path)? {
            return Ok(());
        }
        self.renamed += 1;
        fs::rename(&path, rotated(self.renamed))?;
        if signal {
            self.signal("USR1")?;
        }
        let quiet = rotated(self.renamed.saturating_sub(2));
        if fs::exists(&quiet)? {
            self.file.deliver_file(&quiet)?;
            fs::remove_file(&quiet)?;
        }
        Ok(())
    }

    #[expect(clippy::print_stderr, reason = "somebody waits for an hour")]
    fn progress(&self, minute: u64, fault: Fault) {
        let (server, life) = (self.server.as_ref(), self.lives.last());
        let rss = server.and_then(Server::rss).unwrap_or_default();
        let open = life.and_then(|life| life.descriptors.last()).copied().unwrap_or_default();
        let (kept, behind) = (self.oracle.acknowledged(), server.and_then(Server::behind));
        let behind = behind.unwrap_or_default();
        eprintln!(
            "minute {}: {fault:?}, {kept} acknowledged, {behind} under way, {rss} KiB, {open} descriptors",
            minute + 1
        );
    }

    fn end(self, hook: &Sink, findings: &mut Findings) -> Result<(), Stop> {
        let Self { folder, oracle, target, load, file, server, lives, kills, renamed } = self;
        load.stop();
        if let Some(server) = server {
            server.lanes_settled()?;
            server.stop()?;
        }
        let path = folder.path("out/events.jsonl");
        for number in renamed.saturating_sub(2)..=renamed {
            file.deliver_file(&path.with_extension(format!("{number}.jsonl")))?;
        }
        file.deliver_file(&path)?;
        drop(target);
        findings.note("lives", lives.len());
        findings.note("acknowledged", oracle.acknowledged());
        judge_growth(&lives, findings);
        oracle.judge(&file, 0, findings);
        oracle.judge(hook, kills * DOUBLED_PER_KILL, findings);
        Ok(())
    }
}

/// Judges the longest life: a leak needs time to be seen.
fn judge_growth(lives: &[Life], findings: &mut Findings) {
    let Some(life) = lives.iter().max_by_key(|life| life.memory.len()) else { return };
    let warm = life.memory.iter().filter(|(hour, _)| *hour * 3600.0 > WARM_UP.as_secs_f64());
    let warm: Vec<(f64, f64)> = warm.copied().collect();
    let highest =
        lives.iter().flat_map(|life| &life.memory).map(|(_, mib)| *mib).fold(0.0, f64::max);
    findings.note("most memory in MiB", highest.round());
    let (slope, error) = slope(&highs(&warm));
    let rounded = |number: f64| (number * 100.0).round() / 100.0;
    let long =
        life.memory.last().is_some_and(|(hours, _)| hours * 3600.0 > LIFE_JUDGED.as_secs_f64());
    findings.note("give or take", rounded(error));
    if long {
        // An hour is short for a slope as small as this: what chance alone can make of none is no finding.
        let surely = slope - 2.0 * error;
        findings.note("MiB more in an hour", rounded(slope));
        findings.at_most("MiB more in an hour for certain", rounded(surely), SLOPE_MAX);
    } else {
        findings.note("MiB more in an hour, of a short life", rounded(slope));
    }
    let half = life.descriptors.len() / 2;
    let (first, second) = life.descriptors.split_at(half);
    let most = |part: &[usize]| part.iter().copied().max().unwrap_or_default();
    findings.at_most("descriptors", most(second), most(first) + DESCRIPTORS_MORE);
}

/// The most of every stretch: what the allocator gave back and took again in between says nothing.
fn highs(samples: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let highest =
        |part: &[(f64, f64)]| part.iter().copied().max_by(|one, other| one.1.total_cmp(&other.1));
    samples.chunks(STRETCH).filter_map(highest).collect()
}

/// By least squares, and its standard error.
fn slope(points: &[(f64, f64)]) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let count = points.len() as f64;
    if count < 3.0 {
        return (0.0, 0.0);
    }
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let below: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = if below > 0.0 { above / below } else { return (0.0, 0.0) };
    let off: f64 = points.iter().map(|at| (at.1 - y - slope * (at.0 - x)).powi(2)).sum();
    (slope, (off / (count - 2.0) / below).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples of four hours, ten seconds apart, of what grows by so many MiB in an hour and now and then has less.
    fn samples(grows: f64) -> Vec<(f64, f64)> {
        let less = |n: u32| f64::from(n * 7 % 11) / 5.0;
        let at = |n: u32| (f64::from(n) / 360.0, 20.0 + grows * f64::from(n) / 360.0 - less(n));
        (0..4 * 360).map(at).collect()
    }

    #[test]
    fn growth_is_found_in_what_goes_up_and_down() {
        for grows in [0.0, 1.5, 3.0] {
            let (slope, error) = slope(&highs(&samples(grows)));
            assert!((slope - grows).abs() < 0.05 && error < 0.05, "{slope} {error}");
        }
        assert_eq!(slope(&[]), (0.0, 0.0));
    }

    #[test]
    fn a_life_that_needs_more_and_more_is_found() {
        let judged = |grows: f64, minutes: usize| {
            let memory = samples(grows).into_iter().take(6 * minutes).collect();
            let life = Life { began: Instant::now(), memory, descriptors: vec![60; 100] };
            let mut findings = Findings::default();
            judge_growth(&[life], &mut findings);
            findings.has_failed()
        };
        assert!(judged(3.0, 45));
        assert!(!judged(0.5, 45));
        assert!(!judged(3.0, 19), "too short to say");
    }

    #[test]
    fn few_points_that_lie_apart_say_little() {
        let (slope, error) = slope(&[(0.0, 47.0), (0.1, 46.0), (0.2, 48.0), (0.3, 46.5)]);
        assert!(slope.abs() < 2.0 * error, "{slope} {error}");
    }
}
