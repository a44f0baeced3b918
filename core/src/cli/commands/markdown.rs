//! All commands as a reference page.

use std::fmt::Write as _;

use super::{Known, families, kind, phase, several_sources};
use crate::catalogue::{CommandSpec, FieldKind, FieldSpec};
use crate::cli::output::{json_line, one_line};
use crate::program::{program_name, renamed};

const HEAD: &str = "\
# Commands

What the IM system can call, written by `switchhook commands --markdown`. `switchhook commands NAME` shows one of these in a terminal,
`switchhook send NAME` sends its sample to a running server, `switchhook commands NAME --schema` prints the JSON Schema of its body.

How to read it:

- **before**: the sender waits, and what a handler answers decides. **after**: it has happened; with **answered** the reply matters all
  the same.
- A field is there **always**, **sometimes**, or was seen though it is **undocumented**. `A.B` is the field `B` of the object `A`, `A[].B`
  that of each object in the list `A`. Fields marked **personal** tell something about a person.
- Any field may be missing, numbers may come as text and the other way round, one item in place of a list, and fields that are not listed
  here are kept and passed on as they came.
- Every before-command can be allowed; its table has what can be answered beside that.
";

/// The page, with a table of contents.
pub(super) fn text(all: &[Known]) -> String {
    let mut page = renamed(HEAD, program_name());
    let families = families(all);
    page.push_str("\n## Contents\n");
    for (family, members) in &families {
        _ = writeln!(
            page,
            "\n**{}**\n\n| command | phase | what happened |\n|---|---|---|",
            cell(family)
        );
        for one in members {
            let name = &one.spec.name;
            let (link, title) = (anchor(name), cell(&one.spec.title));
            _ = writeln!(page, "| [{}](#{link}) | {} | {title} |", cell(name), phase(one));
        }
    }
    let by = several_sources(all);
    for (family, members) in &families {
        _ = writeln!(page, "\n## {}", cell(family));
        for one in members {
            command(&mut page, one, by);
        }
    }
    page
}

fn command(page: &mut String, known: &Known, by: bool) {
    let spec = &known.spec;
    _ = writeln!(page, "\n### {}\n", cell(&spec.name));
    let titles: Vec<_> = spec.titles.iter().map(|(_, title)| *title).collect();
    let titles: Vec<_> = std::iter::once(&*spec.title).chain(titles).map(cell).collect();
    _ = writeln!(
        page,
        "{} · {} · [documentation]({})",
        titles.join(" · "),
        phase(known),
        url(&spec.doc)
    );
    if by {
        _ = writeln!(page, "\nKnown to {}.", known.sources.join(", "));
    }
    if !spec.about.is_empty() {
        _ = writeln!(page, "\n{}", cell(&spec.about));
    }
    fields(page, "field", spec.fields);
    answers(page, spec);
    fields(page, "field of the reply", spec.reply_fields);
    keys(page, spec);
    sample(page, spec);
}

fn fields(page: &mut String, what: &str, fields: &[FieldSpec]) {
    if fields.is_empty() {
        return;
    }
    _ = writeln!(page, "\n| {what} | type | there | meaning |\n|---|---|---|---|");
    rows(page, "", fields);
}

fn rows(page: &mut String, at: &str, fields: &[FieldSpec]) {
    for field in fields {
        let path = format!("{at}{}", field.name);
        let personal = if field.personal { ", **personal**" } else { "" };
        let (kind, there) = (kind(&field.kind), field.presence.as_str());
        let about = cell(field.about);
        _ = writeln!(page, "| {} | {kind} | {there}{personal} | {about} |", code(&path));
        rows(page, &format!("{path}{}.", brackets(&field.kind)), field.kind.fields());
    }
}

fn brackets(kind: &FieldKind) -> String {
    match kind {
        FieldKind::List(item) => format!("[]{}", brackets(item)),
        _ => String::new(),
    }
}

fn answers(page: &mut String, spec: &CommandSpec) {
    if spec.answers.is_empty() {
        return;
    }
    page.push_str("\n| answer | how it is said |\n|---|---|\n");
    for answer in &spec.answers {
        _ = writeln!(page, "| {} | {} |", answer.verdict.as_str(), cell(&answer.says));
    }
}

fn keys(page: &mut String, spec: &CommandSpec) {
    let key: Vec<String> = spec.natural_key.iter().map(|name| code(name)).collect();
    let same = match key.is_empty() {
        true => "cannot be told from a second event".to_owned(),
        false => format!("told by {}", key.join(", ")),
    };
    let order =
        spec.ordering_key.map_or_else(|| "none".to_owned(), |key| format!("by {}", cell(key)));
    _ = writeln!(page, "\nRepetitions: {same}. Order: {order}.");
}

fn sample(page: &mut String, spec: &CommandSpec) {
    let Some(sample) = &spec.sample else { return };
    // A fence is longer than any row of backticks inside.
    let mut fence = "```".to_owned();
    while sample.contains(&fence) {
        fence.push('`');
    }
    let lines: Vec<String> = sample.trim().lines().map(json_line).collect();
    _ = writeln!(page, "\n{fence}json\n{}\n{fence}", lines.join("\n"));
}

/// Text as one line of a table or paragraph: what would be markup is escaped, except code in backticks.
fn cell(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = one_line(&words);
    let parts: Vec<&str> = words.split('`').collect();
    let mut safe = String::with_capacity(words.len());
    for (i, part) in parts.iter().enumerate() {
        // The last backtick of an odd number opens nothing.
        let paired = i + 1 < parts.len() || i % 2 == 0;
        match (i % 2, paired) {
            (0, _) => safe.push_str(&plain(part)),
            (_, true) => safe.push_str(&code(part)),
            (_, false) => _ = write!(safe, "\\`{}", plain(part)),
        }
    }
    safe
}

fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '|' | '<' | '>' | '*' | '_' | '[' | ']' | '&' | '#') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

/// Code in a table; a bar would end the cell even there.
fn code(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "'").replace('|', "\\|"))
}

/// An address inside of brackets.
fn url(text: &str) -> String {
    let part = |c: char| match c {
        '(' | ')' | '<' | '>' | '\\' | ' ' | '|' => format!("%{:02X}", u32::from(c)),
        c => c.to_string(),
    };
    one_line(text).chars().map(part).collect()
}

/// What a page of this kind calls a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_cell_or_become_markup() {
        let check = |text: &str, expected: &str| assert_eq!(cell(text), expected, "{text}");
        check("a | b\nc", "a \\| b c");
        check("`To|_Account` and From_Account", "`To\\|_Account` and From\\_Account");
        check("one ` alone | <b>", "one \\` alone \\| \\<b\\>");
        check("`x` then ` y", "`x` then \\` y");
        check("[a](b) *c* &lt; #1 \\", "\\[a\\](b) \\*c\\* \\&lt; \\#1 \\\\");
        check("a\u{202e}b", "a\\\\u{202e}b");
    }

    #[test]
    fn an_address_cannot_leave_its_brackets() {
        assert_eq!(url("https://x.example/a_(b) c|d"), "https://x.example/a_%28b%29%20c%7Cd");
    }

    #[test]
    fn a_link_leads_to_its_heading() {
        assert_eq!(anchor("Group.CallbackAfterTopic-Info_1 x"), "groupcallbackaftertopic-info_1-x");
    }
}
