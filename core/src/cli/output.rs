//! Where the command line writes: data to standard output, messages to standard error.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use crate::config::Period;
use crate::escape;
pub(super) use crate::escape::{for_shell as word, quoted};

use super::Failed;

/// Seconds of a day.
const DAY: u64 = 24 * 3600;

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

/// Says what is going to be done. Where it cannot be said, it is not done, and that is no success.
pub(super) fn foretell(text: &str) -> Result<(), Failed> {
    line(text).map_err(|error| {
        Failed::io(format!("nothing was done: cannot write to standard output: {error}"))
    })
}

/// Writes data of ours as JSON.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Writes data from outside, with a line break: into a file or pipe as it came, on a terminal without what could steer it.
pub(super) fn foreign(data: &[u8]) -> io::Result<()> {
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
    // With standard error gone there is nobody left to tell.
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
        _ => Period(time).to_string(),
    }
}

/// Text from outside as part of one line.
pub(super) fn one_line(text: &str) -> String {
    escape::for_line(text).into_owned()
}

/// JSON from outside as one line that says the same.
pub(super) fn json_line(json: &str) -> String {
    escape::for_json_line(json).into_owned()
}

/// Breaks a text into lines of at most `width` characters, longer words excepted.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(last) = lines.last_mut() else { break };
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// A table without lines: columns as wide as their longest cell, the last one as it is.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let row = |cells: &[String; N]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_word_as_it_was() {
        for text in ["config.toml", "", "a b", "it's", "$(id)", "Group.*", "`x`;y", "é"] {
            let printed = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", word(text))])
                .output()
                .expect("a shell");
            assert_eq!(String::from_utf8_lossy(&printed.stdout), text);
        }
        assert_eq!(word("/etc/switchhook/config.toml"), "/etc/switchhook/config.toml");
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
