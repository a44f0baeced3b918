//! What a target's answer means for the record.

use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderMap, LOCATION, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Response;
use switchhook_core::{Failure, escape};

use super::options::Permanent;

/// No more of an answer is read.
const READ_MAX: usize = 64 * 1024;
/// So much of it is kept for people.
const KEPT_MAX: usize = 1024;
/// The status has decided already, so the body is not worth a longer wait. The attempt's own deadline must not pass
/// meanwhile: it would make a failure of a delivery that succeeded.
const READ_FOR: Duration = Duration::from_millis(500);
/// A target may ask to be left alone for no longer.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);
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

/// The wait that a target asks for, in seconds or as a date; a date that has passed asks for none.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs)
    } else {
        let at = rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
        Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_ask_for_a_pause_in_seconds_or_by_date() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().expect("a time");
        let check = |text: &str, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().expect("a value"));
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{text}");
        };
        check("0", Some(0));
        check("120", Some(120));
        check(" 7 ", Some(7));
        check("3601", Some(3600));
        check("99999999999999999999999999", Some(3600));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(30));
        check("Sun, 06 Nov 1994 08:49:07 GMT", Some(0));
        check("Sun, 06 Nov 1994 07:00:00 GMT", Some(0));
        check("Mon, 07 Nov 1994 08:49:37 GMT", Some(3600));
        for odd in ["", "-1", "1.5", "+5", "soon", "1h", "Sun, 06 Nov", "٣"] {
            check(odd, None);
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
