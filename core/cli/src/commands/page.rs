//! One command on a page.

use std::fmt::Write as _;

use switchhook_api::{CommandSpec, FieldSpec};

use super::{Known, kind, phase};
use crate::output::{json_line, one_line, wrapped};

/// All that is known of a command.
pub(super) fn text(known: &Known) -> String {
    let spec = &known.spec;
    let mut page = String::new();
    line(&mut page, 0, &format!("{} ({}): {}", spec.name, phase(known), spec.title));
    for (language, title) in &spec.titles {
        line(&mut page, 0, &format!("{language}: {title}"));
    }
    line(&mut page, 0, &format!("known to {}", known.sources.join(", ")));
    line(&mut page, 0, &spec.doc);
    if !spec.about.is_empty() {
        page.push('\n');
        paragraph(&mut page, 0, &spec.about);
    }
    fields(&mut page, "Fields", spec.fields);
    answers(&mut page, spec);
    keys(&mut page, spec);
    if let Some(sample) = &spec.sample {
        page.push_str("\nSample:\n");
        for part in sample.lines() {
            _ = writeln!(page, "  {}", json_line(part));
        }
    }
    page
}

fn fields(page: &mut String, title: &str, fields: &[FieldSpec]) {
    if fields.is_empty() {
        return;
    }
    _ = writeln!(page, "\n{title}:");
    tree(page, fields, 2);
}

fn tree(page: &mut String, fields: &[FieldSpec], indent: usize) {
    for field in fields {
        let personal = if field.personal { ", personal" } else { "" };
        let (kind, presence) = (kind(&field.kind), field.presence.as_str());
        line(page, indent, &format!("{}: {kind}, {presence}{personal}", field.name));
        paragraph(page, indent + 4, field.about);
        tree(page, field.kind.fields(), indent + 4);
    }
}

fn answers(page: &mut String, spec: &CommandSpec) {
    page.push('\n');
    page.push_str(match (spec.is_decided(), spec.answers.is_empty()) {
        (false, _) => "The event has happened: the answer has no effect.\n",
        (true, true) => "It can only be allowed.\n",
        (true, false) if spec.answered => {
            "The event has happened, but the answer matters. Possible answers:\n"
        }
        (true, false) => "Allowed, unless a handler answers:\n",
    });
    for answer in &spec.answers {
        let verdict = answer.verdict.as_str();
        let said = match answer.says.is_empty() {
            true => verdict.to_owned(),
            false => format!("{verdict}: {}", answer.says),
        };
        _ = writeln!(page, "{}", wrapped(&said, [2, 6]));
    }
    fields(page, "Fields of the reply", spec.reply_fields);
}

fn keys(page: &mut String, spec: &CommandSpec) {
    page.push('\n');
    let key = spec.natural_key.join(", ");
    match key.is_empty() {
        true => page.push_str("Repetitions cannot be recognized.\n"),
        false => paragraph(page, 0, &format!("Repetitions are recognized by {key}.")),
    }
    match spec.ordering_key {
        None => page.push_str("Events have no order.\n"),
        Some(key) => line(page, 0, &format!("Ordered by {key}.")),
    }
}

fn paragraph(page: &mut String, indent: usize, text: &str) {
    // Writing into a string does not fail.
    _ = writeln!(page, "{}", wrapped(text, [indent; 2]));
}

fn line(page: &mut String, indent: usize, said: &str) {
    _ = writeln!(page, "{:indent$}{}", "", one_line(said));
}
