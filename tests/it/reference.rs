//! `docs/commands.md`: the catalogue as a page, made from what `switchhook commands --json` prints.

use std::fmt::Write as _;

use serde_json::Value;

const HEAD: &str = "\
# Commands

The callbacks that the IM system can send. This page is generated from the catalogue, and a test compares the two. In a terminal,
`switchhook commands NAME` shows one of them, `switchhook send NAME` sends its sample to a running server, and
`switchhook commands NAME --schema` prints the JSON Schema of its body.

How to read it:

- **before**: the sender waits for the reply, and a handler decides. **after**: the event has happened; with **answered** the reply matters
  nevertheless.
- A field is present **always** or **sometimes**, or was observed although it is **undocumented**. `A.B` is the field `B` of the object `A`,
  `A[].B` that of each object in the list `A`. Fields marked **personal** contain personal data.
- Any field may be missing, numbers may arrive as text and text as numbers, and a single item in place of a list. Fields that are not
  listed here are preserved and passed on unchanged.
- Every before-command can be allowed; its table lists the other possible answers.
";

/// The page; `sample` gives the sample of a command as it stands in the catalogue.
pub fn page(commands: &[Value], sample: impl Fn(&str) -> String) -> String {
    let mut page = HEAD.to_owned();
    let families = families(commands);
    page.push_str("\n## Contents\n");
    for (family, members) in &families {
        let head = "| command | phase | event |\n|---|---|---|";
        writeln!(page, "\n**{}**\n\n{head}", cell(family)).unwrap();
        for one in members {
            let (name, link) = (text(one, "name"), anchor(text(one, "name")));
            let (phase, title) = (phase(one), cell(text(one, "title")));
            writeln!(page, "| [{}](#{link}) | {phase} | {title} |", cell(name)).unwrap();
        }
    }
    for (family, members) in &families {
        writeln!(page, "\n## {}", cell(family)).unwrap();
        for one in members {
            command(&mut page, one, &sample(text(one, "name")));
        }
    }
    page
}

/// The commands by family, in the order of the families' first ones.
fn families(commands: &[Value]) -> Vec<(&str, Vec<&Value>)> {
    let mut families: Vec<(&str, Vec<&Value>)> = Vec::new();
    for one in commands {
        match families.iter_mut().find(|(name, _)| *name == text(one, "family")) {
            Some((_, members)) => members.push(one),
            None => families.push((text(one, "family"), vec![one])),
        }
    }
    families
}

fn command(page: &mut String, one: &Value, sample: &str) {
    writeln!(page, "\n### {}\n", cell(text(one, "name"))).unwrap();
    let titles = one["titles"].as_object().expect("titles").values();
    let titles = [&one["title"]].into_iter().chain(titles);
    let titles: Vec<String> = titles.map(|title| cell(title.as_str().expect("a title"))).collect();
    let (titles, phase, doc) = (titles.join(" · "), phase(one), url(text(one, "doc")));
    writeln!(page, "{titles} · {phase} · [documentation]({doc})").unwrap();
    if !text(one, "about").is_empty() {
        writeln!(page, "\n{}", cell(text(one, "about"))).unwrap();
    }
    fields(page, "field", &one["fields"]);
    if !list(&one["answers"]).is_empty() {
        page.push_str("\n| answer | how it is expressed |\n|---|---|\n");
    }
    for answer in list(&one["answers"]) {
        let (verdict, says) = (text(answer, "verdict"), cell(text(answer, "says")));
        writeln!(page, "| {verdict} | {says} |").unwrap();
    }
    fields(page, "field of the reply", &one["reply_fields"]);
    let key: Vec<String> =
        list(&one["natural_key"]).iter().map(|name| code(name.as_str().expect("a name"))).collect();
    let same = match key.is_empty() {
        true => "cannot be recognized".to_owned(),
        false => format!("recognized by {}", key.join(", ")),
    };
    let order = one["ordering_key"].as_str().map(|key| format!("by {}", cell(key)));
    let order = order.as_deref().unwrap_or("none");
    writeln!(page, "\nRepetitions: {same}. Order: {order}.").unwrap();
    writeln!(page, "\n```json\n{sample}\n```").unwrap();
}

fn fields(page: &mut String, what: &str, fields: &Value) {
    if !list(fields).is_empty() {
        let rule = "|---|---|---|---|";
        writeln!(page, "\n| {what} | type | present | meaning |\n{rule}").unwrap();
        rows(page, "", fields);
    }
}

fn rows(page: &mut String, at: &str, fields: &Value) {
    for field in list(fields) {
        let path = format!("{at}{}", text(field, "name"));
        let personal = if field["personal"] == true { ", **personal**" } else { "" };
        let (kind, present) = (kind(field), text(field, "presence"));
        let about = cell(text(field, "about"));
        writeln!(page, "| {} | {kind} | {present}{personal} | {about} |", code(&path)).unwrap();
        let (mut inner, mut below) = (field, path);
        while inner["items"].is_object() {
            (inner, below) = (&inner["items"], format!("{below}[]"));
        }
        if inner["fields"].is_array() {
            rows(page, &format!("{below}."), &inner["fields"]);
        }
    }
}

fn kind(field: &Value) -> String {
    match text(field, "type") {
        "integer" => "whole number".into(),
        "seconds" => "time in seconds".into(),
        "milliseconds" => "time in milliseconds".into(),
        "boolean" => "true or false".into(),
        "any" => "anything".into(),
        "list" => format!("list of {}", items(&field["items"])),
        other => other.into(),
    }
}

fn items(item: &Value) -> String {
    match text(item, "type") {
        "integer" => "whole numbers".into(),
        "seconds" => "times in seconds".into(),
        "milliseconds" => "times in milliseconds".into(),
        "object" => "objects".into(),
        "list" => format!("lists of {}", items(&item["items"])),
        _ => kind(item),
    }
}

fn phase(command: &Value) -> String {
    let answered = if command["answered"] == true { ", answered" } else { "" };
    format!("{}{answered}", text(command, "phase"))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is not text in {value}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// Text as one line of a table or paragraph: markup is escaped, except code in backticks.
fn cell(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words.matches('`').count() % 2, 0, "an open backtick: {words}");
    let part = |(i, part): (usize, &str)| if i % 2 == 0 { plain(part) } else { code(part) };
    words.split('`').enumerate().map(part).collect()
}

fn plain(text: &str) -> String {
    let escaped = |c: char| match c {
        '\\' | '|' | '<' | '>' | '*' | '_' | '[' | ']' | '&' | '#' => format!("\\{c}"),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Code in a table; a bar would end the cell even there.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// An address inside of brackets.
fn url(text: &str) -> String {
    text.replace('(', "%28").replace(')', "%29")
}

/// The name of a heading in a link.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}
