//! The line for people.

use switchhook_core::escape::for_line;

use super::Changes;
use crate::sources::tencent_im::events::TopicInfoChanged;

/// Enough to recognise a name or an id by.
const TEXT_CHARS_MAX: usize = 80;

/// Says who changed what, on one line and at a length that a log can bear.
pub(super) fn line(command: &str, details: &TopicInfoChanged, changes: &Changes<'_>) -> String {
    let thing = if command.contains("Topic") { "topic" } else { "group" };
    let what = match (&changes.name, others(changes).as_slice()) {
        (Some(name), []) => format!("{thing} renamed to \"{}\"", short(name.new)),
        (name, others) => {
            let name = name.as_ref().map(|_| "name");
            let fields: Vec<&str> = name.into_iter().chain(others.iter().copied()).collect();
            format!("{thing} details changed: {}", fields.join(", "))
        }
    };
    let place = said(" in group ", details.group.as_deref());
    let author = said(" by ", details.operator.as_deref());
    format!("{what}{place}{author}")
}

fn others(changes: &Changes<'_>) -> Vec<&'static str> {
    let fields = [
        ("introduction", &changes.introduction),
        ("notification", &changes.notification),
        ("avatar", &changes.face_url),
    ];
    fields.into_iter().filter_map(|(name, change)| change.is_some().then_some(name)).collect()
}

fn said(words: &str, text: Option<&str>) -> String {
    match text {
        Some(text) if !text.is_empty() => format!("{words}{}", short(text)),
        _ => String::new(),
    }
}

/// Cut first, so that an escape is never cut in two.
fn short(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", for_line(&text[..end])),
        None => for_line(text).into_owned(),
    }
}
