//! How the admin API answers: JSON, and refusals by RFC 9457.

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use switchhook_api::journal::JournalError;
use warp::Reply;
use warp::reply::Response as Answer;

/// Seconds after which an overloaded journal may be asked again.
const AGAIN_AFTER: &str = "1";

/// A page of items.
#[derive(Serialize)]
pub(super) struct PageView<'a, T> {
    pub(super) items: &'a [T],
    pub(super) next: Option<u64>,
    /// Left out for damage.
    #[serde(skip_serializing_if = "is_none")]
    pub(super) damaged: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What a journal said, or why it did not.
pub(super) fn outcome<T: Serialize>(result: Result<T, JournalError>) -> Answer {
    match result {
        Ok(value) => json(StatusCode::OK, &value),
        Err(error) => error_response(&error),
    }
}

/// Why a journal did not do it.
pub(super) fn error_response(error: &JournalError) -> Answer {
    let status = match error {
        JournalError::Refused(_) => StatusCode::CONFLICT,
        JournalError::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut answer = problem(status, &switchhook_api::error_line(error));
    if matches!(error, JournalError::Overloaded) {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(AGAIN_AFTER));
    }
    answer
}

/// A refusal by RFC 9457.
pub(super) fn problem(status: StatusCode, detail: &str) -> Answer {
    let title = status.canonical_reason().unwrap_or("error");
    let body = serde_json::json!({ "title": title, "status": status.as_u16(), "detail": detail });
    respond(status, "application/problem+json", body.to_string())
}

/// A refusal of every method but these.
pub(super) fn wrong_method(allowed: &'static str) -> Answer {
    let mut refusal = problem(
        StatusCode::METHOD_NOT_ALLOWED,
        &format!("method not allowed; use {}", allowed.replace(", ", " or ")),
    );
    refusal.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    refusal
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    match serde_json::to_string(body) {
        Ok(body) => respond(status, "application/json", body),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

pub(super) fn text(status: StatusCode, body: &'static str) -> Answer {
    respond(status, "text/plain; charset=utf-8", body.to_owned())
}

pub(super) fn respond(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind).body(body);
    response
        .map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), Reply::into_response)
}
