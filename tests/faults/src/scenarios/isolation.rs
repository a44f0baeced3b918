//! R15: ten webhooks, of which one hangs, one fails and one is slow: the other seven are as fast as without them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::Setting;
use crate::load::{Pace, Plan, Times};
use crate::oracle::{Oracle, lock};
use crate::report::{Findings, Stop, Time, failed};
use crate::server::{Config, Folder};
use crate::wire::{self, Connection};

const GOOD: usize = 7;
/// What the hung one may hold.
const CONCURRENCY: u64 = 4;
const SLOW: Duration = Duration::from_millis(500);
/// In a hundred, by which the others may be slower.
const RATIO_MAX: u64 = 120;

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let alone = round(setting, &[])?;
    let beside = round(setting, &[Manner::Hung, Manner::Failing, Manner::Slow])?;
    let (before, after) = (alone.times.percentile(99), beside.times.percentile(99));
    findings.note("deliveries alone", alone.times.count());
    findings.note("beside", beside.times.count());
    findings.note("p99 alone", Time(before));
    findings.note("p50", Time(beside.times.percentile(50)));
    let percent = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX) * 100;
    let ratio = percent(after) / u64::try_from(before.as_millis()).unwrap_or(1).max(1);
    findings.note("of a hundred", ratio);
    // A short run beside other work is not steady enough for the ratio alone.
    let spare = setting.pick(Duration::from_millis(250), Duration::ZERO);
    let limit = before * u32::try_from(RATIO_MAX).unwrap_or(u32::MAX) / 100 + spare;
    findings.at_most("p99 beside", Time(after), Time(limit));
    findings.at_most("connections of the hung one", beside.held, CONCURRENCY);
    findings.at_least("connections of the hung one", beside.held, 1);
    Ok(())
}

/// What the good ones got, and what the hung one held.
struct Round {
    times: Times,
    held: u64,
}

/// Sends at an even pace to the seven, and to those beside them.
fn round(setting: &Setting, bad: &[Manner]) -> Result<Round, Stop> {
    let (oracle, sent) = (Oracle::new(setting.seed), Arc::<Sent>::default());
    let start = |manner: Manner| Webhook::start(manner, &sent);
    let good: Vec<Webhook> = (0..GOOD).map(|_| start(Manner::Good)).collect::<Result<_, _>>()?;
    let bad: Vec<Webhook> = bad.iter().map(|manner| start(*manner)).collect::<Result<_, _>>()?;
    let folder = Folder::new(setting, &config(good.iter().chain(&bad)))?;
    let server = folder.start()?;
    let plan = Plan { senders: 1, rate: Some(setting.rate.unwrap_or(setting.pick(20, 50))) };
    let until = Instant::now() + Duration::from_secs(setting.pick(4, 30));
    let (mut pace, mut connection) = (Pace::of(plan, 0), Connection::open(server.address)?);
    while Instant::now() < until {
        pace.wait();
        let number = oracle.next();
        lock(&sent.0).insert(number, Instant::now());
        match connection.exchange(&oracle.request(number)) {
            Ok(reply) if reply.status == 200 => {}
            Ok(reply) => return failed(format!("answered with {}", reply.status)),
            Err(broken) => return Err(broken.error.into()),
        }
    }
    let expected = oracle.made();
    for one in &good {
        crate::server::eventually("the deliveries of the good ones", || {
            (lock(&one.shared.times).count() == expected).then_some(())
        })?;
    }
    let mut times = Times::default();
    for one in &good {
        times.join(&lock(&one.shared.times));
    }
    let held = bad.iter().find(|one| one.shared.manner == Manner::Hung);
    let held = held.map_or(0, |one| one.shared.most.load(Ordering::Relaxed));
    server.kill()?;
    Ok(Round { times, held })
}

fn config<'a>(webhooks: impl Iterator<Item = &'a Webhook>) -> Config {
    let (mut more, mut names) = (String::new(), Vec::new());
    for (number, one) in webhooks.enumerate() {
        names.push(format!("\"w{number}\""));
        // Writing into a string cannot fail.
        _ = write!(
            more,
            "[actions.w{number}]\nplugin = \"webhook\"\nconcurrency = {CONCURRENCY}\ntimeout = \"60s\"\n\
             ordering = \"none\"\nretry = {{ initial = \"100ms\", factor = 1, max = \"100ms\", attempts = 1000 }}\n\
             [actions.w{number}.options]\nurl = \"http://{}/hook\"\nallow_private = true\n",
            one.address
        );
    }
    // A handler of its own has them, beside the one with the file.
    let command = crate::oracle::TOPIC;
    let names = names.join(", ");
    let handler = format!(
        "[handlers.hooks]\nplugin = \"forward\"\ncommands = [\"{command}\"]\nactions = [{names}]\n"
    );
    Config { more: handler + &more, ..Config::file_only() }
}

/// When each event was sent.
#[derive(Default)]
struct Sent(Mutex<HashMap<u64, Instant>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Good,
    Hung,
    Failing,
    Slow,
}

/// A target that knows how long each event took to reach it.
struct Webhook {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    manner: Manner,
    sent: Arc<Sent>,
    times: Mutex<Times>,
    /// Connections at the same time, now and at most.
    open: AtomicU64,
    most: AtomicU64,
    closed: AtomicBool,
}

impl Webhook {
    fn start(manner: Manner, sent: &Arc<Sent>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            manner,
            sent: sent.clone(),
            times: Mutex::default(),
            open: AtomicU64::new(0),
            most: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        });
        let keep = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if keep.closed.load(Ordering::Relaxed) {
                    return;
                }
                let shared = keep.clone();
                thread::spawn(move || shared.count_and_serve(stream));
            }
        });
        Ok(Self { address, shared })
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts; it may be gone already.
        _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn count_and_serve(&self, stream: TcpStream) {
        let now = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        // A connection ends with an error when the server is killed.
        _ = self.serve(stream);
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(head) = wire::read_head(&mut reader, &mut 0)? {
            let body = wire::read_body(&mut reader, &head)?;
            let now = Instant::now();
            if let Some(number) = crate::oracle::number_in(&body) {
                let sent = lock(&self.sent.0).get(&number).copied();
                let took = sent.map_or(Duration::ZERO, |sent| now.saturating_duration_since(sent));
                lock(&self.times).add(took);
            }
            let status = match self.manner {
                Manner::Good => 200,
                Manner::Failing => 500,
                Manner::Slow => {
                    thread::sleep(SLOW);
                    200
                }
                Manner::Hung => {
                    _ = io::Read::read(&mut stream, &mut [0])?; // until the server gives up
                    return Ok(());
                }
            };
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nhi")?;
        }
        Ok(())
    }
}
