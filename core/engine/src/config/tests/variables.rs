//! Values from variables and flags.

use super::*;

#[test]
fn variables_go_before_the_file_and_flags_before_both() {
    let text = format!("{GOOD}[server]\nlisten = \"127.0.0.1:1\"\n");
    let port = |variables: Pairs<'_>, flags: Pairs<'_>| {
        let read = Config::read(&layers(&text, variables, flags), &registry());
        read.expect("good").server.listen.port()
    };
    let variable = [("SWITCHHOOK_SERVER__LISTEN", "127.0.0.1:2")];
    assert_eq!(port(&[], &[]), 1);
    assert_eq!(port(&variable, &[]), 2);
    assert_eq!(port(&variable, &[("server.listen", "127.0.0.1:3")]), 3);
    assert_eq!(port(&[("SERVER__LISTEN", "x")], &[]), 1);
}

#[test]
fn variables_and_flags_become_what_the_option_is_and_text_stays_text() {
    let expected = Sample {
        text: "0123".into(),
        id: TextOrInteger("0123".into()),
        truth: true,
        whole: 7,
        real: 3.0,
        list: vec!["Group.*".into(), "C2C.X".into()],
        numbers: vec![1, 2],
        missing: None,
    };
    let given = [
        ("text", "0123"),
        ("id", "0123"),
        ("truth", "true"),
        ("whole", "7"),
        ("real", "3"),
        ("list", "[\"Group.*\", 'C2C.X']"),
        ("numbers", "[1, 2]"),
    ];
    let read = |variables: Pairs<'_>, flags: Pairs<'_>| {
        merge(&layers("", variables, flags), Vec::new())
            .expect("merged")
            .child("a")
            .read::<Sample>()
    };
    let flags: Vec<_> = given.iter().map(|(key, value)| (format!("a.{key}"), *value)).collect();
    let flags: Vec<_> = flags.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    assert_eq!(read(&[], &flags).as_ref(), Ok(&expected));
    let named = |key: &str| format!("SWITCHHOOK_A__{}", key.to_uppercase());
    let variables: Vec<_> = given.iter().map(|(key, value)| (named(key), *value)).collect();
    let variables: Vec<_> = variables.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    assert_eq!(read(&variables, &[]).as_ref(), Ok(&expected));
}

#[test]
fn mistakes_in_variables_name_them() {
    check_variable(
        "SWITCHHOOK_SERVER__LISTEN",
        "here",
        &[
            "variable SWITCHHOOK_SERVER__LISTEN: server.listen: expected an IP address and a port such as \"127.0.0.1:8080\"",
        ],
    );
    check_variable(
        "SWITCHHOOK_SERVER__LISTN",
        "127.0.0.1:1",
        &[
            "variable SWITCHHOOK_SERVER__LISTN: server.listn: unknown key; did you mean `listen`?; known keys: `listen`, `allow_unsigned`, `decide_within`, `persist_timeout`, `when_unavailable`, `shutdown_timeout`, `limits`",
        ],
    );
    check_variable(
        "SWITCHHOOK_SERVR__LISTEN",
        "127.0.0.1:1",
        &[
            "variable SWITCHHOOK_SERVR__LISTEN: servr: unknown table; did you mean `server`?; known tables: `server`, `admin`, `journal`, `sources`, `handlers`, `actions`",
        ],
    );
    for name in ["SWITCHHOOK_ACTIONS____X", "SWITCHHOOK_SERVER__", "SWITCHHOOK___SERVER__LISTEN"] {
        let expected = "a part of the key is empty; a name is like `SWITCHHOOK_SERVER__LISTEN`, with `__` between parts";
        check_variable(name, "3", &[&format!("variable {name}: {expected}")]);
    }
    let keep = "SWITCHHOOK_ACTIONS__LOG__OPTIONS__KEEP";
    for (value, found) in [("many", "text"), ("300", "300")] {
        let message = format!("found {found}, expected a whole number from 0 to 255");
        check_variable(
            keep,
            value,
            &[&format!("variable {keep}: actions.log.options.keep: {message}")],
        );
    }
    let path = "SWITCHHOOK_ACTIONS__B__OPTIONS__PATH";
    let message = "actions.b.plugin: missing; this key is required";
    check_variable(path, "x", &[&format!("variable {path}: {message}")]);
    let actions = "SWITCHHOOK_HANDLERS__CHANGES__ACTIONS";
    let message =
        "handlers.changes.actions.0: there is no action `other`; configured actions: `log`";
    check_variable(actions, "[\"other\", \"log\"]", &[&format!("variable {actions}: {message}")]);
}

#[test]
fn limits_hold_for_variables_too() {
    let attempts = "SWITCHHOOK_ACTIONS__LOG__RETRY__ATTEMPTS";
    check_variable(attempts, "7", &[]);
    let message = "actions.log.retry.attempts: found 1001, expected a whole number from 1 to 1000";
    check_variable(attempts, "1001", &[&format!("variable {attempts}: {message}")]);
    let size = "SWITCHHOOK_JOURNAL__RETENTION_SIZE";
    let message = "`7` is not a valid size; write one like \"64 KiB\" or \"1 MiB\"";
    check_variable(size, "7", &[&format!("variable {size}: journal.retention_size: {message}")]);
    check_variable(size, "7 GiB", &[]);
}

#[test]
fn mistakes_in_flags_say_so() {
    let place = "command line: server";
    check_flag(
        "server.listen",
        "here",
        &[&format!("{place}.listen: expected an IP address and a port such as \"127.0.0.1:8080\"")],
    );
    check_flag(
        "server.limits.connections",
        "0",
        &[&format!("{place}.limits.connections: found 0, expected at least 1")],
    );
    check_flag(
        "server.limits.connection",
        "9",
        &[&format!(
            "{place}.limits.connection: unknown key; did you mean `connections`?; known keys: `connections`, `header_size`, `header_timeout`, `body_size`, `body_timeout`, `idle_timeout`, `write_timeout`"
        )],
    );
    check_flag("actions.log.options.keep", "7", &[]);
}
