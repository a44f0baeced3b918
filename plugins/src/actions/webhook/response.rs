//! What a target's answer means for the record.

use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderMap, LOCATION};
use jiff::Timestamp;
use reqwest::Response;
use switchhook_api::{Failure, escape};

use super::options::Permanent;
use super::retry_after::retry_after;

/// No more of an answer is read.
const READ_MAX: usize = 64 * 1024;
/// So much of it is kept for people.
const KEPT_MAX: usize = 1024;
/// The status has decided already, so the body is not worth a longer wait. The attempt's own deadline must not pass
/// meanwhile: it would make a failure of a delivery that succeeded.
const READ_FOR: Duration = Duration::from_millis(500);
/// So much of a redirect's target is shown.
const LOCATION_MAX: usize = 256;

/// Judges an answer by its status. The body is read as far as needed to use the connection again; it decides nothing.
///
/// What says something about this record alone (`permanent`) is not tried again. Every other answer says something about the
/// target, which can change: a wrong secret, a route that a deploy removed, a redirect, too much load.
pub(super) async fn judge(
    mut response: Response,
    permanent: &Permanent,
    now: Timestamp,
) -> Result<(), Failure> {
    let status = response.status();
    let text = read(&mut response).await;
    if status.is_success() {
        return Ok(());
    }
    let reason = reason(status, response.headers());
    let failure = match status {
        _ if permanent.has(status) => Failure::permanent(reason),
        StatusCode::GONE => Failure::gone(reason),
        _ => match retry_after(response.headers(), now) {
            Some(wait) => Failure::transient(reason).retry_after(wait),
            None => Failure::transient(reason),
        },
    };
    let text = String::from_utf8_lossy(&text);
    let line = format!("{:?} {status} {text}", response.version());
    Err(failure.response(escape::for_line(line.trim_end()).into_owned()))
}

fn reason(status: StatusCode, headers: &HeaderMap) -> String {
    match status.is_redirection() {
        true => redirected(status, headers),
        false => format!("the target answered {status}"),
    }
}

fn redirected(status: StatusCode, headers: &HeaderMap) -> String {
    let Some(place) = headers.get(LOCATION) else { return format!("the target answered {status}") };
    let bytes = place.as_bytes();
    let place = String::from_utf8_lossy(bytes.get(..LOCATION_MAX).unwrap_or(bytes));
    let place = escape::for_line(&place);
    format!("the target answered {status} to {place}; redirects are not followed")
}

/// Reads the body to its end, its limit or the end of patience, whichever comes first, and gives its beginning.
/// Where the end was not reached, dropping the response closes the connection.
async fn read(response: &mut Response) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut seen = 0;
    let to_the_end = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            let wanted = chunk.len().min(KEPT_MAX - kept.len());
            kept.extend(chunk.iter().take(wanted));
            seen += chunk.len();
            if seen > READ_MAX {
                break;
            }
        }
    };
    _ = tokio::time::timeout(READ_FOR, to_the_end).await;
    kept
}
