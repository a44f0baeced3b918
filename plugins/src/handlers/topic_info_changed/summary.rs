//! The line for people.

use switchhook_api::escape::for_line;

use super::Changes;
use super::details::Details;

/// Enough to recognise a name or an id by.
const TEXT_CHARS_MAX: usize = 80;

/// Says who changed what, on one line and at a length that a log can bear.
pub(super) fn line(command: &str, details: &Details<'_>, changes: &Changes<'_>) -> String {
    let mut line = String::with_capacity(128);
    line.push_str(if command.contains("Topic") { "topic" } else { "group" });
    let fields = [
        ("name", &changes.name),
        ("introduction", &changes.introduction),
        ("notification", &changes.notification),
        ("avatar", &changes.face_url),
    ];
    let changed = fields.iter().filter(|(_, change)| change.is_some());
    let name = changes.name.as_ref().and_then(|name| name.new);
    if let (Some(name), 1) = (name, changed.clone().count()) {
        line.push_str(" renamed to \"");
        push(&mut line, name);
        line.push('"');
    } else {
        line.push_str(" details changed");
        for (i, (field, _)) in changed.enumerate() {
            line.push_str(if i == 0 { ": " } else { ", " });
            line.push_str(field);
        }
    }
    for (words, said) in [(" in group ", details.group.id()), (" by ", details.operator.id())] {
        if let Some(text) = said {
            line.push_str(words);
            push(&mut line, text);
        }
    }
    line
}

/// Cut first, so that an escape is never cut in two.
fn push(line: &mut String, text: &str) {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => {
            line.push_str(&for_line(&text[..end]));
            line.push('…');
        }
        None => line.push_str(&for_line(text)),
    }
}
