//! Where the command line writes: data to standard output, messages to standard error.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::ValueEnum;
use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use dialoguer::console::Term;
use serde::Serialize;
use switchhook_api::escape;
pub(super) use switchhook_api::escape::for_shell;
use switchhook_engine::config::HumanDuration;
use textwrap::{Options, WordSplitter};

use super::Failed;

/// Seconds of a day.
const DAY: u64 = 24 * 3600;
/// Paragraphs are no wider, however wide the terminal is.
const TEXT_WIDTH: usize = 100;
/// Spaces between two columns.
const GAP: u16 = 2;
/// A last column with less room is not wrapped: its rows would become towers.
const LAST_MIN: u16 = 24;

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Writes data, with a line break.
pub(super) fn line(text: &str) -> io::Result<()> {
    bytes(text.as_bytes())
}

/// Prints what is about to be done. Where that fails, nothing is done, and the command fails.
pub(super) fn announce(text: &str) -> Result<(), Failed> {
    line(text).map_err(|error| {
        Failed::io(format!("nothing was changed: cannot write to standard output: {error}"))
    })
}

/// Writes data of ours as JSON.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Writes data from outside, with a line break: into a file or pipe as it came, on a terminal without what could steer it.
pub(super) fn print_untrusted(data: &[u8]) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        return bytes(data);
    }
    let text = String::from_utf8_lossy(data);
    let lines: Vec<_> = text.lines().map(escape::for_line).collect();
    line(&lines.join("\n"))
}

fn bytes(data: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(data)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Writes a message for a person.
pub(super) fn message(text: &str) {
    // If standard error is closed, there is no other place for it.
    _ = writeln!(io::stderr().lock(), "{text}");
}

/// A number and what it counts.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

/// A time in days, if it is some whole days; else in hours and less.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / DAY, seconds % DAY) {
        (days @ 2.., 0) => format!("{days} days"),
        _ => HumanDuration(time).to_string(),
    }
}

/// Text from outside as part of one line.
pub(super) fn one_line(text: &str) -> String {
    escape::for_line(text).into_owned()
}

/// JSON from outside as one line with the same content.
pub(super) fn json_line(json: &str) -> String {
    escape::for_json_line(json).into_owned()
}

/// A paragraph as lines of at most `width` characters, or of the terminal's width; only a longer word makes a longer line.
/// The first line is indented by the first of `indents`, the others by the second.
pub(super) fn wrapped(text: &str, indents: [usize; 2]) -> String {
    let text = one_line(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let [first, other] = indents.map(|count| " ".repeat(count));
    let width = terminal_width().map_or(TEXT_WIDTH, |width| TEXT_WIDTH.min(width.into()));
    let options = Options::new(width).break_words(false).word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(&text, options.initial_indent(&first).subsequent_indent(&other))
}

/// A table without borders. On a terminal its last column is wrapped; a program gets one line for each row.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    arranged(rows, terminal_width())
}

fn arranged<const N: usize>(rows: &[[String; N]], width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).add_rows(rows);
    let mut fixed = 0;
    let widths = table.column_max_content_widths();
    for (column, content) in table.column_iter_mut().zip(&widths).take(N.saturating_sub(1)) {
        column.set_padding((0, GAP)).set_constraint(ColumnConstraint::ContentWidth);
        fixed += content + GAP;
    }
    if let Some(last) = table.column_mut(N.saturating_sub(1)) {
        last.set_padding((0, 0));
    }
    if let Some(width) = width.filter(|width| *width >= fixed.saturating_add(LAST_MIN)) {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table.trim_fmt()
}

/// The width of the terminal that standard output is; none where it is a file or pipe.
fn terminal_width() -> Option<u16> {
    if cfg!(test) {
        return None; // wherever they run
    }
    Term::stdout().size_checked().map(|(_, width)| width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_word_as_it_was() {
        for text in ["config.toml", "", "a b", "it's", "$(id)", "Group.*", "`x`;y", "é"] {
            let printed = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", for_shell(text))])
                .output()
                .expect("a shell");
            assert_eq!(String::from_utf8_lossy(&printed.stdout), text);
        }
        assert_eq!(for_shell("/etc/switchhook/config.toml"), "/etc/switchhook/config.toml");
    }

    #[test]
    fn a_table_is_wrapped_on_a_terminal_only() {
        let rows = [["NAME", "REASON"], ["群组", "the target answered with 503"], ["b", ""]]
            .map(|row| row.map(str::to_owned));
        let plain = "NAME  REASON\n群组  the target answered with 503\nb";
        assert_eq!(arranged(&rows, None), plain);
        assert_eq!(arranged(&rows, Some(80)), plain);
        let wrapped = "NAME  REASON\n群组  the target answered with\n      503\nb";
        assert_eq!(arranged(&rows, Some(32)), wrapped);
        assert_eq!(arranged(&rows, Some(29)), plain, "too narrow to wrap");
        assert_eq!(arranged::<2>(&[], None), "");
    }

    #[test]
    fn a_paragraph_is_one_text_with_its_control_characters_escaped() {
        assert_eq!(wrapped("a\n b\u{1b}[31m", [2, 4]), "  a b\\u{1b}[31m");
        let long = ["x".repeat(60), "y".repeat(120), "z".to_owned()];
        let lines = format!("  {}\n    {}\n    z", long[0], long[1]);
        assert_eq!(wrapped(&long.join(" "), [2, 4]), lines);
    }

    #[test]
    fn whole_days_are_told_as_days() {
        let check = |seconds, expected| assert_eq!(time(Duration::from_secs(seconds)), expected);
        check(7 * DAY, "7 days");
        check(DAY, "24h");
        check(2 * DAY + 3600, "49h");
        check(90, "1m 30s");
    }
}
