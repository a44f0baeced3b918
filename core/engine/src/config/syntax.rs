//! What is no TOML, told so that it can be found and mended.

use std::collections::HashMap;

use switchhook_api::config::{ConfigError, Place};
use toml::de::DeTable;

use super::lines::{line_of, note_lines};

/// The mistake that an error of the TOML parser means. Nothing of a value is repeated: it may be a secret.
pub(super) fn mistake(path: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let line = line_of(text, start);
    let place = Place::File { path: path.to_owned(), line };
    let spoken = match error.message() {
        "duplicate key" => twice(text, start).unwrap_or_else(|| "a key is set twice".to_owned()),
        other => other.to_owned(),
    };
    let odd = text.lines().nth(line - 1).and_then(odd_character).unwrap_or_default();
    ConfigError::new(place, "", format!("invalid TOML: {spoken}{odd}"))
}

/// What is given twice and where it was given first.
fn twice(text: &str, start: usize) -> Option<String> {
    let begin = text[..start].rfind('\n').map_or(0, |end| end + 1);
    let line = text[begin..].lines().next()?;
    let before = &text[..begin];
    let is_header = line.trim_start().starts_with('[');
    let path = if is_header {
        up_to(&keys(line), start - begin)
    } else {
        let header = before.lines().rev().find(|line| line.trim_start().starts_with('['));
        let around = header.map(keys).unwrap_or_default().into_iter().map(|(key, _)| key);
        let assignment = format!("{} = 0", line.split('=').next()?);
        around.chain(up_to(&keys(&assignment), start - begin)).collect()
    };
    let (table, _) = DeTable::parse_recoverable(before);
    let mut lines = HashMap::new();
    note_lines(before, "", table.get_ref(), &mut lines);
    let key = path.join(".");
    let first = lines.get(&key).copied()?;
    Some(if is_header {
        format!(
            "the table [{key}] is defined twice, here and in line {first}; put its keys into one table"
        )
    } else {
        format!("`{key}` is set twice, here and in line {first}; keep one")
    })
}

/// The keys of a header or an assignment, from the outermost to the innermost, each with its place in the line.
fn keys(line: &str) -> Vec<(String, usize)> {
    let (table, _) = DeTable::parse_recoverable(line);
    let mut found = Vec::new();
    let mut at = Some(table.get_ref());
    while let Some((key, value)) = at.and_then(|table| table.iter().next()) {
        found.push((key.get_ref().to_string(), key.span().start));
        at = value.get_ref().as_table();
    }
    found
}

/// The path down to the key that stands at a place.
fn up_to(keys: &[(String, usize)], place: usize) -> Vec<String> {
    let last = keys.iter().position(|(_, at)| *at >= place).unwrap_or(keys.len().saturating_sub(1));
    keys.iter().take(last + 1).map(|(key, _)| key.clone()).collect()
}

/// A hint at characters that word processors and web pages put in place of those that TOML knows.
fn odd_character(line: &str) -> Option<&'static str> {
    let has = |all: &[char]| line.contains(all);
    if has(&[
        '\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}', '\u{2018}', '\u{2019}', '\u{201a}',
        '\u{ab}', '\u{bb}', '\u{ff02}',
    ]) {
        Some("; the line has typographic quotes, but TOML requires \" or '")
    } else if has(&['\u{a0}', '\u{2007}', '\u{202f}', '\u{3000}', '\u{200b}', '\u{feff}']) {
        Some("; the line has a character that only looks like a space; type it again")
    } else if has(&[
        '\u{ff1d}', '\u{2013}', '\u{2014}', '\u{2212}', '\u{ff0c}', '\u{ff3b}', '\u{ff3d}',
    ]) {
        Some("; the line has a character that only looks like an ASCII one (= - , [ ])")
    } else {
        None
    }
}
