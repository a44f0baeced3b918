//! All commands, a line for each.

use super::{Known, families, phase, several_sources};
use crate::output::{columns, counted, one_line};

/// The commands by family.
pub(super) fn text(all: &[Known]) -> String {
    let shared = several_sources(all);
    let row = |one: &&Known| {
        let by = if shared { format!(" ({})", one.sources.join(", ")) } else { String::new() };
        let title = one_line(&format!("{}{by}", one.spec.title));
        [format!("  {}", one_line(&one.spec.name)), phase(one), title]
    };
    let mut rows: Vec<[String; 3]> = Vec::new();
    for (family, members) in families(all) {
        rows.push([one_line(family), String::new(), String::new()]);
        rows.extend(members.iter().map(row));
        rows.push(Default::default());
    }
    format!("{}\n{}", columns(&rows), counted(all.len() as u64, "command", "commands"))
}
