//! What a sender hears when its callback cannot be kept.

mod endings;
mod paths;

use std::net::SocketAddr;

use switchhook_api::journal::{EventQuery, Journal as _};
use switchhook_api::{Rng, Source};
use switchhook_testkit::{MemoryJournal, TestClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::intake::{MountPolicy, Policy, WhenUnavailable};
use crate::listener::{Limits, Listener, Serving, bind, serve};
use crate::metrics::Metrics;
use crate::router::Router;
use crate::test_plugins::Wire;

const CALL: &[u8] =
    b"POST / HTTP/1.1\r\nhost: t\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";

/// A listener over a journal that keeps nothing any more.
async fn unavailable(when: WhenUnavailable, connections: usize) -> (SocketAddr, Arc<Metrics>) {
    let clock = Arc::new(TestClock::default());
    let journal = Arc::new(MemoryJournal::new(clock.clone()));
    journal.shutdown().await;
    let metrics = Arc::new(Metrics::default());
    let intake = intake(journal, when, connections, &metrics);
    let routes = routes(&Arc::new(intake), vec![mounted("/", Arc::new(Wire))]);
    let socket = bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let address = socket.local_addr().expect("bound");
    let serving = Serving {
        routes,
        limits: Limits { connections, ..Limits::default() },
        drain: Duration::ZERO,
        clock,
        metrics: metrics.clone(),
        log: Arc::default(),
    };
    tokio::spawn(serve(Listener::Tcp(socket), serving, CancellationToken::new()));
    (address, metrics)
}

fn intake(
    journal: Arc<MemoryJournal>,
    when_unavailable: WhenUnavailable,
    connections: usize,
    metrics: &Arc<Metrics>,
) -> Intake {
    let persist_timeout = Duration::from_millis(1500);
    let policy = Policy { persist_timeout, when_unavailable, connections };
    let (router, rng) = (Router::new(Vec::new(), []), Arc::new(Rng::seeded(1)));
    Intake::new(journal, router, Vec::new(), policy, rng, metrics.clone())
}

fn mounted(path: &str, source: Arc<dyn Source>) -> MountedSource {
    let policy = MountPolicy { path: path.to_owned(), ..MountPolicy::default() };
    MountedSource::new("wire".into(), &policy, source)
}

async fn call(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(CALL).await.expect("sent");
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("closed in order");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_blocks_its_thread_does_not_hold_the_end() {
    let (arrived, comes) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Arc::new(std::sync::Mutex::new(released));
    let blocking = move || {
        arrived.send(()).expect("somebody waits");
        _ = released.lock().expect("whole").recv();
        warp::reply::Response::default()
    };
    let socket = bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let address = socket.local_addr().expect("bound");
    let (clock, metrics) = (Arc::new(TestClock::default()), Arc::default());
    let (routes, drain) = (warp::any().map(blocking).boxed(), Duration::from_millis(10));
    let (limits, log) = (Limits::default(), Arc::default());
    let serving = Serving { routes, limits, drain, clock, metrics, log };
    let stop = CancellationToken::new();
    let ended = tokio::spawn(serve(Listener::Tcp(socket), serving, stop.clone()));
    let _call = call(address).await;
    tokio::task::spawn_blocking(move || comes.recv()).await.expect("ran").expect("arrived");
    stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
    release.send(()).expect("it still waits");
    assert_eq!(ended.expect("in time").expect("no panic"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_pauses_for_nearly_as_long_as_its_sender_waits_is_kept_and_answered_so() {
    let clock = Arc::new(TestClock::default());
    let journal = Arc::new(MemoryJournal::new(clock.clone()));
    journal.set_commit_time(Duration::from_millis(5));
    let metrics = Arc::new(Metrics::default());
    let intake = intake(journal.clone(), WhenUnavailable::Refuse, 1024, &metrics);
    let routes = routes(&Arc::new(intake), vec![mounted("/", Arc::new(Wire))]);
    let socket = bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let address = socket.local_addr().expect("bound");
    let serving = Serving {
        routes,
        limits: Limits::default(),
        drain: Duration::ZERO,
        clock,
        metrics,
        log: Arc::default(),
    };
    tokio::spawn(serve(Listener::Tcp(socket), serving, CancellationToken::new()));
    let (most, rest) = CALL.split_at(CALL.len() - 1);
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(most).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(1800)).await;
    stream.write_all(rest).await.expect("sent");
    let answer = answer(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(
        journal
            .events(&EventQuery { limit: 9, ..EventQuery::default() })
            .await
            .expect("read")
            .items
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_cannot_be_kept_is_refused_at_once() {
    let (address, _) = unavailable(WhenUnavailable::Refuse, 4).await;
    let began = Instant::now();
    let answer = answer(call(address).await).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_repeats_only_after_silence_gets_silence_until_it_has_given_up() {
    let (address, _) = unavailable(WhenUnavailable::Stall, 4).await;
    let began = Instant::now();
    assert_eq!(answer(call(address).await).await, "");
    let waits = Wire.reply_timeout(switchhook_api::Phase::After);
    assert!(began.elapsed() > waits, "{:?}", began.elapsed());
    assert!(began.elapsed() < 2 * waits, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn silence_leaves_half_of_the_connections_to_others() {
    let (address, metrics) = unavailable(WhenUnavailable::Stall, 4).await;
    let calls = [call(address).await, call(address).await, call(address).await];
    let mut answers = Vec::new();
    for call in calls {
        answers.push(answer(call).await);
    }
    let refused = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 503")).count();
    let silent = answers.iter().filter(|answer| answer.is_empty()).count();
    assert_eq!((refused, silent), (1, 2), "{answers:?}");
    assert!(metrics.text().contains("limit_hits_total{limit=\"stalled\"} 1"));
}
