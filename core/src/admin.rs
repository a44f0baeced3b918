//! The admin listener: health, metrics and history, on an address of its own and on the socket in the journal's folder.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::value::RawValue;
use warp::filters::BoxedFilter;
use warp::{Filter, Reply};

use crate::delivery::Gate;
use crate::facts::Facts;
use crate::journal::{
    DeadLetter, DeadLetterQuery, EventQuery, Health, Journal, JournalError, LaneStatus, StoredEvent,
};
use crate::metrics::Metrics;
use crate::server::exact;

/// What the admin listener tells of.
pub(crate) struct Admin {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) metrics: Arc<Metrics>,
    /// Those of the actions.
    pub(crate) gates: Vec<Arc<Gate>>,
    pub(crate) draining: AtomicBool,
}

/// A disk that hangs keeps nobody from being told so.
const LANES_PATIENCE: Duration = Duration::from_secs(1);
/// Events that one page may have.
pub(crate) const PAGE_MAX: usize = 1000;

/// One event as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct EventView<'a> {
    position: u64,
    #[serde(flatten)]
    facts: &'a Facts,
    /// The body as it came, if it is JSON; else as text.
    body: &'a RawValue,
}

#[derive(Serialize)]
struct PageView<'a, T> {
    items: &'a [T],
    next: Option<u64>,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<String>,
    remarks: Vec<String>,
}

