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
    assert!(err.contains("5 configuration errors;"), "{err}");
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
    assert!(out.contains("The configuration is valid"), "{out}");
}

/// One unknown key in each table, to be answered with the known ones.
const UNKNOWN: &str = r#"
[server]
zz = 1
[server.limits]
zz = 1
[admin]
zz = 1
[journal]
zz = 1
options.path = "journal"
[sources.s]
plugin = "tencent-im"
zz = 1
[sources.s.options.apps.main]
sdk_app_id = 1
[handlers.h]
plugin = "forward"
actions = ["a"]
zz = 1
[actions.a]
plugin = "log"
zz = 1
retry.zz = 1
circuit_breaker.zz = 1
"#;

#[test]
fn the_shipped_configuration_shows_every_key() {
    let shipped = shipped();
    let section = |role: &str| {
        let (mut text, mut inside) = (String::new(), false);
        for line in shipped.lines() {
            if let Some(header) = line.strip_prefix('[') {
                inside = header.split(['.', ']']).next() == Some(role);
                text.push_str(if inside { header } else { "" });
            }
            text.extend(inside.then(|| format!("{line}\n")));
        }
        text
    };
    let folder = folder_with(UNKNOWN);
    let said = text(&switchhook(folder.path()).arg("check").output().expect("ran")).1;
    let (mut tables, mut seen) = (0, 0);
    for line in said.lines().filter(|line| line.contains(".zz: ")) {
        let (place, known) = line.split_once("known keys: ").expect("known keys");
        let role = place.split(' ').nth(1).and_then(|key| key.split('.').next()).expect("a key");
        let (section, keys) = (section(role), known.split('`').skip(1).step_by(2));
        tables += 1;
        for key in keys {
            let forms = [format!("{key} = "), format!("{key}."), format!("{key}]")];
            assert!(forms.iter().any(|form| section.contains(form)), "{role}: {key} in {section}");
            seen += 1;
        }
    }
    assert!(tables == 9 && seen > 50, "{tables} {seen}: {said}");
}

