//! How a body is encoded, as its head says.

use http::{HeaderMap, header};

/// A coding of the body that would have to be undone; none where it is sent as it is. Some senders write `identity`, nothing, or the
/// name of a charset there: none of that changes a byte.
pub(super) fn coded(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut codings = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    codings
        .find(|coding| !is_plain(coding))
        .map(|coding| String::from_utf8_lossy(coding.trim_ascii()).chars().take(64).collect())
}

fn is_plain(coding: &[u8]) -> bool {
    let coding = coding.trim_ascii();
    let charset =
        coding.split_at_checked(8).filter(|(key, _)| key.eq_ignore_ascii_case(b"charset="));
    let name = charset.map_or(coding, |(_, name)| name);
    let name = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name);
    let plain: [&[u8]; 8] =
        [b"", b"identity", b"none", b"utf-8", b"utf8", b"us-ascii", b"ascii", b"unicode-1-1-utf-8"];
    plain.iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_coding_is_one() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                let value = http::HeaderValue::from_static(value);
                headers.append(header::CONTENT_ENCODING, value);
            }
            coded(&headers)
        };
        let plain: [&[&str]; 15] = [
            &[],
            &[""],
            &["  "],
            &[","],
            &["identity"],
            &["Identity"],
            &["identity, identity"],
            &["", "identity"],
            &["utf-8"],
            &["UTF-8"],
            &["utf8"],
            &["identity,utf-8"],
            &["US-ASCII"],
            &["charset=utf-8"],
            &["Charset=\"UTF-8\""],
        ];
        for values in plain {
            assert_eq!(of(values), None, "{values:?}");
        }
        for (values, named) in [
            (&["gzip"][..], "gzip"),
            (&["identity, br"], "br"),
            (&["identity", "x-gzip"], "x-gzip"),
            (&["deflate,identity"], "deflate"),
            (&["zstd"], "zstd"),
            (&["utf-16"], "utf-16"),
            (&["gbk"], "gbk"),
            (&["utf-8;q=1"], "utf-8;q=1"),
        ] {
            assert_eq!(of(values).as_deref(), Some(named), "{values:?}");
        }
    }
}
