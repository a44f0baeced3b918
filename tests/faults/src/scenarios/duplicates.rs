//! R26: with `dedupe`, the same event sent twice at once, and again later with a new signature, before and after a kill, is
//! delivered once. Different events with one signature, and events that cannot say who they are, are all delivered.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::Setting;
use crate::load::{Load, Plan, send_some};
use crate::oracle::{MESSAGE, Oracle, Sink};
use crate::report::{Findings, Stop};
use crate::server::{Config, Folder, Server, eventually};
use crate::wire::Connection;

const TOKEN: &str = "faults-token";
const SENDERS: usize = 16;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let source_keys = format!(
        "dedupe = \"10m\"\noptions.window = \"1h\"\noptions.apps.main.tokens = [\"{TOKEN}\"]"
    );
    let config = Config { source_keys, ..Config::file_only() };
    repeated(setting, &config, findings)?;
    one_signature(setting, &config, findings)?;
    unnamed(setting, &config, findings)
}

/// Each event three times.
fn repeated(setting: &Setting, config: &Config, findings: &mut Findings) -> Result<(), Stop> {
    let oracle = Oracle::of(setting.seed, MESSAGE, String::new());
    let file = Sink::new("repeated", &oracle);
    let folder = Folder::new(setting, config)?;
    let server = folder.start()?;
    let events = setting.pick(300, 20_000);
    let mut unanswered = twice_at_once(&oracle, server.address, events, &signature(now() - 30));
    server.kill()?;
    let server = folder.start()?;
    unanswered += again(&oracle, server.address, events, &signature(now()));
    finish(server)?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    findings.note("sent three times", events);
    findings.at_most("unanswered", unanswered, 0);
    oracle.judge(&file, 0, findings);
    Ok(())
}

/// Many different events that carry the same signature.
fn one_signature(setting: &Setting, config: &Config, findings: &mut Findings) -> Result<(), Stop> {
    let oracle = Oracle::of(setting.seed, MESSAGE, signature(now()));
    let file = Sink::new("one signature", &oracle);
    let folder = Folder::new(setting, config)?;
    let server = folder.start()?;
    let load = Load::start(&oracle, Plan { senders: SENDERS, rate: setting.rate });
    load.point_at(server.address);
    let wanted = setting.pick(20_000, 1_000_000);
    let mut last = 0;
    while oracle.acknowledged() < wanted {
        let more = || oracle.acknowledged().min(wanted);
        last = eventually("more answers", || (more() > last).then(more))?;
        thread::sleep(Duration::from_millis(20));
    }
    let tally = load.stop();
    finish(server)?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    findings.note("with one signature", oracle.acknowledged());
    findings.at_most("refused", tally.answers.len() as u64 - 1, 0);
    oracle.judge(&file, 0, findings);
    Ok(())
}

/// A change of a topic has nothing that only it has: the same once more is a second change.
fn unnamed(setting: &Setting, config: &Config, findings: &mut Findings) -> Result<(), Stop> {
    let oracle = Oracle::of(setting.seed, crate::oracle::TOPIC, signature(now()));
    let file = Sink::new("without a key", &oracle);
    let folder = Folder::new(setting, config)?;
    let server = folder.start()?;
    let events = send_some(&oracle, server.address, 1, 20).len() as u64;
    again(&oracle, server.address, events, &signature(now()));
    finish(server)?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    findings.at_least("second changes delivered", file.doubled(), events.max(1));
    Ok(())
}

fn finish(server: Server) -> Result<(), Stop> {
    server.lanes_settled()?;
    server.stop().map(drop)
}

/// Sends each new event from two connections at the same moment; how many requests had no good answer.
fn twice_at_once(oracle: &Arc<Oracle>, address: SocketAddr, events: u64, signature: &str) -> u64 {
    let numbers: Vec<u64> = (0..events).map(|_| oracle.next()).collect();
    let together = Barrier::new(2);
    thread::scope(|scope| {
        let work = || {
            let mut sender = Sender { oracle, address, kept: None };
            let mut send = |number: &u64| {
                together.wait();
                sender.send(*number, signature)
            };
            numbers.iter().filter(|number| !send(number)).count() as u64
        };
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().map(|thread| thread.join().expect("a sender panicked")).sum()
    })
}

/// Sends each of the first events once more; how many had no good answer.
fn again(oracle: &Arc<Oracle>, address: SocketAddr, events: u64, signature: &str) -> u64 {
    let mut sender = Sender { oracle, address, kept: None };
    (0..events).filter(|number| !sender.send(*number, signature)).count() as u64
}

struct Sender<'a> {
    oracle: &'a Oracle,
    address: SocketAddr,
    kept: Option<Connection>,
}

impl Sender<'_> {
    /// Whether it was answered with 200.
    fn send(&mut self, number: u64, signature: &str) -> bool {
        let Some(mut connection) = self.kept.take().or_else(|| Connection::open(self.address).ok())
        else {
            return false;
        };
        let request = self.oracle.request_signed(number, signature);
        let Ok(reply) = connection.exchange(&request) else { return false };
        self.kept = Some(connection);
        if reply.status == 200 {
            self.oracle.acknowledge(number);
        }
        reply.status == 200
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The end of a query, by the rules of Tencent Cloud Chat.
fn signature(time: u64) -> String {
    let mut text = format!("&RequestTime={time}&Sign=");
    for byte in Sha256::digest(format!("{TOKEN}{time}")) {
        // Writing into a string cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text
}
