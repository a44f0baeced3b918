//! One body as one line.

use serde_json::value::RawValue;

/// Adds a body and a line break; the body byte for byte, unless it has line breaks itself: then white space between its
/// tokens is left out, and nothing else changes.
///
/// # Errors
/// It cannot be one line. Nothing has been added.
pub(super) fn push(lines: &mut Vec<u8>, body: &[u8]) -> Result<(), String> {
    if body.is_empty() {
        return Err("the body is empty: there is no line to write".into());
    }
    if body.contains(&b'\n') || body.contains(&b'\r') {
        // Valid JSON has line breaks between its tokens only, so leaving out white space there removes them all.
        serde_json::from_slice::<&RawValue>(body).map_err(|error| {
            format!("the body has line breaks and is not valid JSON, so it cannot become one line: {error}")
        })?;
        push_compact(lines, body);
    } else {
        lines.extend_from_slice(body);
    }
    lines.push(b'\n');
    Ok(())
}

/// Adds JSON without the white space between its tokens.
fn push_compact(lines: &mut Vec<u8>, json: &[u8]) {
    let (mut in_string, mut escaped) = (false, false);
    for &byte in json {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        } else {
            in_string = byte == b'"';
        }
        lines.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(body: &[u8]) -> Result<String, String> {
        let mut lines = Vec::new();
        push(&mut lines, body)?;
        Ok(String::from_utf8(lines).expect("text"))
    }

    #[test]
    fn a_body_without_line_breaks_is_kept_byte_for_byte() {
        let body = r#" {"a": 1.50e+00,  "é": "x\n" } "#;
        assert_eq!(line(body.as_bytes()), Ok(format!("{body}\n")));
        assert_eq!(line(b"no JSON"), Ok("no JSON\n".into()));
    }

    #[test]
    fn line_breaks_go_and_numbers_and_texts_stay() {
        let check = |body: &str, expected: &str| {
            assert_eq!(line(body.as_bytes()).as_deref(), Ok(expected), "{body}");
        };
        check(
            "{\r\n  \"a b\": 1.50e+00,\n\t\"c\": [1, 2]\n}\n",
            "{\"a b\":1.50e+00,\"c\":[1,2]}\n",
        );
        check("[\n\"q\\\" \\\\\" , \" x \"]", "[\"q\\\" \\\\\",\" x \"]\n");
        check("\n123456789012345678901234567890.10\n", "123456789012345678901234567890.10\n");
    }

    #[test]
    fn what_cannot_be_one_line_is_refused_and_adds_nothing() {
        for body in ["", "\n", "{\n", "\"a\nb\"", "1\n2", "{}\n{}"] {
            let mut lines = b"before\n".to_vec();
            assert!(push(&mut lines, body.as_bytes()).is_err(), "{body:?}");
            assert_eq!(lines, b"before\n");
        }
        assert!(push(&mut Vec::new(), b"\"\xff\"\n").is_err(), "no text");
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(serde_json::Value::from),
            "\\PC*|[\n\r\t\"\\\\ ]*".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map(".*", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Value>()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_pretty_body_becomes_the_same_value_on_one_line(value in json()) {
            let pretty = format!("{}\n", serde_json::to_string_pretty(&value).expect("written"));
            let compact = format!("{}\n", serde_json::to_string(&value).expect("written"));
            prop_assert_eq!(line(pretty.as_bytes()), Ok(compact));
        }
    }
}
