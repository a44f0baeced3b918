use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use jiff::Timestamp;
use switchhook_api::journal::{ConsumerId, ConsumerSpec, JournalAdmin as _, Ordering, Start};
use switchhook_api::{Refusal, RefusalKind};
use switchhook_testkit::{MemoryJournal, TestClock, entry};
use tower_service::Service;

use super::*;
use crate::targets::NoTargets;

/// Every address that changes something.
const ORDERS: [&str; 8] = [
    Retry::PATH,
    Drop::PATH,
    Replay::PATH,
    Pause::PATH,
    Prune::PATH,
    Forget::PATH,
    Verify::PATH,
    Backup::PATH,
];

fn admin() -> (Arc<Admin>, MemoryJournal) {
    let journal = MemoryJournal::new(Arc::new(TestClock::default()));
    let (metrics, draining) = (Arc::new(Metrics::default()), AtomicBool::new(false));
    (
        Arc::new(Admin {
            journal: Arc::new(journal.clone()),
            metrics,
            targets: Arc::new(NoTargets),
            orphan_retention: Some(std::time::Duration::from_hours(1)),
            draining,
        }),
        journal,
    )
}

struct Answer {
    status: u16,
    retry_after: bool,
    allow: Option<String>,
    body: serde_json::Value,
}

async fn ask(routes: &Routes, method: Method, path: &str, body: Result<&str, Refusal>) -> Answer {
    let arrival = IncomingRequest {
        method: method.clone(),
        uri: path.parse().expect("a path"),
        headers: http::HeaderMap::new(),
        body: body.map(|text| Bytes::copy_from_slice(text.as_bytes())),
        received: Timestamp::UNIX_EPOCH,
        whole: tokio::time::Instant::now(),
        begun: tokio::time::Instant::now(),
        peer: None,
    };
    let mut request = Request::new(Full::<Bytes>::default());
    *request.method_mut() = method;
    *request.uri_mut() = arrival.uri.clone();
    request.extensions_mut().insert(Arc::new(arrival));
    let answer = warp::service(routes.clone()).call(request).await.expect("an answer");
    let (head, body) = answer.into_parts();
    let body = body.collect().await.expect("whole").to_bytes();
    let allow = head.headers.get("allow").map(|value| value.to_str().expect("text").to_owned());
    Answer {
        status: head.status.as_u16(),
        retry_after: head.headers.contains_key("retry-after"),
        allow,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

async fn post(routes: &Routes, path: &str, body: &str) -> Answer {
    ask(routes, Method::POST, path, Ok(body)).await
}

#[tokio::test]
async fn the_address_takes_no_orders() {
    let (admin, _) = admin();
    let routes = routes(&admin);
    for path in ORDERS {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = ask(&routes, method.clone(), path, Ok("{}")).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.allow.as_deref(), Some("GET, HEAD"));
        }
        assert_eq!(ask(&routes, Method::GET, path, Ok("")).await.status, 404, "{path}");
    }
    assert_eq!(ask(&routes, Method::GET, "/api/v1/consumers", Ok("")).await.status, 200);
    let former = ask(&routes, Method::GET, "/api/v1/lanes", Ok("")).await;
    assert_eq!(former.status, 410);
    assert_eq!(former.body["detail"], "renamed; ask /api/v1/consumers");
}

