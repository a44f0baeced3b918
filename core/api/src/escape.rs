//! The escapes, by name. Text from outside must pass one of them before it is shown or sent.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// For a log line or a terminal: control characters, bidirectional overrides and line separators become `\u{..}`.
pub fn for_line(text: &str) -> Cow<'_, str> {
    let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b)); // nearly always, and quickly seen
    if plain || !text.chars().any(breaks_lines) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match breaks_lines(c) {
            true => safe.extend(c.escape_default()),
            false => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Control characters, and the sign that begins an escape; what is not ASCII is always encoded.
const NOT_IN_HEADERS: &AsciiSet = &CONTROLS.add(b'%');

/// For a header value: printable ASCII as it is, everything else and `%` percent-encoded.
pub fn for_header(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, NOT_IN_HEADERS).into()
}

/// For a shell: one word, in quotes where it needs them.
pub fn for_shell(text: &str) -> String {
    // Only a NUL cannot be quoted, and an escaped line has none.
    shlex::try_quote(&for_line(text)).map(Cow::into_owned).unwrap_or_default()
}

/// For JSON text as one line, or on a terminal: what breaks lines or turns them round is spelt as JSON spells it, so that it
/// still says the same.
pub fn for_json_line(json: &str) -> Cow<'_, str> {
    if !json.chars().any(breaks_lines) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            // Between the tokens only: inside a string JSON has no bare line breaks.
            '\n' | '\r' | '\t' => safe.push(' '),
            c if breaks_lines(c) => _ = write!(safe, "\\u{:04x}", u32::from(c)),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

fn breaks_lines(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_a_line_or_turns_it_round() {
        assert_eq!(for_line("Grüße, 群组"), "Grüße, 群组");
        assert_eq!(
            for_line("a\nb\x1b[31m\u{202e}c\u{2028}"),
            "a\\nb\\u{1b}[31m\\u{202e}c\\u{2028}"
        );
    }

    #[test]
    fn json_stays_the_same_json_on_one_line() {
        let json = "{\n\t\"a\": \"b\u{202e}\u{9b}\"\r\n}";
        let line = for_json_line(json);
        assert_eq!(line, "{  \"a\": \"b\\u202e\\u009b\"  }");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(value(&line), value(json));
    }

    #[test]
    fn a_header_value_is_plain_ascii() {
        assert_eq!(for_header("Group.X 1"), "Group.X 1");
        assert_eq!(for_header("a\r\nb%é"), "a%0D%0Ab%25%C3%A9");
    }
}
