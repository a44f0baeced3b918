//! Signing and checking by the Standard Webhooks specification (symmetric, `v1`), for relays and their receivers alike.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
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
    /// Reads `whsec_` and Base64, the specification's form; `whsec_` and the padding may be missing, and the alphabet may be the
    /// one for URLs. 24 to 64 bytes.
    ///
    /// # Errors
    /// What is wrong with it, without showing it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = decode_base64(encoded).ok_or(
            "a webhook secret must be Base64, usually prefixed with `whsec_`; this one has other characters or is cut off",
        )?;
        match bytes.len() {
            24..=64 => Ok(Self(bytes)),
            n => Err(format!("a webhook secret must have 24 to 64 bytes, but this one has {n}")),
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
        headers: SignatureHeaders<'_>,
        body: &[u8],
        now: Timestamp,
        window: Duration,
    ) -> Result<(), VerifyError> {
        let sent: i64 = headers.timestamp.parse().map_err(|_| VerifyError::Malformed)?;
        if now.as_second().abs_diff(sent) > window.as_secs() {
            return Err(VerifyError::Stale);
        }
        let matches = |signature: &str| {
            let bytes = signature.strip_prefix("v1,").and_then(decode_base64);
            bytes.is_some_and(|b| {
                self.mac(headers.id, headers.timestamp, body).verify_slice(&b).is_ok()
            })
        };
        if headers.signatures.split(' ').take(16).any(matches) {
            Ok(())
        } else {
            Err(VerifyError::Wrong)
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

/// The `webhook-signature` value for a message that is signed with each of several secrets: while they are rotated, a receiver
/// knows one of them.
pub fn sign_with_all(secrets: &[Secret], id: &str, at: Timestamp, body: &[u8]) -> String {
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(id, at, body)).collect();
    signatures.join(" ")
}

/// The bytes that Base64 stands for: in the standard alphabet or the one for URLs, with padding or without.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const PLAIN: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    let engine = if text.contains(['-', '_']) { &FOR_URLS } else { &PLAIN };
    engine.decode(text).ok()
}

/// The three headers of a signed message.
#[derive(Clone, Copy, Debug)]
pub struct SignatureHeaders<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`
    pub timestamp: &'a str,
    /// `webhook-signature`
    pub signatures: &'a str,
}

/// Why a message is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// The time stamp is no number.
    Malformed,
    /// Too old, or from the future.
    Stale,
    /// No signature fits.
    Wrong,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the timestamp is not a number of seconds",
            Self::Stale => "the timestamp is outside the accepted window",
            Self::Wrong => "no signature matches",
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
    ) -> Result<(), VerifyError> {
        let now = Timestamp::from_second(now).expect("in range");
        secret().verify(SignatureHeaders { id, timestamp, signatures }, body, now, WINDOW)
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
        assert_eq!(check(id, "1614265330", &signature, body, AT + 301), Err(VerifyError::Stale));
        assert_eq!(check(id, "1614265330", &signature, body, AT - 301), Err(VerifyError::Stale));
        assert_eq!(check(id, "1614265331", &signature, body, AT), Err(VerifyError::Wrong));
        assert_eq!(check("msg_other", "1614265330", &signature, body, AT), Err(VerifyError::Wrong));
        assert_eq!(check(id, "1614265330", &signature, b"{}", AT), Err(VerifyError::Wrong));
        assert_eq!(check(id, "1614265330", "v1,", body, AT), Err(VerifyError::Wrong));
        assert_eq!(check(id, "soon", &signature, body, AT), Err(VerifyError::Malformed));
    }

    #[test]
    fn a_secret_is_read_in_every_form_that_senders_write() {
        let at = Timestamp::from_second(AT).expect("in range");
        let sign = |text: &str| Secret::parse(text).expect(text).sign("msg_1", at, b"{}");
        let check = |bytes: &[u8], forms: &[&str]| {
            let expected = Secret(bytes.to_vec()).sign("msg_1", at, b"{}");
            for form in forms {
                assert_eq!(sign(form), expected, "{form}");
                assert_eq!(sign(&format!("whsec_{form}")), expected, "whsec_{form}");
                assert_eq!(sign(&format!(" whsec_{form}\r\n")), expected, "{form} with space");
            }
        };
        check(
            &[0xfb; 24],
            &["+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7", "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7"],
        );
        check(
            &[0xff; 25],
            &[
                "/////////////////////////////////w==",
                "/////////////////////////////////w",
                "_________________________________w==",
                "_________________________________w",
            ],
        );
        check(
            b"0123456789abcdefghijklmnop",
            &["MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3A=", "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3A"],
        );
        check(&[0; 64], &[&format!("{}==", "A".repeat(86)), &"A".repeat(86)]);
    }

    #[test]
    fn while_secrets_are_rotated_either_of_them_verifies() {
        let old = secret();
        let new = Secret::parse("MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3A").expect("a good secret");
        let stranger = Secret(vec![7; 32]);
        let at = Timestamp::from_second(AT).expect("in range");
        let both = [old.clone(), new.clone()];
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let body = br#"{"test": 2432232314}"#;
        let signatures = sign_with_all(&both, id, at, body);
        // The first is the specification's example.
        let (first, second) = signatures.split_once(' ').expect("two signatures");
        assert_eq!(first, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(second, new.sign(id, at, body));
        let verify = |secret: &Secret, signatures: &str| {
            let headers = SignatureHeaders { id, timestamp: "1614265330", signatures };
            secret.verify(headers, body, at, WINDOW)
        };
        assert_eq!([verify(&old, &signatures), verify(&new, &signatures)], [Ok(()), Ok(())]);
        assert_eq!(verify(&stranger, &signatures), Err(VerifyError::Wrong));
        assert_eq!(verify(&new, first), Err(VerifyError::Wrong));
        let for_urls = first.replace('+', "-").replace('/', "_");
        assert_eq!(verify(&old, for_urls.trim_end_matches('=')), Ok(()));
        assert_eq!(sign_with_all(&[], id, at, body), "");
    }

    #[test]
    fn a_bad_secret_is_refused_without_being_shown() {
        let raw = "hunter2 is no Base64, however long it is";
        let mixed = "whsec_+/v7-_v7+/v7-_v7+/v7-_v7+/v7-_v7";
        let cut = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA";
        let long = "A".repeat(88);
        for text in
            ["", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", "c2hvcnQ", raw, mixed, cut, &long]
        {
            let error = Secret::parse(text).expect_err("a bad secret");
            assert!(text.len() < 7 || !error.contains(&text[6..]), "{error}");
        }
        assert_eq!(format!("{:?}", secret()), "[redacted]");
    }
}
