//! Files that are broken in many ways: each message names the file and the line, and none repeats a secret.

use super::{check_one, layers, mistakes};
use crate::config::{Config, encoding};
use crate::test_plugins::{GOOD, registry};

const SECRET: &str = "hunter2";

/// The one mistake of a file that begins with `GOOD` and goes on from line 21.
#[track_caller]
fn check(more: &str, line: usize, expected: &str) {
    check_one(more, &format!("c.toml:{line}: {expected}"));
}

#[test]
fn what_is_given_twice_is_told_with_both_places() {
    check(
        "[server]\n[admin]\n[server]",
        23,
        "invalid TOML: the table [server] is defined twice, here and in line 21; put its keys into one table",
    );
    check(
        "[server]\n[ server ] # again",
        22,
        "invalid TOML: the table [server] is defined twice, here and in line 21; put its keys into one table",
    );
    check(
        "[server.limits]\n\n[server.limits]",
        23,
        "invalid TOML: the table [server.limits] is defined twice, here and in line 21; put its keys into one table",
    );
    check(
        "[actions.\"b\"]\nplugin = \"out\"\n[actions.b]",
        23,
        "invalid TOML: the table [actions.b] is defined twice, here and in line 21; put its keys into one table",
    );
    check(
        "[actions.log]",
        21,
        "invalid TOML: the table [actions.log] is defined twice, here and in line 11; put its keys into one table",
    );
    check(
        "[server]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"",
        23,
        "invalid TOML: `server.listen` is set twice, here and in line 22; keep one",
    );
    check(
        "[server]\nlimits.connections = 1\n\nlimits.connections = 2",
        24,
        "invalid TOML: `server.limits.connections` is set twice, here and in line 22; keep one",
    );
    check(
        "[actions.b]\nplugin = \"out\"\noptions.secret = \"hunter2\"\noptions.secret = \"hunter3\"",
        24,
        "invalid TOML: `actions.b.options.secret` is set twice, here and in line 23; keep one",
    );
    check(
        "[server]\nlimits = { connections = 1, connections = 2 }",
        22,
        "invalid TOML: a key is set twice",
    );
}

#[test]
fn characters_that_only_look_right_are_told() {
    let quotes = "; the line has typographic quotes, but TOML requires \" or '";
    let space = "; the line has a character that only looks like a space; type it again";
    let sign = "; the line has a character that only looks like an ASCII one (= - , [ ])";
    for (line, hint) in [
        ("listen = \u{201c}127.0.0.1:1\u{201d}", quotes),
        ("listen = \u{2018}127.0.0.1:1\u{2019}", quotes),
        ("listen = \u{201e}127.0.0.1:1\u{201c}", quotes),
        ("listen = \u{ab}127.0.0.1:1\u{bb}", quotes),
        ("listen = \u{ff02}127.0.0.1:1\u{ff02}", quotes),
        ("listen = \"127.0.0.1:1\u{201d}", quotes),
        ("listen\u{a0}= \"127.0.0.1:1\"", space),
        ("\u{feff}listen = \"127.0.0.1:1\"", space),
        ("listen \u{ff1d} \"127.0.0.1:1\"", sign),
        ("limits.connections = \u{2212}1", sign),
        ("limits.connections = \u{2013}1", sign),
    ] {
        let text = format!("{GOOD}[server]\n{line}\n");
        let found = mistakes(&text, &[], &[]);
        let place = format!("c.toml:{}: invalid TOML: ", text.lines().count());
        assert!(
            found.len() == 1 && found[0].starts_with(&place) && found[0].ends_with(hint),
            "{line}: {found:?}"
        );
    }
    assert_eq!(mistakes(&format!("{GOOD}# \u{201c}quoted\u{201d}\n"), &[], &[]), [""; 0]);
}

