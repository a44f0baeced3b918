//! What containers and systemd mount: secrets that others may read, volumes of root that everybody may write to.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::harness::*;

/// Runs the program given behind it as another user, with the folders `secrets` and `data` as a container mounts them.
const MOUNTS: &str = r#"
set -e
mount -t tmpfs -o mode=0755 none secrets
printf '\357\273\277xxxxyyyy\r\n' > secrets/token
chmod 0644 secrets/token
mount -o remount,ro none secrets
mount -t tmpfs -o "mode=$MODE" none data
exec setpriv --reuid "$AS" --regid "$AS" --clear-groups "$@"
"#;

fn mounted(command: &mut Command, mode: &str, user: &str) {
    command.env("MODE", mode).env("AS", user);
    command.args(["-m", "sh", "-c", MOUNTS, "sh", env!("CARGO_BIN_EXE_switchhook")]);
}

/// A configuration whose signed app has its token in a file.
fn config(token_file: &str) -> String {
    let signed = format!("{{ sdk_app_id = 1400000001, token_files = [\"{token_file}\"] }}");
    CONFIG
        .replace("\"journal\"", "\"data\"")
        .replace("\"topics.jsonl\"", "\"data/topics.jsonl\"")
        .replace("1400000000\n", &format!("1400000000\noptions.apps.signed = {signed}\n"))
}

fn prepared() -> Arc<tempfile::TempDir> {
    let folder = folder_with(&config("secrets/token"));
    for name in ["secrets", "data"] {
        fs::create_dir(folder.path().join(name)).expect("made");
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("set");
    Arc::new(folder)
}

#[test]
fn what_a_container_mounts_is_accepted_with_one_warning() {
    let mut trial = program(Path::new("unshare"), prepared().path());
    mounted(&mut trial, "0777", "1000");
    let trial = trial.arg("--version").current_dir(prepared().path()).output();
    if !trial.is_ok_and(|ran| ran.status.success()) {
        eprintln!("not run: needs root, mounts, and a program that other users may start");
        return;
    }
    for (mode, user) in [("0777", "1000"), ("1777", "1000"), ("0777", "0"), ("1777", "0")] {
        let server = Server::start_program(Path::new("unshare"), prepared(), |command| {
            mounted(command, mode, user);
        });
        post(server.address, &query(TOPIC_CHANGED), &topic_changed("kept"));
        server.lanes_settled();
        let log = server.log();
        let warned = |text: &str| log.lines().filter(|line| line.contains(text)).count();
        assert_eq!(warned("every user of this machine may write to this folder"), 1, "{log}");
        assert_eq!(
            warned("every user of this machine may read it (mode 0644); accepted"),
            1,
            "{log}"
        );
        assert!(!log.contains("xxxxyyyy"), "{log}");
    }
}

#[test]
fn a_credential_of_systemd_is_a_secret_file() {
    let credentials = tempfile::tempdir().expect("a folder");
    let path = credentials.path().join("token");
    fs::write(&path, "xxxxyyyy").expect("written");
    fs::set_permissions(&path, Permissions::from_mode(0o400)).expect("set");
    for name in ["$CREDENTIALS_DIRECTORY/token", "${CREDENTIALS_DIRECTORY}/token"] {
        let folder = folder_with(&config(name));
        let check = |credentials: Option<&Path>| {
            let mut command = switchhook(folder.path());
            command.env_remove("CREDENTIALS_DIRECTORY");
            command.envs(credentials.map(|folder| ("CREDENTIALS_DIRECTORY", folder)));
            let ran = command.arg("check").output().expect("ran");
            (ran.status.code(), text(&ran).1)
        };
        let (code, said) = check(Some(credentials.path()));
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = check(None);
        assert!(said.contains("$CREDENTIALS_DIRECTORY is not set"), "{said}");
        assert_eq!(code, Some(78), "{said}");
    }
}
