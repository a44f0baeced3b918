//! All commands, a line for each.

use super::{Known, families, phase, several_sources};
use crate::cli::output::{columns, counted, one_line};

/// The commands by family.
pub(super) fn text(all: &[Known]) -> String {
    let families = families(all);
    let shared = several_sources(all);
    let row = |one: &&Known| {
        let by = if shared { format!(" ({})", one.sources.join(", ")) } else { String::new() };
        let title = one_line(&format!("{}{by}", one.spec.title));
        [format!("  {}", one_line(&one.spec.name)), phase(one), title]
    };
    let rows: Vec<[String; 3]> =
        families.iter().flat_map(|(_, members)| members.iter().map(row)).collect();
    let table = columns(&rows);
    let mut lines = table.lines();
    let block = |(family, members): &(&str, Vec<&Known>)| {
        let own: Vec<&str> = lines.by_ref().take(members.len()).collect();
        format!("{}\n{}\n", one_line(family), own.join("\n"))
    };
    let blocks: Vec<String> = families.iter().map(block).collect();
    let count = counted(all.len() as u64, "command", "commands");
    format!("{}\n{count}", blocks.join("\n"))
}