#[tokio::test]
async fn the_socket_takes_orders_by_post_alone_and_still_answers_questions() {
    let (admin, _) = admin();
    let routes = socket_routes(&admin);
    for path in ORDERS {
        let answer = ask(&routes, Method::GET, path, Ok("")).await;
        assert_eq!((answer.status, answer.allow.as_deref()), (405, Some("POST")), "{path}");
        let answer = post(&routes, path, "no JSON").await;
        assert_eq!(answer.status, 400, "{path}");
        let answer = post(&routes, path, r#"{"surplus":1}"#).await;
        assert_eq!(answer.status, 400, "{path}: a misspelt key must not be passed over");
    }
    assert_eq!(ask(&routes, Method::GET, "/api/v1/consumers", Ok("")).await.status, 200);
    assert_eq!(post(&routes, "/api/v1/consumers", "{}").await.status, 405);
    assert_eq!(ask(&routes, Method::GET, "/nowhere", Ok("")).await.status, 404);
}

#[tokio::test]
async fn a_body_that_was_not_read_is_refused_as_what_it_is() {
    let (admin, _) = admin();
    let routes = socket_routes(&admin);
    let refusal = Refusal::new(RefusalKind::TooLarge, "body_size");
    let answer = ask(&routes, Method::POST, Retry::PATH, Err(refusal)).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn each_kind_of_no_has_its_own_status() {
    let (admin, journal) = admin();
    let routes = socket_routes(&admin);
    let answer = post(&routes, Pause::PATH, r#"{"action":"crm","paused":true}"#).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.body["detail"], "there is no action `crm`");
    assert_eq!((&answer.body["status"], &answer.body["title"]), (&409.into(), &"Conflict".into()));
    let unable = answer::error_response(&switchhook_api::journal::JournalError::Unsupported("fly"));
    assert_eq!(unable.status(), 501);
    let relative = post(&routes, Backup::PATH, r#"{"path":"here"}"#).await;
    assert_eq!(relative.status, 409);
    let numbers: Vec<u64> = (0..=1000).collect();
    let many = serde_json::json!({ "numbers": numbers }).to_string();
    assert_eq!(post(&routes, Retry::PATH, &many).await.status, 409);
    journal.set_health(switchhook_api::journal::Health::Failed("gone".to_owned()));
    let answer = post(&routes, Drop::PATH, r#"{"numbers":[1]}"#).await;
    assert_eq!((answer.status, answer.retry_after), (503, false));
}

#[tokio::test]
async fn an_overloaded_lane_says_when_to_come_again() {
    let (admin, journal) = admin();
    let lane = |id| ConsumerSpec {
        id,
        start: Start::Beginning,
        commands: vec!["*".parse().expect("a pattern")],
        ordering: Ordering::None,
        enabled: true,
    };
    let lanes = [lane(ConsumerId::projection("h")), lane(ConsumerId::subscription("h", "a"))];
    journal.attach(&lanes).await.expect("attached");
    journal.append(vec![entry("A.B", "", "{}")]).await.expect("kept");
    handle_one(&journal).await;
    let routes = socket_routes(&admin);
    let order = r#"{"consumer":"h>a","positions":[1]}"#;
    for _ in 0..switchhook_api::journal::REPLAYS_OPEN_MAX {
        assert_eq!(post(&routes, Replay::PATH, order).await.body["queued"], 1);
    }
    let answer = post(&routes, Replay::PATH, order).await;
    assert_eq!((answer.status, answer.retry_after), (503, true));
}

#[tokio::test]
async fn what_is_not_served_is_remarked_on_with_what_can_be_done() {
    let (admin, journal) = admin();
    let lane = |name: &str, enabled| ConsumerSpec {
        id: name.parse().expect("a name"),
        start: Start::Beginning,
        commands: vec!["*".parse().expect("a pattern")],
        ordering: Ordering::None,
        enabled,
    };
    let remarks = async || {
        let answer = ask(&routes(&admin), Method::GET, "/readyz", Ok("")).await;
        assert_eq!(answer.status, 200);
        let remarks = answer.body["warnings"].as_array().expect("a list").clone();
        remarks.iter().map(|one| one.as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let all = [lane("h", true), lane("h>a", true), lane("h>b", true)];
    journal.attach(&all).await.expect("attached");
    journal.attach(&[lane("h", true), lane("h>a", false)]).await.expect("attached");
    let left = "consumer h>b: orphaned since 2026-01-01T00:00:00Z: 0 callbacks not yet read, \
                0 pending deliveries and 0 dead letters will be deleted at 2026-01-01T01:00:00Z; add it to the configuration again \
                under that name, or delete it with `switchhook journal prune --consumer 'h>b'`";
    assert_eq!(remarks().await, [left], "what is disabled and has nothing to do is left out");
    journal.append(vec![entry("A.B", "", "{}"), entry("A.B", "", "{}")]).await.expect("kept");
    let off = "consumer h>a is disabled: the journal keeps 2 callbacks not yet read and 0 pending deliveries for it, \
               whatever their age";
    assert!(remarks().await.iter().any(|one| one == off), "{:?}", remarks().await);
    journal.attach(&[lane("h", true), lane("h>a", true)]).await.expect("attached");
    journal.pause("a", true).await.expect("paused");
    assert!(remarks().await.iter().any(|one| one == "consumer h>a is paused"));
}

async fn handle_one(journal: &MemoryJournal) {
    use switchhook_api::journal::{Disposition, LeaseRequest, Settlement, Work};
    let want = LeaseRequest {
        limit: 1,
        term: std::time::Duration::from_mins(1),
        whole_keys: true,
        retries: 1,
    };
    let lease = journal.lease(&ConsumerId::projection("h"), &want).await.expect("leased");
    let Work::Callback(callback) = &lease.items[0].work else { panic!("a callback") };
    let fate = Disposition::Recorded(Some(switchhook_api::NewRecord::of(callback)));
    let (lane, token) = (lease.lane, lease.token);
    let fates = vec![(lease.items[0].position, fate)];
    let state = switchhook_api::StateChanges::new();
    journal.settle(Settlement { lane, token, fates, state }).await.expect("settled");
}

#[tokio::test]
async fn what_the_journal_has_counted_is_in_the_metrics() {
    let (admin, journal) = admin();
    journal.set_losses(2, 3);
    let body = admin.metrics().into_body().collect().await.expect("whole").to_bytes();
    let text = std::str::from_utf8(&body).expect("text");
    for line in ["switchhook_journal_damaged 2", "switchhook_appends_dropped_total 3"] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
}
