//! A program of one's own, and what README tells of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::*;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The block of README in a language that holds a line.
pub fn readme_block(language: &str, line: &str) -> String {
    let readme = fs::read_to_string(repository("README.md")).expect("there");
    let mut blocks = readme.split("\n```").filter_map(|block| block.strip_prefix(language));
    let found = blocks.find(|block| block.lines().any(|one| one == line));
    found.unwrap_or_else(|| panic!("no block with {line}")).to_owned()
}

#[test]
fn it_goes_by_its_own_name() {
    let folder = folder_with(CONFIG);
    let say = |path: &Path, words: &str| {
        let (out, err) =
            text(&program(path, folder.path()).args(words.split(' ')).output().expect("ran"));
        out + &err
    };
    let (own, ours) =
        (example("custom_handler"), Path::new(env!("CARGO_BIN_EXE_switchhook")).to_owned());
    assert_eq!(say(&ours, "--version"), format!("switchhook {VERSION}\n"));
    let version = format!("custom_handler {VERSION} (switchhook {VERSION})\n");
    assert_eq!(say(&own, "--version"), version);
    for (words, expected) in [
        ("--help", "Usage: PROGRAM [OPTIONS]"),
        ("--help", "\n  PROGRAM send Group.CallbackAfterTopicInfoChanged"),
        ("--no-such-flag", "Usage: PROGRAM [OPTIONS]"),
        ("journal prune --help", "\n  PROGRAM journal prune --dry-run"),
        ("plugins", "`PROGRAM plugins NAME` shows"),
        ("commands", "`PROGRAM commands NAME` shows"),
        ("commands no.such", "; `PROGRAM commands` lists all"),
        ("--config gone.toml check", "`PROGRAM plugins NAME` prints"),
        (
            "send Group.CallbackAfterTopicInfoChanged --url http://127.0.0.1:1/",
            "; start `PROGRAM` first",
        ),
        ("completions bash", "complete -F _PROGRAM"),
    ] {
        for (path, name) in [(&own, "custom_handler"), (&ours, "switchhook")] {
            let (said, expected) = (say(path, words), expected.replace("PROGRAM", name));
            assert!(said.contains(&expected), "{words}: no {expected} in:\n{said}");
        }
        let said = say(&own, words);
        let other = said.split_whitespace().find(|word| word.trim_matches('`') == "switchhook");
        assert_eq!(other, None, "{words}:\n{said}");
    }
}

/// Resolved as cargo does before it builds, from what this machine has.
#[test]
fn the_readmes_manifest_is_good() {
    let manifest = readme_block("toml", "[dependencies]");
    let (from, to) =
        (manifest.find("git = ").expect("an address"), manifest.find(" }").expect("its end"));
    let here = format!("path = {:?}", env!("CARGO_MANIFEST_DIR"));
    let manifest = [&manifest[..from], &here, &manifest[to..]].concat();
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    let package = "[package]\nname = \"my-switchhook\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    write("Cargo.toml", &format!("{package}{manifest}"));
    fs::create_dir(folder.path().join("src")).expect("made");
    write("src/main.rs", &readme_block("rust,no_run", "switchhook::main!();"));
    fs::copy(repository("Cargo.lock"), folder.path().join("Cargo.lock")).expect("copied");
    let resolved = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--offline",
            "--format-version",
            "1",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(folder.path())
        .output()
        .expect("ran");
    let (out, err) = text(&resolved);
    assert!(resolved.status.success(), "{err}");
    let all: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let packages = all["packages"].as_array().expect("a list");
    for name in ["my-switchhook", "switchhook", "switchhook-plugins"] {
        assert!(packages.iter().any(|package| package["name"] == name), "{name}");
    }
}

/// What a program of one's own has to repeat, for cargo takes it from nowhere else.
#[test]
fn the_readme_repeats_profile_and_environment() {
    let has = |file: &str, heading: &str, line: &str| {
        let text = fs::read_to_string(repository(file)).expect("there");
        let table = text.split(heading).nth(1).expect("its table").split("\n[").next();
        let mut lines = table.expect("its lines").lines();
        assert!(lines.any(|one| one.split(" #").next() == Some(line)), "{file}: no {line}");
    };
    let mut seen = 0;
    for (file, heading) in [("Cargo.toml", "[profile.release]"), (".cargo/config.toml", "[env]")] {
        let block = readme_block("toml", heading);
        let lines = block.split(heading).nth(1).expect("its lines").lines();
        for line in lines.filter(|line| !line.is_empty()) {
            has(file, heading, line);
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn readme_and_shipped_configuration_take_callbacks_at_the_same_path() {
    let path = |text: &str| {
        let table = text.split("\n[sources.tencent]\n").nth(1).expect("the source");
        let line = table.lines().find(|line| line.starts_with("path = ")).expect("its path");
        line.split(" #").next().map(|line| line.trim().to_owned())
    };
    assert_eq!(path(&readme_block("toml", "[server]")), path(&shipped()));
}