#[test]
fn a_broken_file_is_told_with_file_and_line_and_without_its_secrets() {
    for line in [
        "[server",
        "server]",
        "[[server",
        "[]",
        "[server.]",
        "= 1",
        "listen",
        "listen =",
        "listen = hunter2",
        "listen = \"hunter2",
        "listen = 'hunter2",
        "listen = [\"hunter2\"",
        "listen = { a = \"hunter2\"",
        "listen = \"hunter2\\q\"",
        "listen: \"hunter2\"",
        "\"hunter2\"",
        "listen == \"hunter2\"",
        "listen = \"hunter2\" \"x\"",
        "listen = 00hunter2",
        "listen = 1hunter2",
        "listen = +",
        "listen = 2026-13-45",
        "listen = \"\u{0}hunter2\"",
        "a.b. = 1",
        "a..b = 1",
        "\u{1}",
        "export A=hunter2",
        "- listen: hunter2",
        "{\"server\": \"hunter2\"}",
        "<server>hunter2</server>",
        "listen = True",
        "listen = None",
        "listen = yes",
        "listen = \"\"\"hunter2",
        "listen = .5",
        "listen = 5.",
        "listen = 0x",
        "listen = 'a''b'",
        "listen = [1 2]",
        "listen = {a=1 b=2}",
    ] {
        let text = format!("{GOOD}[sources.b]\n{line}\n");
        let found = mistakes(&text, &[], &[]);
        assert!(!found.is_empty(), "{line}");
        for one in &found {
            let rest =
                one.strip_prefix("c.toml:").unwrap_or_else(|| panic!("{line}: no file in {one}"));
            let number = rest.split(':').next().and_then(|number| number.parse::<usize>().ok());
            assert!(number.is_some_and(|number| number >= 13), "{line}: {one}");
            assert!(!one.contains(SECRET), "{line}: {one}");
        }
    }
}

#[test]
fn another_encoding_is_told_with_its_line() {
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let two = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(two).collect()
    };
    let marked = |big| utf16(&format!("\u{feff}{GOOD}"), big);
    let latin = "not UTF-8, from column 9 on: the file is in another encoding, such as Latin-1; save it as UTF-8";
    for (bytes, expected) in [
        (marked(true), "c.toml:1: the file is UTF-16; save it as UTF-8".to_owned()),
        (marked(false), "c.toml:1: the file is UTF-16; save it as UTF-8".to_owned()),
        (utf16(GOOD, true), "c.toml:1: the file is UTF-16 or binary; save it as UTF-8".to_owned()),
        (utf16(GOOD, false), "c.toml:1: the file is UTF-16 or binary; save it as UTF-8".to_owned()),
        (
            b"\xff\xfe\0\0[\0\0\0".to_vec(),
            "c.toml:1: the file is UTF-32; save it as UTF-8".to_owned(),
        ),
        (b"# caf\n# abcdef\xe9\n".to_vec(), format!("c.toml:2: {latin}")),
        (
            b"# \xc3\xa9\xc3\xa9\n\n# \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 \xa4 \xc3\xa9"
                .to_vec(),
            format!("c.toml:3: {latin}"),
        ),
        (b"12345678\x80".to_vec(), format!("c.toml:1: {latin}")),
    ] {
        let found = encoding::text("c.toml", bytes).expect_err("refused");
        assert_eq!(found.to_string(), expected);
    }
    let marked = [b"\xef\xbb\xbf", GOOD.as_bytes()].concat();
    let text = encoding::text("c.toml", marked).expect("UTF-8");
    assert_eq!(text, GOOD);
    assert!(Config::read(&layers(&text, &[], &[]), &registry()).is_ok());
    assert_eq!(encoding::text("c.toml", Vec::new()).expect("empty"), "");
}

#[test]
fn a_date_is_told_as_such() {
    for date in ["2026-01-01", "2026-01-01T00:00:00Z", "12:00:00"] {
        let table = format!("[actions.b]\nplugin = \"out\"\noptions.path = {date}");
        let expected = "actions.b.options.path: found a date or time, which no option accepts; write it as text in quotes";
        check(&table, 23, expected);
    }
}
