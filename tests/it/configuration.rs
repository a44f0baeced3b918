//! What a person reads whose configuration is wrong.

use crate::harness::*;
use crate::own_program::readme_block;

#[test]
fn five_mistakes_are_five_messages_and_nothing_is_opened() {
    let folder = folder_with(
        r#"[server]
lisen = "127.0.0.1:0"

[journal]
options.path = "journal"

[sources.tencent]
plugin = "tencent-in"

[handlers.topics]
plugin = "topic-info-changed"
actions = ["audti"]

[actions.audit]
plugin = "file"
timeout = "soon"
options.path = "topics.jsonl"
options.fsink = "every"
"#,
    );
    let served = switchhook(folder.path()).output().expect("ran");
    let (_, err) = text(&served);
    assert_eq!(served.status.code(), Some(78), "{err}");
    let expected = [
        ("config.toml:2: server.lisen: ", "did you mean `listen`?"),
        ("config.toml:8: sources.tencent.plugin: ", "did you mean `tencent-im`?"),
        ("config.toml:12: handlers.topics.actions.0: ", "did you mean `audit`?"),
        ("config.toml:16: actions.audit.timeout: ", "write one like"),
        ("config.toml:18: actions.audit.options.fsink: ", "did you mean `fsync`?"),
    ];
    for (start, hint) in expected {
        let line = err
            .lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("no {start} in:\n{err}"));
        assert!(line.contains(hint), "{line}");
    }
    assert!(err.contains("5 mistakes"), "{err}");
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).expect("read").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["config.toml"], "nothing was opened");
}

#[test]
fn the_shipped_configuration_is_good_as_it_is() {
    let folder = folder_with(&shipped());
    let checked = switchhook(folder.path()).arg("check").output().expect("ran");
    let (out, err) = text(&checked);
    assert!(checked.status.success(), "{err}");
    assert!(out.contains("The configuration is good"), "{out}");
}

#[test]
fn the_readmes_configuration_is_good_as_it_stands() {
    let folder = folder_with(&readme_block("toml", "[server]"));
    let checked = switchhook(folder.path()).arg("check").output().expect("ran");
    let (_, err) = text(&checked);
    assert!(checked.status.success(), "{err}");
    assert!(err.is_empty(), "{err}");
}

#[test]
fn strangers_on_a_public_address_are_refused_before_anything_is_opened() {
    let folder = folder_with(
        &CONFIG.replace("listen = \"127.0.0.1:0\"\n[admin]", "listen = \"0.0.0.0:0\"\n[admin]"),
    );
    let served = switchhook(folder.path()).output().expect("ran");
    let (_, err) = text(&served);
    assert_eq!(served.status.code(), Some(78), "{err}");
    assert!(err.contains("allow_unsigned"), "{err}");
    assert!(!folder.path().join("topics.jsonl").exists());
}
