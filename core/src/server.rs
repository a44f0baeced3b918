//! The routes of the public listener, as warp filters: a path for each source, everything else is not found.

use std::sync::Arc;

use http::{Response, StatusCode, header};
use warp::filters::BoxedFilter;
use warp::{Filter, Reply};

use crate::intake::{Intake, Mount};
use crate::listener::{Arrival, Silence, Stranger};

/// Routes each source's path to the intake, and with it the paths below where the source wants them. Of several that fit, the
/// longest gets the call.
pub(crate) fn routes(
    intake: &Arc<Intake>,
    mut mounts: Vec<Mount>,
) -> BoxedFilter<(warp::reply::Response,)> {
    mounts.sort_by_key(|mount| segments(&mount.path).count());
    let lost = || {
        let mut answer = plain(StatusCode::NOT_FOUND);
        answer.extensions_mut().insert(Stranger);
        answer
    };
    let lost = warp::any().map(lost).boxed();
    mounts.into_iter().fold(lost, |others, mount| {
        let whole = if mount.source.below() { warp::any().boxed() } else { end() };
        let (intake, path) = (intake.clone(), start(&mount.path).and(whole));
        let mount = Arc::new(mount);
        let source =
            path.and(warp::ext::get::<Arc<Arrival>>()).then(move |arrival: Arc<Arrival>| {
                let (intake, mount) = (intake.clone(), mount.clone());
                async move {
                    let answer = intake.answer(&mount, &arrival).await;
                    answer.map_or_else(silence, Reply::into_response)
                }
            });
        source.or(others).unify().boxed()
    })
}

/// Matches just this path.
pub(crate) fn exact(path: &str) -> BoxedFilter<()> {
    start(path).and(end()).boxed()
}

fn start(path: &str) -> BoxedFilter<()> {
    let any = warp::any().boxed();
    segments(path).fold(any, |before, segment| before.and(warp::path(segment.to_owned())).boxed())
}

fn end() -> BoxedFilter<()> {
    warp::path::end().boxed()
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// No answer: the listener closes the connection instead.
fn silence() -> warp::reply::Response {
    let mut nothing = warp::reply::Response::default();
    nothing.extensions_mut().insert(Silence);
    nothing
}

fn plain(status: StatusCode) -> warp::reply::Response {
    let body = format!(r#"{{"error":"{}"}}"#, status.canonical_reason().unwrap_or("error"));
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body);
    response
        .map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), Reply::into_response)
}

#[cfg(test)]
mod tests;
