//! The line of every key of the file.

use std::collections::HashMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
}

pub(super) fn note_lines(
    text: &str,
    prefix: &str,
    table: &DeTable<'_>,
    lines: &mut HashMap<String, usize>,
) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{prefix}.{}", name.get_ref())
        };
        note_value(text, &key, name.span().start, value, lines);
    }
}

fn note_value(
    text: &str,
    key: &str,
    start: usize,
    value: &Spanned<DeValue<'_>>,
    lines: &mut HashMap<String, usize>,
) {
    lines.insert(key.to_owned(), line_of(text, start));
    match value.get_ref() {
        DeValue::Table(table) => note_lines(text, key, table, lines),
        DeValue::Array(list) => {
            for (i, item) in list.iter().enumerate() {
                note_value(text, &format!("{key}.{i}"), item.span().start, item, lines);
            }
        }
        _ => {}
    }
}
