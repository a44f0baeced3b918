//! R17: targets that answer with too much, too slowly, or with something else. Each attempt ends in time and reads little; it
//! counts for what it was, and what failed comes again under the same id.

mod target;

use std::time::Duration;

use serde_json::Value;

use self::target::{Attempt, BadTarget, MODES, Mode, Then};
use super::Setting;
use crate::oracle::{Oracle, Sink, TOPIC};
use crate::proxy::{Fault, Proxy};
use crate::report::{Findings, Stop, Time, failed};
use crate::server::{Config, Folder, Server, eventually};
use crate::target::Target;
use crate::wire::{self, Connection};

const TIMEOUT: Duration = Duration::from_secs(2);
const READ_MAX: u64 = 1 << 20;
/// Memory beyond what the server had before, in KiB.
const MEMORY_MAX: u64 = 64 << 10;
/// What our own target answers with: the whole is shorter than this.
const REPLY_MAX: usize = 60;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    each_kind(setting, findings)?;
    each_byte(setting, findings)
}

/// Each attempt is wanted here: nothing holds one back.
fn keys() -> String {
    let seconds = TIMEOUT.as_secs();
    format!(
        "timeout = \"{seconds}s\"\nconcurrency = 64\nordering = \"none\"\n\
         retry = {{ initial = \"50ms\", factor = 1, max = \"50ms\", attempts = 1000, \
         max_ratio = 1.0, min_per_minute = 1000000 }}\ncircuit_breaker = {{ failure_threshold = 0 }}"
    )
}

/// One event for each kind of bad answer, all at once.
fn each_kind(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let target = BadTarget::start()?;
    let config = Config { hook_keys: keys(), ..Config::both(target.address) };
    let folder = Folder::new(setting, &config)?;
    let server = folder.start()?;
    let idle = peak(&server)?;
    for (number, _) in MODES.iter().enumerate() {
        send(&server, &target::name(number))?;
    }
    server.lanes_settled()?;
    let dead = dead_letters(&server)?;
    let attempts = target.attempts();
    let mut longest = Duration::ZERO;
    let (mut most, mut interim) = ((0, ""), 0);
    for (number, mode) in MODES.iter().enumerate() {
        let own: Vec<&Attempt> = attempts.iter().filter(|one| one.number == number).collect();
        judge(mode, &own)?;
        longest = longest.max(own.iter().map(|one| one.took).max().unwrap_or_default());
        let sent = own.iter().map(|one| one.sent).max().unwrap_or_default();
        match mode.is_interim() {
            true => interim = sent,
            false => most = most.max((sent, mode.name)),
        }
    }
    findings.note("kinds of answers", MODES.len());
    findings.at_most("longest attempt", Time(longest), Time(TIMEOUT + Duration::from_secs(1)));
    findings.at_most("most read of an answer", most.0, READ_MAX);
    findings.note("by", most.1);
    // The client leaves them out by itself, one after the other: only the attempt's time is a limit to them.
    findings.note("read of interim answers", interim);
    findings.at_most("memory more, in KiB", peak(&server)?.saturating_sub(idle), MEMORY_MAX);
    let given_up = MODES.iter().filter(|mode| mode.then == Then::GivenUp).count();
    findings.at_most("dead letters", dead, given_up);
    findings.at_least("dead letters", dead, given_up);
    server.stop()?;
    Ok(())
}

/// Whether the attempts of one event are those that its bad answer should lead to.
fn judge(mode: &Mode, attempts: &[&Attempt]) -> Result<(), Stop> {
    let expected = if mode.then == Then::Again { 2 } else { 1 };
    let same = attempts
        .windows(2)
        .all(|two| two.first().map(|one| &one.id) == two.last().map(|one| &one.id));
    if attempts.len() == expected && same && attempts.iter().all(|one| !one.id.is_empty()) {
        return Ok(());
    }
    failed(format!("{}: {attempts:?}, where {expected} attempts of one id should be", mode.name))
}

/// The connection is reset at each byte of an answer in turn, and at each byte of a request's beginning.
fn each_byte(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let oracle = Oracle::new(setting.seed);
    let hook = Sink::new("through the proxy", &oracle);
    let target = Target::start(&hook)?;
    let proxy = Proxy::start(target.address)?;
    let config = Config { hook_keys: keys(), ..Config::both(proxy.address) };
    let folder = Folder::new(setting, &config)?;
    let server = folder.start()?;
    let mut faults: Vec<Fault> = (0..REPLY_MAX).map(Fault::CutReply).collect();
    faults.extend((0..setting.pick(40, 800)).map(|count| Fault::CutRequest(count * 7)));
    faults.extend([Fault::Drip(Duration::from_millis(1)), Fault::Delay(Duration::from_millis(50))]);
    let mut happened = 0;
    for fault in &faults {
        proxy.set(*fault);
        send_counted(&server, &oracle)?;
        eventually("a delivery through the proxy", || {
            (oracle.compare(&hook).lost == 0).then_some(())
        })?;
        server.lanes_settled()?; // its answer came through, too
        happened += usize::from(proxy.fault() == Fault::None);
    }
    for fault in [Fault::BlackHole, Fault::CloseEarly] {
        proxy.set(fault);
        let before = target.attempts();
        send_counted(&server, &oracle)?;
        std::thread::sleep(Duration::from_millis(200));
        if target.attempts() != before {
            return failed(format!("{fault:?} let something pass"));
        }
        proxy.set(Fault::None);
        eventually("a delivery after all", || (oracle.compare(&hook).lost == 0).then_some(()))?;
    }
    server.lanes_settled()?;
    findings.at_least("connections cut", happened, 30);
    // Its answer was lost on the way: only the target can tell that it comes again.
    oracle.judge(&hook, faults.len() as u64 + 2, findings);
    server.stop()?;
    Ok(())
}

fn send_counted(server: &Server, oracle: &Oracle) -> Result<(), Stop> {
    let number = oracle.next();
    post(server, &oracle.request(number))?;
    oracle.acknowledge(number);
    Ok(())
}

fn send(server: &Server, name: &str) -> Result<(), Stop> {
    let body =
        format!(r#"{{"CallbackCommand":"{TOPIC}","GroupId":"@TGS#_{name}","Name":"{name}"}}"#);
    post(server, &wire::post(&format!("/?{}", wire::query(TOPIC)), &body))
}

fn post(server: &Server, request: &[u8]) -> Result<(), Stop> {
    match Connection::open(server.address)?.exchange(request) {
        Ok(reply) if reply.status == 200 => Ok(()),
        Ok(reply) => failed(format!("answered with {}", reply.status)),
        Err(broken) => Err(broken.error.into()),
    }
}

fn dead_letters(server: &Server) -> Result<usize, Stop> {
    let reply = wire::get(server.admin, "/api/v1/dead-letters")?;
    let page: Value = serde_json::from_slice(&reply.body)?;
    Ok(page.get("items").and_then(Value::as_array).map_or(0, Vec::len))
}

/// The most memory that the server ever had, in KiB.
fn peak(server: &Server) -> Result<u64, Stop> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| Stop::Failed("no figure of the server's memory".into()))
}