/// All routes.
pub(crate) fn routes(admin: &Arc<Admin>) -> BoxedFilter<(warp::reply::Response,)> {
    let livez = route(admin, "/livez", |_, _| async { text(StatusCode::OK, "ok\n") });
    let readyz = route(admin, "/readyz", |admin, _| async move { admin.readyz().await });
    let metrics = route(admin, "/metrics", |admin, _| async move { admin.metrics() });
    let events =
        route(admin, "/api/v1/events", |admin, query| async move { admin.events(&query).await });
    let lanes = route(admin, "/api/v1/lanes", |admin, _| async move { admin.lanes().await });
    let dead = route(admin, "/api/v1/dead-letters", |admin, query| async move {
        admin.dead_letters(&query).await
    });
    let lost = warp::any().map(|| problem(StatusCode::NOT_FOUND, "there is nothing here"));
    let method = warp::any().and(warp::method()).and_then(|method: http::Method| async move {
        if matches!(method, http::Method::GET | http::Method::HEAD) {
            return Err(warp::reject());
        }
        let mut refusal = problem(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD");
        refusal.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        Ok(refusal)
    });
    method
        .or(livez)
        .unify()
        .or(readyz)
        .unify()
        .or(metrics)
        .unify()
        .or(events)
        .unify()
        .or(lanes)
        .unify()
        .or(dead)
        .unify()
        .or(lost)
        .unify()
        .boxed()
}

type Query = HashMap<String, String>;

fn route<F, Fut>(admin: &Arc<Admin>, path: &str, answer: F) -> BoxedFilter<(warp::reply::Response,)>
where
    F: Fn(Arc<Admin>, Query) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = warp::reply::Response> + Send + 'static,
{
    let admin = admin.clone();
    exact(path).and(warp::query::<Query>()).then(move |query| answer(admin.clone(), query)).boxed()
}

impl Admin {
    async fn readyz(&self) -> warp::reply::Response {
        let mut reasons = Vec::new();
        if self.draining.load(Ordering::Relaxed) {
            reasons.push("stopping: no new callbacks are taken".to_owned());
        }
        if let Health::Unavailable(why) | Health::Failed(why) = self.journal.health() {
            reasons.push(format!("journal: {why}"));
        }
        let lanes = tokio::time::timeout(LANES_PATIENCE, self.journal.lanes()).await;
        let mut remarks: Vec<String> = match lanes {
            Ok(Ok(lanes)) => lanes
                .iter()
                .filter(|lane| lane.detached)
                .map(|lane| format!("lane {} is no longer configured but kept", lane.lane))
                .collect(),
            Ok(Err(_)) | Err(_) => vec!["the lanes cannot be read just now".to_owned()],
        };
        remarks.extend(self.gates.iter().filter_map(|gate| gate.remark()));
        remarks.sort();
        let status =
            if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        json(status, &Readiness { ready: reasons.is_empty(), reasons, remarks })
    }

    fn metrics(&self) -> warp::reply::Response {
        self.metrics.take_in(&*self.journal);
        let response = Response::builder()
            .header(
                header::CONTENT_TYPE,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )
            .body(self.metrics.text());
        response.map_or_else(
            |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Reply::into_response,
        )
    }

    async fn events(&self, query: &Query) -> warp::reply::Response {
        let query = match event_query(query) {
            Ok(query) => query,
            Err(message) => return problem(StatusCode::BAD_REQUEST, &message),
        };
        match self.journal.events(&query).await {
            Ok(page) => with_views(&page.items, |views| {
                json(
                    StatusCode::OK,
                    &PageView { items: views, next: page.next.map(|position| position.0) },
                )
            }),
            Err(error) => unreadable(&error),
        }
    }

    async fn lanes(&self) -> warp::reply::Response {
        match self.journal.lanes().await {
            Ok(items) => {
                json(StatusCode::OK, &PageView::<LaneStatus> { items: &items, next: None })
            }
            Err(error) => unreadable(&error),
        }
    }

    async fn dead_letters(&self, query: &Query) -> warp::reply::Response {
        let lane = query.get("lane").and_then(|text| text.parse().ok());
        let query = DeadLetterQuery { limit: PAGE_MAX, lane, ..DeadLetterQuery::default() };
        match self.journal.dead_letters(&query).await {
            Ok(page) => {
                json(StatusCode::OK, &PageView::<DeadLetter> { items: &page.items, next: None })
            }
            Err(error) => unreadable(&error),
        }
    }
}

/// Reads `limit`, `before` and `command` (a pattern).
pub(crate) fn event_query(query: &Query) -> Result<EventQuery, String> {
    let mut wanted = EventQuery { limit: 20, ..EventQuery::default() };
    for (name, value) in query {
        match name.as_str() {
            "limit" => {
                let limit = value.parse().ok().filter(|n| (1..=PAGE_MAX).contains(n));
                wanted.limit = limit.ok_or_else(|| format!("limit: expected 1 to {PAGE_MAX}"))?;
            }
            "before" => {
                wanted.before =
                    Some(value.parse().map_err(|_| "before: expected a position".to_owned())?);
            }
            "command" => wanted.commands = vec![value.parse()?],
            _ => return Err("known parameters: limit, before, command".to_owned()),
        }
    }
    Ok(wanted)
}

/// Events as the API and the command line show them.
pub(crate) fn with_views<T>(events: &[StoredEvent], show: impl FnOnce(&[EventView<'_>]) -> T) -> T {
    let quoted: Vec<Option<Box<RawValue>>> =
        events.iter().map(|event| raw_or_text(&event.body)).collect();
    let views: Vec<EventView<'_>> = events
        .iter()
        .zip(&quoted)
        .map(|(event, quoted)| EventView {
            position: event.position.0,
            facts: &event.facts,
            body: quoted.as_deref().unwrap_or(RawValue::NULL),
        })
        .collect();
    show(&views)
}

fn raw_or_text(body: &[u8]) -> Option<Box<RawValue>> {
    serde_json::from_slice(body)
        .or_else(|_| serde_json::value::to_raw_value(&String::from_utf8_lossy(body)))
        .ok()
}

fn unreadable(error: &JournalError) -> warp::reply::Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, &crate::error_line(error))
}

/// A refusal by RFC 9457.
fn problem(status: StatusCode, detail: &str) -> warp::reply::Response {
    let title = status.canonical_reason().unwrap_or("error");
    let body = serde_json::json!({ "title": title, "status": status.as_u16(), "detail": detail });
    respond(status, "application/problem+json", body.to_string())
}

fn json(status: StatusCode, body: &impl Serialize) -> warp::reply::Response {
    match serde_json::to_string(body) {
        Ok(body) => respond(status, "application/json", body),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn text(status: StatusCode, body: &'static str) -> warp::reply::Response {
    respond(status, "text/plain; charset=utf-8", body.to_owned())
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> warp::reply::Response {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind).body(body);
    response
        .map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), Reply::into_response)
}
