//! Signing and checking by the Standard Webhooks specification (symmetric, `v1`), for relays and their receivers alike.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// The header with the message's id, the same at every attempt.
pub const ID: &str = "webhook-id";
/// The header with the time of the attempt, in Unix seconds.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures, parted by spaces.
pub const SIGNATURE: &str = "webhook-signature";

/// A shared secret.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Secret {
    /// Reads `whsec_` and Base64, the specification's form. 24 to 64 bytes.
    ///
    /// # Errors
    /// What is wrong with it, without showing it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let encoded =
            text.trim().strip_prefix("whsec_").ok_or("a webhook secret begins with `whsec_`")?;
        let bytes =
            STANDARD.decode(encoded).map_err(|_| "behind `whsec_` a webhook secret is Base64")?;
        match bytes.len() {
            24..=64 => Ok(Self(bytes)),
            n => Err(format!("a webhook secret has 24 to 64 bytes, this one has {n}")),
        }
    }

    /// The `webhook-signature` value for a message.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let mac = self.mac(id, &at.as_second().to_string(), body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// Checks a message against this secret.
    ///
    /// # Errors
    /// Why it is not to be believed.
    pub fn verify(
        &self,
        headers: Signed<'_>,
        body: &[u8],
        now: Timestamp,
        window: Duration,
    ) -> Result<(), Distrust> {
        let sent: i64 = headers.timestamp.parse().map_err(|_| Distrust::Malformed)?;
        if now.as_second().abs_diff(sent) > window.as_secs() {
            return Err(Distrust::Stale);
        }
        let matches = |signature: &str| {
            let bytes =
                signature.strip_prefix("v1,").and_then(|encoded| STANDARD.decode(encoded).ok());
            bytes.is_some_and(|b| {
                self.mac(headers.id, headers.timestamp, body).verify_slice(&b).is_ok()
            })
        };
        if headers.signatures.split(' ').take(16).any(matches) {
            Ok(())
        } else {
            Err(Distrust::Wrong)
        }
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length will do");
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

/// The three headers of a signed message.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`
    pub timestamp: &'a str,
    /// `webhook-signature`
    pub signatures: &'a str,
}

/// Why a message is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// The time stamp is no number.
    Malformed,
    /// Too old, or from the future.
    Stale,
    /// No signature fits.
    Wrong,
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the time stamp is not a number of seconds",
            Self::Stale => "the time stamp is outside the window",
            Self::Wrong => "no signature fits",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a good secret")
    }

    const AT: i64 = 1_614_265_330;
    const WINDOW: Duration = Duration::from_mins(5);

    fn check(
        id: &str,
        timestamp: &str,
        signatures: &str,
        body: &[u8],
        now: i64,
    ) -> Result<(), Distrust> {
        let now = Timestamp::from_second(now).expect("in range");
        secret().verify(Signed { id, timestamp, signatures }, body, now, WINDOW)
    }

    #[test]
    fn the_specifications_example_holds() {
        let at = Timestamp::from_second(AT).expect("in range");
        let body = br#"{"test": 2432232314}"#;
        let signature = secret().sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        assert_eq!(
            check(id, "1614265330", &format!("v1,AAAA v2,x {signature}"), body, AT + 300),
            Ok(())
        );
        assert_eq!(check(id, "1614265330", &signature, body, AT + 301), Err(Distrust::Stale));
        assert_eq!(check(id, "1614265330", &signature, body, AT - 301), Err(Distrust::Stale));
        assert_eq!(check(id, "1614265331", &signature, body, AT), Err(Distrust::Wrong));
        assert_eq!(check("msg_other", "1614265330", &signature, body, AT), Err(Distrust::Wrong));
        assert_eq!(check(id, "1614265330", &signature, b"{}", AT), Err(Distrust::Wrong));
        assert_eq!(check(id, "1614265330", "v1,", body, AT), Err(Distrust::Wrong));
        assert_eq!(check(id, "soon", &signature, body, AT), Err(Distrust::Malformed));
    }

    #[test]
    fn a_bad_secret_is_refused_without_being_shown() {
        for text in
            ["", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
        {
            let error = Secret::parse(text).expect_err("a bad secret");
            assert!(text.len() < 7 || !error.contains(&text[6..]), "{error}");
        }
        assert_eq!(format!("{:?}", secret()), "[redacted]");
    }
}
