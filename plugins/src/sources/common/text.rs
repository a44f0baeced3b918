//! Names, keys and encodings.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use switchhook_api::{Refusal, Verdict};

use super::malformed;

const COMMAND_BYTES_MAX: usize = 128;
/// Longer keys are replaced by their digest.
const KEY_BYTES_MAX: usize = 512;

/// Characters of a reason that a user is told: a reply that is too large for its sender is no reply.
const REASON_CHARS_MAX: usize = 4096;

/// A denial whose reason is not too long, and what was done to it.
pub(in crate::sources) fn shortened(verdict: Verdict) -> (Verdict, Option<&'static str>) {
    match verdict {
        Verdict::Deny { code, mut reason } if reason.len() > REASON_CHARS_MAX => {
            let end = reason.char_indices().nth(REASON_CHARS_MAX).map(|(end, _)| end);
            let cut = end.map(|end| {
                reason.truncate(end);
                "accepts a reason of at most 4096 characters; the rest was cut off"
            });
            (Verdict::Deny { code, reason }, cut)
        }
        verdict => (verdict, None),
    }
}

/// Whether a text can be a command.
pub(in crate::sources) fn named_well(command: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=COMMAND_BYTES_MAX).contains(&command.len()) && command.bytes().all(plain)
}

/// What [`named_freely`] lets through, for people.
pub(in crate::sources) const FREE_NAMES: &str =
    "use 1 to 128 letters, digits, `.`, `_`, `-`, `:` and `/`";

/// The same for systems that also part their names by colons and slashes. No part is empty, and none leads elsewhere in a path.
pub(in crate::sources) fn named_freely(command: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-:/".contains(&b);
    let part = |part: &str| !matches!(part, "" | "." | "..");
    (1..=COMMAND_BYTES_MAX).contains(&command.len())
        && command.bytes().all(plain)
        && (!command.contains('/') || command.split('/').all(part))
}

/// A key that begins with the app, or the digest of one that is too long.
pub(in crate::sources) fn bounded(app: &str, key: String) -> Arc<str> {
    if key.len() <= KEY_BYTES_MAX {
        return key.into();
    }
    format!("{app}/sha256:{}", hex(&Sha256::digest(key.as_bytes()))).into()
}

/// Percent-decodes; a broken escape or what is no UTF-8 is refused rather than guessed at.
pub(in crate::sources) fn decoded(text: &str) -> Result<Cow<'_, str>, Refusal> {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let escape = |rest: &[u8]| digit(rest.first()) && digit(rest.get(1));
    if !text.split('%').skip(1).all(|rest| escape(rest.as_bytes())) {
        return Err(malformed("bad_escape")); // the library lets these stand
    }
    percent_decode_str(text).decode_utf8().map_err(|_| malformed("query_not_utf8"))
}

/// Lower-case hex.
pub(in crate::sources) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// The 32 bytes of as many pairs of hex digits, in either case.
pub(in crate::sources) fn unhex(hex: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = hex.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

/// The value of a hex digit in either case.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
