//! The routes of the public listener, as warp filters: one path for each source, everything else is not found.

use std::sync::Arc;

use http::{Response, StatusCode, header};
use warp::filters::BoxedFilter;
use warp::{Filter, Reply};

use crate::intake::{Intake, Mount};
use crate::listener::{Arrival, Silence};

/// Routes each source's path to the intake.
pub(crate) fn routes(
    intake: &Arc<Intake>,
    mounts: Vec<Mount>,
) -> BoxedFilter<(warp::reply::Response,)> {
    let lost = warp::any().map(|| plain(StatusCode::NOT_FOUND)).boxed();
    mounts.into_iter().fold(lost, |others, mount| {
        let (intake, path) = (intake.clone(), exact(&mount.path));
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
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let start = warp::any().boxed();
    let all =
        segments.fold(start, |before, segment| before.and(warp::path(segment.to_owned())).boxed());
    all.and(warp::path::end()).boxed()
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
