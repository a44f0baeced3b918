//! The same over HTTP/2, where one connection carries everything.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use switchhook_api::Action;
use switchhook_testkit::TestClock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::{options, record};
use crate::actions::webhook::connections::{Connections, builder};
use crate::actions::webhook::{Webhook, guard};

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// A target that speaks HTTP/2 and breaks the connection under each request whose number `breaks` holds.
struct Target {
    address: SocketAddr,
    seen: Arc<Seen>,
}

impl Target {
    async fn start(breaks: fn(usize) -> bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, seen) = (listener.local_addr().expect("bound"), Arc::new(Seen::default()));
        let keep = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, seen.clone(), breaks));
            }
        });
        Self { address, seen: keep }
    }

    fn seen(&self) -> (usize, usize) {
        let Seen { connections, requests } = &*self.seen;
        (connections.load(Ordering::SeqCst), requests.load(Ordering::SeqCst))
    }
}

async fn serve(stream: TcpStream, seen: Arc<Seen>, breaks: fn(usize) -> bool) {
    let end = Arc::new(Notify::new());
    let broken = end.clone();
    let service = service_fn(move |_: Request<Incoming>| {
        let (seen, end) = (seen.clone(), end.clone());
        async move {
            if breaks(seen.requests.fetch_add(1, Ordering::SeqCst) + 1) {
                end.notify_one();
                pending::<()>().await;
            }
            Ok::<_, Infallible>(Response::new(String::new()))
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new());
    tokio::select! {
        _ = connection.serve_connection(TokioIo::new(stream), service) => {}
        () = broken.notified() => {}
    }
}

fn relay_to(target: &Target, clock: &Arc<TestClock>) -> Webhook {
    let toml = format!("url = \"http://{}/\"\nallow_private = true", target.address);
    let options = options(&toml).unwrap_or_else(|all| panic!("{all:?}"));
    let (mut cx, url) =
        (switchhook_testkit::build_context("crm", "/nowhere"), options.url.0.clone());
    cx.clock = clock.clone();
    let resolver = Arc::new(guard::Resolver { allow_private: true });
    let builder = move || builder(resolver.clone(), &url).http2_prior_knowledge();
    let age = options.connection_max_age.0;
    let connections = Connections::new(builder, age, clock.clone()).expect("built");
    Webhook::over(connections, options, &cx).expect("built")
}

#[tokio::test]
async fn a_connection_is_replaced_at_its_age() {
    let (target, clock) = (Target::start(|_| false).await, Arc::default());
    let action = relay_to(&target, &clock);
    for _ in 0..1250 {
        action.deliver(&record()).await.expect("delivered");
        clock.advance(Duration::from_millis(100));
    }
    assert_eq!(target.seen(), (3, 1250), "a minute each");
}

#[tokio::test]
async fn a_relay_that_crosses_the_end_of_a_reused_connection_is_sent_again_at_once() {
    let (target, clock) = (Target::start(|n| n % 3 == 2).await, Arc::default());
    let action = relay_to(&target, &clock);
    for n in 0..100 {
        let result = action.deliver(&record()).await;
        assert!(result.is_ok(), "{n}: {result:?}");
    }
    assert_eq!(target.seen().1, 150);
    let (target, clock) = (Target::start(|_| true).await, Arc::default());
    let action = relay_to(&target, &clock);
    for n in 1..5 {
        assert!(action.deliver(&record()).await.is_err());
        assert_eq!(target.seen().1, n, "a fresh connection is no reason to send again");
    }
}
