//! The admin listener: health, metrics and history, on an address of its own and on the socket in the journal's folder. Only
//! the socket, which is this user's alone, takes orders: no page in a browser and no other user can give one.

mod answer;
mod health;
mod history;
mod lanes;
mod orders;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use http::{Method, StatusCode};
use switchhook_api::journal::Journal;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use self::answer::{outcome, problem, text, wrong_method};
use self::history::Query;
pub use self::history::{PAGE_MAX, dead_letter_target, event_target, with_views};
pub use self::lanes::{ConsumerView, left, waiting};
pub use self::orders::{
    AdminCommand, Backup, COMMAND_ITEMS_MAX, Drop, Forget, Pause, PauseResult, Prune, Replay,
    Retry, Verify,
};
use crate::listener::IncomingRequest;
use crate::metrics::Metrics;
use crate::server::exact;
use crate::targets::Targets;

/// What the admin listener tells of.
pub struct Admin {
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Those of the actions.
    pub targets: Arc<dyn Targets>,
    /// For how long a lane is kept that left the configuration.
    pub orphan_retention: Option<Duration>,
    /// Whether the server is on its way to its end.
    pub draining: AtomicBool,
}

/// Where the consumers are listed.
pub const CONSUMERS: &str = "/api/v1/consumers";
/// The answer to the path that former versions had.
const RENAMED: &str = "renamed; ask /api/v1/consumers";

type Routes = BoxedFilter<(Response,)>;

/// The routes of the socket: everything.
pub fn socket_routes(admin: &Arc<Admin>) -> Routes {
    let orders = [
        order::<Retry>(admin),
        order::<Drop>(admin),
        order::<Replay>(admin),
        order::<Pause>(admin),
        order::<Prune>(admin),
        order::<Forget>(admin),
        order::<Verify>(admin),
        order::<Backup>(admin),
    ];
    any_of(orders.into_iter().chain([routes(admin)]))
}

/// The routes of the address: only what can be read.
pub fn routes(admin: &Arc<Admin>) -> Routes {
    let method = warp::any().and(warp::method()).and_then(|method: Method| async move {
        match method {
            Method::GET | Method::HEAD => Err(warp::reject()),
            _ => Ok(wrong_method("GET, HEAD")),
        }
    });
    let lost = warp::any().map(|| problem(StatusCode::NOT_FOUND, "no such endpoint"));
    any_of([
        method.boxed(),
        question(admin, "/livez", |_, _| async { text(StatusCode::OK, "ok\n") }),
        question(admin, "/readyz", |admin, _| async move { admin.readyz().await }),
        question(admin, "/metrics", |admin, _| async move { admin.metrics() }),
        question(admin, "/api/v1/events", |admin, query| async move { admin.events(&query).await }),
        question(admin, CONSUMERS, |admin, _| async move { admin.lanes().await }),
        question(admin, "/api/v1/lanes", |_, _| async { problem(StatusCode::GONE, RENAMED) }),
        question(admin, "/api/v1/dead-letters", |admin, query| async move {
            admin.dead_letters(&query).await
        }),
        question(admin, "/api/v1/journal/stats", |admin, _| async move { admin.stats().await }),
        lost.boxed(),
    ])
}

/// The first of them that wants the request.
fn any_of(routes: impl IntoIterator<Item = Routes>) -> Routes {
    let none = warp::any().and_then(|| async { Err(warp::reject::not_found()) }).boxed();
    routes.into_iter().fold(none, |others, route| others.or(route).unify().boxed())
}

fn question<F, Fut>(admin: &Arc<Admin>, path: &str, answer: F) -> Routes
where
    F: Fn(Arc<Admin>, Query) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    let admin = admin.clone();
    exact(path).and(warp::query::<Query>()).then(move |query| answer(admin.clone(), query)).boxed()
}

fn order<O: AdminCommand>(admin: &Arc<Admin>) -> Routes {
    let admin = admin.clone();
    exact(O::PATH)
        .and(warp::method())
        .and(warp::ext::get::<Arc<IncomingRequest>>())
        .then(move |method, arrival: Arc<IncomingRequest>| {
            let admin = admin.clone();
            async move {
                match method {
                    Method::POST => execute::<O>(admin, &arrival).await,
                    _ => wrong_method("POST"),
                }
            }
        })
        .boxed()
}

async fn execute<O: AdminCommand>(admin: Arc<Admin>, arrival: &IncomingRequest) -> Response {
    let body = match &arrival.body {
        Ok(body) => body,
        Err(refusal) => return problem(refusal.kind.status(), refusal.reason),
    };
    let order: O = match serde_json::from_slice(body) {
        Ok(order) => order,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    // A task of its own: whoever hangs up does not break off what has been begun.
    let work = tokio::spawn(async move { order.execute(&*admin.journal, &*admin.targets).await });
    match work.await {
        Ok(result) => outcome(result),
        Err(_) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the request panicked; see the log of the server",
        ),
    }
}
