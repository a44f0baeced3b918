//! The documents: what they link to exists, and the map stays short.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::*;

fn documents() -> Vec<PathBuf> {
    let in_folder = |folder: &str| {
        let entries = fs::read_dir(repository(folder)).expect("read");
        entries.map(|entry| entry.expect("read").path()).collect::<Vec<_>>()
    };
    let mut files = vec![repository("README.md"), repository("tests/faults/README.md")];
    files.extend(in_folder("docs"));
    files.extend(in_folder("docs/decisions"));
    files.retain(|path| path.extension().is_some_and(|end| end == "md"));
    files
}

/// The targets of links to other files.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(['#', ')']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut seen = 0;
    for file in documents() {
        let text = fs::read_to_string(&file).expect("read");
        let folder = file.parent().expect("a folder");
        for target in links(&text) {
            assert!(folder.join(target).exists(), "{}: {target} does not exist", file.display());
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} links");
}

#[test]
fn every_decision_is_listed_once_and_dated() {
    let list = fs::read_to_string(repository("docs/decisions/README.md")).expect("read");
    let listed: Vec<&str> = links(&list).filter(|target| !target.starts_with("..")).collect();
    let mut found = 0;
    for file in documents() {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        if file.parent() != Some(Path::new(&repository("docs/decisions"))) || name == "README.md" {
            continue;
        }
        assert_eq!(listed.iter().filter(|target| **target == name).count(), 1, "{name}");
        let text = fs::read_to_string(&file).expect("read");
        let date = text.lines().nth(2).expect("a date");
        assert!(date.starts_with(&name[..10]), "{name}: {date}");
        for part in ["**Context.**", "**Decision.**", "**Consequences.**"] {
            assert!(text.contains(part), "{name}: no {part}");
        }
        found += 1;
    }
    assert_eq!(listed.len(), found);
}

#[test]
fn the_map_has_fewer_than_150_lines() {
    let map = fs::read_to_string(repository("docs/ARCHITECTURE.md")).expect("read");
    assert!(map.lines().count() < 150, "{} lines", map.lines().count());
}