/// In the shipped file a key that is not set has no space behind its `#`.
#[test]
fn the_keys_that_the_shipped_configuration_only_shows_are_good_too() {
    let unset = |line: &&str| {
        line.strip_prefix('#').is_some_and(|rest| !rest.is_empty() && !rest.starts_with(' '))
    };
    let shown = shipped().lines().filter(unset).count();
    assert!(shown > 45, "{shown}");
    let all: String = shipped()
        .lines()
        .map(|line| if unset(&line) { format!("{}\n", &line[1..]) } else { format!("{line}\n") })
        .collect();
    let folder = folder_with(&all);
    let checked = switchhook(folder.path()).args(["check", "--offline"]).output().expect("ran");
    let (out, err) = text(&checked);
    assert!(checked.status.success(), "{out}{err}");
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

fn checked(folder: &std::path::Path, args: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = switchhook(folder);
    command.arg("check").args(args).envs(variables.iter().copied());
    let output = command.output().expect("ran");
    let (out, err) = text(&output);
    (output.status.code().expect("ended by itself"), format!("{err}{out}"))
}

#[test]
fn check_opens_secret_files_and_offline_leaves_them() {
    let more = "[actions.crm]\nplugin = \"webhook\"\noptions.url = \"https://crm.example.com/\"\noptions.secret_file = \"crm.secret\"\n";
    let tokens = "options.apps.main.sdk_app_id = 1400000000\noptions.apps.main.token_files = [\"one.token\", \"two.token\"]";
    let config = CONFIG.replace("options.apps.main.sdk_app_id = 1400000000", tokens);
    let folder = folder_with(&format!("{config}{more}"));
    let (code, said) = checked(folder.path(), &[], &[]);
    assert_eq!(code, 78, "{said}");
    let lines: Vec<&str> = said.lines().collect();
    for (start, file) in [
        ("config.toml:11: sources.tencent.options.apps.main.token_files.0: ", "one.token"),
        ("config.toml:11: sources.tencent.options.apps.main.token_files.1: ", "two.token"),
        ("config.toml:21: actions.crm.options.secret_file: ", "crm.secret"),
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(start) && line.contains(file)),
            "{start} in\n{said}"
        );
    }
    let served = switchhook(folder.path()).output().expect("ran");
    assert_eq!(served.status.code(), Some(78));
    assert!(text(&served).1.contains("config.toml:21: actions.crm.options.secret_file: "));
    let (code, said) = checked(folder.path(), &["--offline"], &[]);
    assert!(code == 0 && said.contains("secret files were not opened"), "{said}");
    for (name, secret) in [
        ("one.token", "a"),
        ("two.token", "b"),
        ("crm.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, secret).expect("written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("set");
    }
    let (code, said) = checked(folder.path(), &[], &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn two_that_write_one_file_are_refused_by_whatever_path() {
    const JOURNAL: &str = "the name matches those of files that belong to the journal";
    let name = |path: &str| format!("[actions.b]\nplugin = \"file\"\noptions.path = \"{path}\"\n");
    let folder = folder_with(CONFIG);
    let at = |path: &str| folder.path().join(path);
    std::fs::create_dir(at("logs")).expect("made");
    std::os::unix::fs::symlink(at("logs"), at("link")).expect("linked");
    let absolute = at("topics.jsonl").display().to_string();
    let taken = "the path is already used by actions.audit";
    let like = "the name matches those of files that belong to actions.audit";
    for (audit, other, expected) in [
        ("topics.jsonl", "topics.jsonl", Some(taken)),
        ("topics.jsonl", "./topics.jsonl", Some(taken)),
        ("topics.jsonl", "logs/../topics.jsonl", Some(taken)),
        ("topics.jsonl", &absolute, Some(taken)),
        ("logs/topics.jsonl", "link/topics.jsonl", Some(taken)),
        ("new/topics.jsonl", "new/x/../topics.jsonl", Some(taken)),
        ("topics.jsonl", "topics.jsonl.intent", Some(like)),
        ("topics.jsonl", "topics.20260102T030405.678Z.jsonl", Some(like)),
        ("topics.jsonl", "topics.20260102T030405.678Z.jsonl.gz", Some(like)),
        (
            "topics.20260102T030405.678Z.jsonl",
            "topics.jsonl",
            Some("the name matches those of files that belong to actions.b"),
        ),
        ("topics.jsonl", "journal/journal.sqlite", Some("the path is already used by the journal")),
        ("topics.jsonl", "journal/ballast", Some(JOURNAL)),
        ("topics.jsonl", "journal/journal.sqlite-wal", Some(JOURNAL)),
        ("topics.jsonl", "journal/topics.jsonl", None),
        ("topics.jsonl", "link/topics.jsonl", None),
        ("topics.jsonl", "topics.jsonl.gz", None),
        ("topics.jsonl", "topics.json", None),
        ("topics.jsonl", "journal2/x", None),
    ] {
        let config = CONFIG.replace("topics.jsonl", audit);
        std::fs::write(at("config.toml"), format!("{config}{}", name(other))).expect("written");
        let (code, said) = checked(folder.path(), &[], &[]);
        match expected {
            Some(expected) => {
                assert!(code == 78 && said.contains(expected), "{audit} {other}: {said}");
                assert!(
                    said.contains("options.path: ") && said.starts_with("config.toml:"),
                    "{said}"
                );
            }
            None => assert_eq!(code, 0, "{audit} {other}: {said}"),
        }
        let off = name(other).replace("plugin", "enabled = false\nplugin");
        std::fs::write(at("config.toml"), format!("{config}{off}")).expect("written");
        assert_eq!(checked(folder.path(), &[], &[]).0, 0, "what is disabled writes nothing");
    }
}

#[test]
fn variables_of_every_plugin_are_read_and_those_that_set_nothing_are_told() {
    let folder = folder_with(CONFIG);
    let check = |name: &str, value: &str, code: i32, expected: &str| {
        let (found, said) = checked(folder.path(), &[], &[(name, value)]);
        assert!(found == code && said.contains(expected), "{name}={value}: {found}\n{said}");
        assert!(!said.contains("hunter2"), "{said}");
    };
    let tokens = "SWITCHHOOK_SOURCES__TENCENT__OPTIONS__APPS__MAIN__TOKENS";
    check(tokens, "[\"hunter2,x\", \"b\"]", 0, "is valid");
    check(
        tokens,
        "hunter2,x",
        78,
        &format!(
            "variable {tokens}: sources.tencent.options.apps.main.tokens: expected a list in TOML syntax"
        ),
    );
    check(
        tokens,
        "",
        0,
        &format!(
            "warning: variable {tokens}: sources.tencent.options.apps.main.tokens: the variable is empty"
        ),
    );
    check("SWITCHHOOK_ACTIONS__AUDIT__OPTIONS__ROTATE", "{ size = \"1 MiB\" }", 0, "is valid");
    check(
        "SWITCHHOOK_ACTIONS__AUDIT__OPTIONS__PATH",
        " ",
        78,
        "actions.audit.options.path: the path is empty",
    );
    check("SWITCHHOOK_JOURNAL__OPTIONS__PATH", " ", 78, "journal.options.path: the path is empty");
    check("SWITCHHOOK_HANDLERS__TOPICS__OPTIONS__FIELDS", "[\"Name\"]", 0, "is valid");
    check("SWITCHHOOK_SERVER_LISTEN", "x", 78, "did you mean `SWITCHHOOK_SERVER__LISTEN`?");
    check("SWITCHHOOK_CONFIG", "", 0, "is valid");
    check("SWITCHHOOK_LOG", "", 0, "is valid");
    check("SWITCHHOOK_LISTEN_SECRET", "hunter2", 0, "is valid");
}

#[test]
fn a_file_in_another_encoding_is_told_with_its_line() {
    let folder = folder_with("");
    let write =
        |bytes: &[u8]| std::fs::write(folder.path().join("config.toml"), bytes).expect("written");
    write(b"\xff\xfe[\0s\0");
    assert!(checked(folder.path(), &[], &[]).1.contains("config.toml:1: the file is UTF-16"));
    write(b"[server]\n# caf\xe9\n");
    assert!(
        checked(folder.path(), &[], &[]).1.contains("config.toml:2: not UTF-8, from column 6 on")
    );
    write(format!("\u{feff}{CONFIG}").as_bytes());
    assert_eq!(checked(folder.path(), &[], &[]).0, 0);
}

#[test]
fn a_handler_that_only_makes_records_needs_actions() {
    let folder = folder_with(&format!("{CONFIG}[handlers.all]\nplugin = \"forward\"\n"));
    let (code, said) = checked(folder.path(), &[], &[]);
    let expected = "warning: config.toml:17: handlers.all: has no effect: the plugin `forward` only produces records";
    assert!(code == 0 && said.contains(expected), "{said}");
}

#[test]
fn secret_files_that_the_repository_names_are_ignored_by_git() {
    let ignored = std::fs::read_to_string(repository(".gitignore")).expect("there");
    let mut named = 0;
    for file in ["tests/fixtures/config.toml", "README.md", "examples/in_house/config.toml"] {
        let text = std::fs::read_to_string(repository(file)).expect("there");
        for line in
            text.lines().filter(|line| line.contains("_file = ") || line.contains("_files = "))
        {
            let list = line.split("_file").nth(1).unwrap_or_default();
            for name in list.split('"').skip(1).step_by(2).filter(|name| !name.starts_with('$')) {
                let end = name.rsplit('.').next().unwrap_or_default();
                assert!(ignored.lines().any(|one| one == format!("*.{end}")), "{file}: {name}");
                named += 1;
            }
        }
    }
    assert!(named >= 3, "{named}");
}

#[test]
fn routes_and_commands_agree_on_what_is_known() {
    let more = "[sources.in_house]\nplugin = \"json\"\npath = \"/in-house\"\noptions.command = { header = \"X-Event\" }\n";
    let folder = folder_with(&format!("{CONFIG}{more}"));
    let say = |words: &[&str]| {
        let output = switchhook(folder.path()).args(words).output().expect("ran");
        let (out, err) = text(&output);
        format!("{out}{err}")
    };
    for (command, routes, commands) in [
        (TOPIC_CHANGED, "known to ", "CallbackAfterTopicInfoChanged"),
        ("Room.Opened", "do not describe their commands", "no source describes `Room.Opened`"),
        (
            "Room Opened",
            "no source knows this command",
            "no source knows the command `Room Opened`",
        ),
    ] {
        let said = say(&["routes", command]);
        assert!(said.contains(routes), "{command}: {said}");
        let said = say(&["commands", command]);
        assert!(said.contains(commands), "{command}: {said}");
    }
}
