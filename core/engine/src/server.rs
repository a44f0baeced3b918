//! The routes of the public listener: a path for each source, everything else is not found.

use std::sync::Arc;

use http::{Response, StatusCode, header};
use warp::filters::BoxedFilter;
use warp::{Filter, Reply};

use crate::intake::{Intake, MountedSource};
use crate::listener::{CloseConnection, IncomingRequest, NoResponse};

/// Routes each source's path to the intake, and with it the paths below where the source wants them. Of several that fit, the
/// longest gets the call.
pub(crate) fn routes(
    intake: &Arc<Intake>,
    mut mounts: Vec<MountedSource>,
) -> BoxedFilter<(warp::reply::Response,)> {
    mounts.sort_by_key(|mount| std::cmp::Reverse(mount.depth()));
    let intake = intake.clone();
    let mounts: Arc<[MountedSource]> = mounts.into();
    warp::ext::get::<Arc<IncomingRequest>>()
        .then(move |arrival: Arc<IncomingRequest>| {
            let (intake, mounts) = (intake.clone(), mounts.clone());
            async move {
                let Some(mount) = mounts.iter().find(|one| one.takes(arrival.uri.path())) else {
                    intake.lost(&mounts, &arrival);
                    return nowhere();
                };
                let answer = intake.answer(mount, &arrival).await;
                answer.map_or_else(silence, Reply::into_response)
            }
        })
        .boxed()
}

/// Matches just this path.
pub(crate) fn exact(path: &str) -> BoxedFilter<()> {
    let any = warp::any().boxed();
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let start =
        segments.fold(any, |before, segment| before.and(warp::path(segment.to_owned())).boxed());
    start.and(warp::path::end()).boxed()
}

/// No answer: the listener closes the connection instead.
fn silence() -> warp::reply::Response {
    let mut nothing = warp::reply::Response::default();
    nothing.extensions_mut().insert(NoResponse);
    nothing
}

/// Plain text: an IM system that looks at the body alone cannot read it as a reply, least of all as one that allows.
fn nowhere() -> warp::reply::Response {
    let response = Response::builder()
        .status(StatusCode::NOT_FOUND)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .body("not found: no source is mounted at this path\n");
    let mut answer =
        response.map_or_else(|_| StatusCode::NOT_FOUND.into_response(), Reply::into_response);
    answer.extensions_mut().insert(CloseConnection);
    answer
}

#[cfg(test)]
mod tests;
