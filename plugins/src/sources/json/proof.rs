//! How a call proves its sender.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use switchhook_api::config::Secret;
use switchhook_api::standard_webhooks::decode_base64;
use switchhook_api::{RawRequest, Refusal, RefusalKind};

use super::options::{Encoding, HmacOptions, TokenOptions};
use crate::sources::common::{hex, unhex};

/// What a call has to show.
pub(super) enum Proof {
    /// Nothing.
    None,
    Hmac(Signature),
    Token(Tokens),
}

impl Proof {
    /// Checks a call; gives the time that its sender signed, if there is one.
    pub(super) fn check(&self, request: &RawRequest<'_>) -> Result<Option<Timestamp>, Refusal> {
        let checked = match self {
            Self::None => Ok(None),
            Self::Hmac(signature) => signature.check(request),
            Self::Token(tokens) => tokens.check(request.headers).map(|()| None),
        };
        checked.map_err(|reason| Refusal::new(RefusalKind::Unauthenticated, reason))
    }

    /// Puts the headers into a call that prove it.
    pub(super) fn sign(&self, headers: &mut HeaderMap, body: &[u8], now: Timestamp) {
        match self {
            Self::None => {}
            Self::Hmac(signature) => signature.sign(headers, body, now),
            Self::Token(tokens) => tokens.sign(headers),
        }
    }
}

/// An HMAC-SHA-256 in a header.
pub(super) struct Signature {
    header: HeaderName,
    prefix: String,
    encoding: Encoding,
    keys: Vec<Hmac<Sha256>>,
    timestamp: Option<HeaderName>,
    window: Duration,
}

impl Signature {
    pub(super) fn new(options: HmacOptions, secrets: &[Secret]) -> Self {
        let window = options.window().0;
        Self {
            header: options.header.0,
            prefix: options.prefix,
            encoding: options.encoding,
            keys: secrets.iter().map(key).collect(),
            timestamp: options.timestamp.map(|name| name.0),
            window,
        }
    }

    /// Every secret is computed whichever fits, and the signature is judged before the time, so that a stale time in the log
    /// means an honest sender with a wrong clock.
    fn check(&self, request: &RawRequest<'_>) -> Result<Option<Timestamp>, &'static str> {
        let names = ["missing_signature", "malformed_signature"];
        let given = only(request.headers, &self.header, names)?;
        let given = self.decoded(given).ok_or("malformed_signature")?;
        let names = ["missing_time", "malformed_time"];
        let timestamp = self.timestamp.as_ref();
        let time = timestamp.map(|name| only(request.headers, name, names)).transpose()?;
        let sent = time.map(|text| seconds(text).ok_or("malformed_time")).transpose()?;
        let mut genuine = Choice::from(0);
        for key in &self.keys {
            genuine |= mac(key, time, request.body).ct_eq(&given);
        }
        if !bool::from(genuine) {
            return Err("bad_signature");
        }
        let Some(sent) = sent else { return Ok(None) };
        let age = request.received.duration_since(sent);
        match age.unsigned_abs() > self.window {
            true if age.is_negative() => Err("future_time"),
            true => Err("stale_time"),
            false => Ok(Some(sent)),
        }
    }

    fn decoded(&self, text: &str) -> Option<[u8; 32]> {
        let text = without(text, &self.prefix)?;
        match self.encoding {
            Encoding::Hex => unhex(text),
            Encoding::Base64 => decode_base64(text)?.try_into().ok(),
        }
    }

    fn sign(&self, headers: &mut HeaderMap, body: &[u8], now: Timestamp) {
        let Some(key) = self.keys.first() else { return };
        let time = self.timestamp.as_ref().map(|name| (name, now.as_second().to_string()));
        let mac = mac(key, time.as_ref().map(|(_, text)| text.as_str()), body);
        let text = match self.encoding {
            Encoding::Hex => hex(&mac),
            Encoding::Base64 => STANDARD.encode(mac),
        };
        put(headers, &self.header, &format!("{}{text}", self.prefix));
        if let Some((name, text)) = time {
            put(headers, name, &text);
        }
    }
}

fn key(secret: &Secret) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    Hmac::new_from_slice(secret.expose().as_bytes()).expect("any length will do")
}

/// Signed is the body, or the time, a dot and the body: digits end at the dot, so nothing can be moved from one to the other.
fn mac(key: &Hmac<Sha256>, time: Option<&str>, body: &[u8]) -> [u8; 32] {
    let mut mac = key.clone();
    if let Some(time) = time {
        mac.update(time.as_bytes());
        mac.update(b".");
    }
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// Seconds since 1970, in digits.
fn seconds(text: &str) -> Option<Timestamp> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    Timestamp::from_second(text.parse().ok().filter(|_| digits)?).ok()
}

/// A token in a header.
pub(super) struct Tokens {
    header: HeaderName,
    prefix: String,
    known: Vec<Token>,
}

struct Token {
    secret: Secret,
    /// Compared in its place, so that not even its length shows in the time that it takes.
    digest: [u8; 32],
}

impl Tokens {
    pub(super) fn new(options: TokenOptions, tokens: Vec<Secret>) -> Self {
        let token = |secret: Secret| Token { digest: digest(secret.expose()), secret };
        Self {
            header: options.header.0,
            prefix: options.prefix,
            known: tokens.into_iter().map(token).collect(),
        }
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        let given = only(headers, &self.header, ["missing_token", "malformed_token"])?;
        let given = digest(without(given, &self.prefix).ok_or("malformed_token")?);
        let mut genuine = Choice::from(0);
        for token in &self.known {
            genuine |= token.digest.ct_eq(&given);
        }
        if bool::from(genuine) { Ok(()) } else { Err("bad_token") }
    }

    fn sign(&self, headers: &mut HeaderMap) {
        if let Some(token) = self.known.first() {
            put(headers, &self.header, &format!("{}{}", self.prefix, token.secret.expose()));
        }
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The one value of a header; what could be read in two ways is not read.
fn only<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    [missing, malformed]: [&'static str; 2],
) -> Result<&'h str, &'static str> {
    let mut all = headers.get_all(name).iter();
    let value = all.next().ok_or(missing)?;
    value.to_str().ok().filter(|_| all.next().is_none()).ok_or(malformed)
}

/// What follows a prefix; it is no secret and counts in any case.
fn without<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn put(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    #[expect(clippy::expect_used, reason = "prefixes and tokens are checked, all else is digits")]
    let mut value = HeaderValue::from_str(value).expect("visible ASCII");
    value.set_sensitive(true);
    headers.insert(name.clone(), value);
}
