//! Reads JSON that says what a text cannot hold: half of a surrogate pair (`\ud83d` alone), as a sender writes it that cuts a
//! text in the middle of a character.

use serde::Deserialize;

const REPLACEMENT: &[u8; 6] = b"\\ufffd";

/// Reads JSON; where it has lone surrogates, U+FFFD stands for each of them. `room` holds the changed copy, which is made only
/// then.
///
/// # Errors
/// It is not JSON, or not of the type's shape.
pub fn read<'a, T: Deserialize<'a>>(
    json: &'a [u8],
    room: &'a mut Vec<u8>,
) -> Result<T, serde_json::Error> {
    match serde_json::from_slice(json) {
        Ok(value) => Ok(value),
        Err(error) => match mended(json) {
            Some(copy) => {
                *room = copy;
                serde_json::from_slice(room)
            }
            None => Err(error),
        },
    }
}

/// A copy of JSON with U+FFFD in place of each lone surrogate; none where there is none. The copy is as long as the original, so
/// that places in one are places in the other.
pub fn mended(json: &[u8]) -> Option<Vec<u8>> {
    let mut copy: Option<Vec<u8>> = None;
    let mut at = 0;
    // Only strings have backslashes.
    while let Some(found) = json.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\\')) {
        at += found;
        match unit(json, at) {
            Some(0xD800..=0xDBFF) if matches!(unit(json, at + 6), Some(0xDC00..=0xDFFF)) => {
                at += 12;
            }
            Some(0xD800..=0xDFFF) => {
                let copy = copy.get_or_insert_with(|| json.to_vec());
                if let Some(place) = copy.get_mut(at..at + 6) {
                    place.copy_from_slice(REPLACEMENT);
                }
                at += 6;
            }
            _ => at += 2,
        }
    }
    copy
}

/// The unit of UTF-16 that is escaped here.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs_are_replaced_and_nothing_else() {
        let check = |json: &str, expected: Option<&str>| {
            let copy = mended(json.as_bytes()).map(|copy| String::from_utf8(copy).expect("text"));
            assert_eq!(copy.as_deref(), expected, "{json}");
        };
        check(r#"{"a":"\u00e9\n\\ud800"}"#, None);
        check(r#"["\ud83d\ude00", "\uD83D\uDE00x"]"#, None);
        check(r#"["\ud83d"]"#, Some(r#"["\ufffd"]"#));
        check(r#"["x\uDE00y"]"#, Some(r#"["x\ufffdy"]"#));
        check(r#"["\ude00\ud83d"]"#, Some(r#"["\ufffd\ufffd"]"#));
        check(r#"["\ud83d\ud83d\ude00"]"#, Some(r#"["\ufffd\ud83d\ude00"]"#));
        check(r#"["\ud83d\n\ude00"]"#, Some(r#"["\ufffd\n\ufffd"]"#));
        check(r#"["\\\ud800"]"#, Some(r#"["\\\ufffd"]"#));
        check(r#"{"k\udfff":1}"#, Some(r#"{"k\ufffd":1}"#));
        for broken in [r#"["\ud8"#, r#"["\u"#, "\\", r#"["\uzzzz"]"#, r#"["\u+d80"]"#] {
            check(broken, None);
        }
    }

    #[test]
    fn what_is_well_formed_is_read_without_a_copy() {
        let mut room = Vec::new();
        let text: &str = read(br#""plain""#, &mut room).expect("read");
        assert_eq!(text, "plain");
        assert!(room.is_empty());
        let text: String = read(br#""cut \ud83d""#, &mut room).expect("read");
        assert_eq!(text, "cut \u{fffd}");
        assert!(read::<String>(b"\"\\ud800", &mut Vec::new()).is_err());
        assert!(read::<u8>(br#""\ud800""#, &mut Vec::new()).is_err());
    }
}
