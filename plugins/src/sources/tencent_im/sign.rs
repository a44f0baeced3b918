//! The signature: SHA-256 over a token and the time of the call.
//!
//! It covers neither body nor command: whoever saw a signed call can say something else with it until the window closes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use switchhook_api::config::Secret;

use super::query::Query;
use crate::sources::common::{hex, unhex};

/// Checks a call against tokens. Every token is computed whichever fits, and the signature is judged before the time, so that
/// a stale time in the log means an honest sender with a wrong clock.
pub(super) fn verify(
    tokens: &[Secret],
    query: &Query<'_>,
    now: Timestamp,
    window: SignedDuration,
) -> Result<Timestamp, &'static str> {
    let sign = query.sign.as_deref().ok_or("missing_sign")?;
    let text = query.time.as_deref().ok_or("missing_time")?;
    let sent = time(text).ok_or("malformed_time")?;
    let sign = unhex(sign).ok_or("malformed_sign")?;
    let mut genuine = Choice::from(0);
    for token in tokens {
        genuine |= digest(token, text).ct_eq(&sign);
    }
    if !bool::from(genuine) {
        return Err("bad_sign");
    }
    match now.duration_since(sent) {
        age if age > window => Err("stale_time"),
        age if age < -window => Err("future_time"),
        _ => Ok(sent),
    }
}

/// The signature that the sender would make.
pub(super) fn sign(token: &Secret, time: &str) -> String {
    hex(&digest(token, time))
}

/// Seconds since 1970: nine to eleven ASCII digits, the first not zero. Anything else could be a longer hash input in
/// disguise (length extension), so this is asked before hashing.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    if !digits || !(9..=11).contains(&text.len()) {
        return None;
    }
    Timestamp::from_second(text.parse().ok()?).ok()
}

/// The length of the window as a signed duration.
pub(super) fn window(length: Duration) -> SignedDuration {
    SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX)
}

fn digest(token: &Secret, time: &str) -> [u8; 32] {
    Sha256::new().chain_update(token.expose()).chain_update(time).finalize().into()
}
