//! Which source gets a call, and what it hears of the path.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use jiff::Timestamp;
use switchhook_api::{
    Callback, CommandSpec, ComposeError, Expressed, Map, NotPermitted, Opened, Outcome, RawRequest,
    Refusal, Source, Verdict,
};
use tower_service::Service as _;

use super::*;

/// Answers with its name and what it heard of the path.
struct Echo {
    name: &'static str,
    below: bool,
}

impl Source for Echo {
    fn open(&self, request: &RawRequest<'_>) -> Result<Opened, Refusal> {
        let heard = format!("{}:{}", self.name, request.below);
        Ok(Opened::Handshake(Response::new(heard.into())))
    }

    fn express(&self, _: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
        Ok(Expressed::exact(verdict))
    }

    fn reply(&self, _: &[Callback], _: &Outcome) -> Response<Bytes> {
        Response::default()
    }

    fn refuse(&self, _: &Refusal) -> Response<Bytes> {
        Response::default()
    }

    fn catalogue(&self) -> &[CommandSpec] {
        &[]
    }

    fn compose(&self, _: &str, _: &Map, _: Timestamp) -> Result<Request<Bytes>, ComposeError> {
        Err(ComposeError(String::new()))
    }

    fn authenticates(&self) -> bool {
        true
    }

    fn owns_subpaths(&self) -> bool {
        self.below
    }
}

/// The source that gets a call to a path and what it hears; `404` where nobody does. A star behind a path stands for all below it.
async fn call(paths: &[&'static str], called: &str) -> String {
    let mount = |path: &&'static str| {
        let (own, below) = path.strip_suffix('*').map_or((*path, false), |own| (own, true));
        mounted(own, Arc::new(Echo { name: path, below }))
    };
    let clock = Arc::new(TestClock::default());
    let (journal, metrics) = (MemoryJournal::new(clock.clone()), Arc::default());
    let intake = intake(Arc::new(journal), WhenUnavailable::Refuse, 1024, &metrics);
    let routes = routes(&Arc::new(intake), paths.iter().map(mount).collect());
    let arrival = IncomingRequest {
        method: http::Method::POST,
        uri: called.parse().expect("a path"),
        headers: http::HeaderMap::new(),
        body: Ok(Bytes::new()),
        received: Timestamp::UNIX_EPOCH,
        whole: tokio::time::Instant::now(),
        begun: Instant::now(),
        peer: Some(([203, 0, 113, 9], 4711).into()),
    };
    let mut request = Request::post(called).body(Full::<Bytes>::default()).expect("a request");
    request.extensions_mut().insert(Arc::new(arrival));
    let answer = warp::service(routes).call(request).await.expect("it cannot fail");
    if answer.status() == StatusCode::NOT_FOUND {
        return "404".to_owned();
    }
    let body = http_body_util::BodyExt::collect(answer.into_body()).await.expect("a body");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

#[tokio::test]
async fn a_source_has_its_own_path_and_no_other() {
    assert_eq!(call(&["/a/b"], "/a/b?x=y").await, "/a/b:");
    assert_eq!(call(&["/"], "/").await, "/:");
    for called in ["/a/b/", "//a/b", "/a//b", "///a///b///"] {
        assert_eq!(call(&["/a/b"], called).await, "/a/b:", "{called}");
    }
    for called in ["/", "/a", "/a/b/c", "/a/bc", "/A/b", "/a/%62"] {
        assert_eq!(call(&["/a/b"], called).await, "404", "{called}");
    }
}

#[tokio::test]
async fn a_source_that_wants_them_has_the_paths_below_its_own() {
    for (called, heard) in [
        ("/a", ""),
        ("/a/", ""),
        ("/a/room.made", "room.made"),
        ("/a/x/y?z=/w", "x/y"),
        ("/a/%2e%2E/x", "%2e%2E/x"),
        ("/a//x", "x"),
        ("/a/x/", "x"),
        ("//a///x//y///", "x/y"),
    ] {
        assert_eq!(call(&["/a*"], called).await, format!("/a*:{heard}"), "{called}");
    }
    assert_eq!(call(&["/a/*"], "/a/x").await, "/a/*:x");
    assert_eq!(call(&["/a/*"], "/a//x").await, "/a/*:x");
    assert_eq!(call(&["/*"], "/x").await, "/*:x");
    for called in ["/", "/ab", "/ab/c", "/b/a"] {
        assert_eq!(call(&["/a*"], called).await, "404", "{called}");
    }
}

#[tokio::test]
async fn of_overlapping_paths_the_longest_gets_the_call() {
    let mut paths = ["/*", "/a*", "/a/b", "/a/b/c*"];
    for _ in 0..paths.len() {
        for (called, heard) in [
            ("/x", "/*:x"),
            ("/a", "/a*:"),
            ("/a/x", "/a*:x"),
            ("/a/b", "/a/b:"),
            ("/a/b/x", "/a*:b/x"),
            ("/a/b/c/d", "/a/b/c*:d"),
        ] {
            assert_eq!(call(&paths, called).await, heard, "{paths:?} {called}");
        }
        paths.rotate_left(1);
    }
}
