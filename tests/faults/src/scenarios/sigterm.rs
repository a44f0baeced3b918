//! R21: told to stop under load, it answers what it has read, ends soon, and loses nothing.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::Setting;
use crate::load::{Load, Plan};
use crate::oracle::{Oracle, Sink};
use crate::report::{Findings, Stop, Time};
use crate::server::{Config, Folder};
use crate::target::Target;
use crate::wire::Connection;

const SENDERS: usize = 16;
/// Senders whose request is half sent when the server is told to stop.
const HALVES: usize = 4;
/// The default of `server.shutdown_timeout`.
const EXIT_MAX: Duration = Duration::from_secs(8);
const EXIT_P50: Duration = Duration::from_secs(1);
/// After the stop, senders with half a request send the rest.
const REST_AFTER: Duration = Duration::from_millis(150);

#[derive(Default)]
struct Sums {
    exits: Vec<Duration>,
    wrong_exits: u64,
    /// Requests without an answer, by number.
    unanswered: Vec<u64>,
    /// Answers that broke off in the middle.
    torn: u64,
    half_sent_unanswered: u64,
    refused: u64,
}

pub(crate) fn run(setting: &Setting, findings: &mut Findings) -> Result<(), Stop> {
    let mut rng = setting.rng();
    let oracle = Oracle::new(setting.seed);
    let (file, hook) = (Sink::new("file", &oracle), Sink::new("webhook", &oracle));
    let target = Target::start(&hook)?;
    let folder = Folder::new(setting, &Config::both(target.address))?;
    let (stops, mut sums) = (setting.pick(10, 100), Sums::default());
    for _ in 0..stops {
        let under_load = Duration::from_millis(rng.u64(150..setting.pick(300, 1500)));
        stop(&folder, &oracle, setting, under_load, &mut sums)?;
    }
    let server = folder.start()?;
    server.lanes_settled()?;
    server.stop()?;
    file.deliver_file(&folder.path("out/events.jsonl"))?;
    sums.exits.sort();
    findings.note("stops", stops);
    findings.note("acknowledged", oracle.acknowledged());
    findings.at_most("exits not 0", sums.wrong_exits, 0);
    let slowest = sums.exits.last().copied().unwrap_or_default();
    let middle = sums.exits.get(sums.exits.len() / 2).copied().unwrap_or_default();
    findings.at_most("slowest exit", Time(slowest), Time(EXIT_MAX));
    findings.at_most("exit p50", Time(middle), Time(EXIT_P50));
    findings.note("refused", sums.refused);
    findings.note("closed unread", sums.unanswered.len());
    // What was kept had been read, so it had to be answered.
    let kept = sums.unanswered.iter().filter(|number| file.has(**number)).count();
    findings.at_most("kept without an answer", kept, 0);
    findings.at_most("answers torn", sums.torn, 0);
    findings.at_most("half sent without an answer", sums.half_sent_unanswered, 0);
    oracle.judge(&file, 0, findings);
    oracle.judge(&hook, 0, findings);
    Ok(())
}

fn stop(
    folder: &Folder,
    oracle: &std::sync::Arc<Oracle>,
    setting: &Setting,
    under_load: Duration,
    sums: &mut Sums,
) -> Result<(), Stop> {
    let mut server = folder.start()?;
    let load = Load::start(oracle, Plan { senders: SENDERS, rate: setting.rate });
    load.point_at(server.address);
    let address = server.address;
    let status = thread::scope(|scope| {
        let halves: Vec<_> = (0..HALVES)
            .map(|_| scope.spawn(move || send_in_halves(oracle, address, under_load + REST_AFTER)))
            .collect();
        thread::sleep(under_load);
        let told = Instant::now();
        server.signal("TERM")?;
        let status = server.wait()?;
        sums.exits.push(told.elapsed());
        for half in halves {
            sums.half_sent_unanswered += u64::from(!half.join().expect("a sender panicked"));
        }
        Ok::<_, Stop>(status)
    })?;
    sums.wrong_exits += u64::from(!status.success());
    let tally = load.stop();
    sums.refused += tally
        .answers
        .iter()
        .filter(|(status, _)| **status != 200)
        .map(|(_, times)| times.count())
        .sum::<u64>();
    sums.torn += tally.breaks.iter().filter(|one| one.broken.got > 0).count() as u64;
    sums.unanswered.extend(tally.breaks.iter().map(|one| one.number));
    Ok(())
}

/// Sends the head and half of the body, and the rest later. Whether it was answered: where the rest came late, with a refusal, for
/// a sender's time is counted from its head.
fn send_in_halves(oracle: &Oracle, address: SocketAddr, pause: Duration) -> bool {
    let number = oracle.next();
    let request = oracle.request(number);
    let (first, rest) = request.split_at(request.len() - 20);
    let Ok(mut connection) = Connection::open(address) else { return false };
    if connection.send(first).is_err() {
        return false;
    }
    thread::sleep(pause);
    let Ok(reply) = connection.exchange(rest) else { return false };
    if reply.status == 200 {
        oracle.acknowledge(number);
    }
    true
}
