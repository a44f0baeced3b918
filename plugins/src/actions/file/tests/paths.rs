//! What may stand where the file should be, and what others do to it.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::upkeep::logged;
use super::*;

async fn refused(path: &Path) -> String {
    let action = unstarted(path, Arc::new(Fast));
    action.start().await.expect_err("refused").to_string()
}

#[tokio::test]
async fn the_file_and_its_sidecar_are_made_for_few_eyes() {
    let base = tempfile::tempdir().expect("a folder");
    let path = base.path().join("deep/er/out.jsonl");
    let action = opened(&path).await;
    deliver(&action, &records("a", [1])).await;
    let mode = |name: &str| {
        let facts = fs::metadata(base.path().join(name)).expect("there");
        facts.permissions().mode() & 0o777
    };
    for (name, most) in [
        ("deep", 0o750),
        ("deep/er", 0o750),
        ("deep/er/out.jsonl", 0o640),
        ("deep/er/out.jsonl.intent", 0o600),
    ] {
        assert_eq!(mode(name) & !most, 0, "{name}");
    }
}

#[tokio::test]
async fn a_second_writer_is_refused_and_told_about_the_first() {
    let (_base, path) = place();
    let first = opened(&path).await;
    let error = refused(&path).await;
    assert!(error.contains("action `audit` of process"), "{error}");
    assert!(error.contains(&path.display().to_string()), "{error}");
    first.shutdown().await;
    let second = opened(&path).await;
    deliver(&second, &records("a", [1])).await;
}

#[tokio::test]
async fn links_in_place_of_either_file_are_refused() {
    for name in ["out.jsonl", "out.jsonl.intent"] {
        for hard in [false, true] {
            let (base, path) = place();
            let target = base.path().join("target");
            fs::write(&target, "").expect("written");
            let link = base.path().join(name);
            match hard {
                true => fs::hard_link(&target, link).expect("linked"),
                false => symlink(&target, link).expect("linked"),
            }
            let error = refused(&path).await;
            assert!(error.contains("link") && error.contains(name), "{error}");
            assert_eq!(text(&target), "");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_sidecar_is_left_alone() {
    let (base, path) = place();
    fs::write(base.path().join("out.jsonl.intent"), "mine").expect("written");
    assert!(refused(&path).await.contains("move it away"));
    assert_eq!(text(&base.path().join("out.jsonl.intent")), "mine");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named_at_start_and_at_each_attempt() {
    let (base, _) = place();
    let folder = base.path().join("logs");
    let path = folder.join("out.jsonl");
    let action = opened(&path).await;
    fs::remove_dir_all(&folder).expect("removed");
    fs::write(&folder, "in the way").expect("written");
    for _ in 0..2 {
        let reason = fails(&action, &records("a", [1])).await;
        assert!(reason.contains(&folder.display().to_string()), "{reason}");
    }
    assert!(refused(&path).await.contains(&folder.display().to_string()));
    fs::remove_file(&folder).expect("removed");
    deliver(&action, &records("a", [1])).await;
    assert_eq!(text(&path), lines([1]));
}

#[tokio::test]
async fn an_existing_file_is_adopted_and_its_last_line_ended() {
    let (_base, path) = place();
    fs::write(&path, "old\nno end").expect("written");
    deliver(&opened(&path).await, &records("a", [1])).await;
    assert_eq!(text(&path), "old\nno end\n1\n");
}

#[tokio::test]
async fn what_others_append_is_kept() {
    let (_base, path) = place();
    let append = |more: &str| fs::write(&path, text(&path) + more).expect("written");
    let action = opened(&path).await;
    deliver(&action, &records("a", [1])).await;
    append("others\nno end");
    deliver(&action, &records("a", [2])).await;
    drop(action);
    append("others again");
    let action = opened(&path).await;
    deliver(&action, &records("a", [2, 3])).await;
    assert_eq!(text(&path), "1\nothers\nno end\n2\nothers again\n3\n");
}

#[tokio::test]
async fn rotation_loses_and_doubles_nothing() {
    let (base, path) = place();
    let action = opened(&path).await;
    for turn in 0..50 {
        deliver(&action, &records("a", [2 * turn, 2 * turn + 1])).await;
        fs::rename(&path, base.path().join(format!("old.{turn}"))).expect("moved");
        if turn % 3 == 0 {
            fs::write(&path, "").expect("made by the rotator");
        }
        deliver(&action, &records("a", [2 * turn + 1])).await;
    }
    drop(action);
    deliver(&opened(&path).await, &records("a", [98, 99, 100])).await;
    for turn in 0..50 {
        let old = base.path().join(format!("old.{turn}"));
        assert_eq!(text(&old), lines([2 * turn, 2 * turn + 1]));
    }
    assert_eq!(text(&path), lines([100]));
}

#[tokio::test]
async fn a_file_that_was_emptied_or_replaced_is_a_new_one_and_ids_stay_known() {
    for replace in [false, true] {
        let (base, path) = place();
        deliver(&opened(&path).await, &records("a", 1..9)).await;
        match replace {
            true => {
                fs::rename(&path, base.path().join("old")).expect("moved");
                fs::write(&path, "12345678901234567890").expect("written");
            }
            false => fs::write(&path, "").expect("emptied"),
        }
        deliver(&opened(&path).await, &records("a", 5..11)).await;
        let before = if replace { "12345678901234567890\n" } else { "" };
        assert_eq!(text(&path), format!("{before}9\n10\n"));
    }
}

#[tokio::test]
async fn a_file_cut_under_a_running_action_goes_on_from_its_new_end() {
    let (_base, path) = place();
    let action = opened(&path).await;
    deliver(&action, &records("a", 1..9)).await;
    fs::write(&path, "1\n2").expect("cut");
    deliver(&action, &records("a", 8..11)).await;
    assert_eq!(text(&path), "1\n2\n9\n10\n");
}

/// One batch of a record straight into the state, on this thread.
fn write(state: &mut State, number: u32) {
    let batch = store::Batch {
        handler: "a".into(),
        ids: vec![*record("a", number).delivery().as_bytes()],
        data: format!("{number}\n").into_bytes(),
        ..store::Batch::default()
    };
    assert!(matches!(state.write(batch), Disposition::Written));
}

#[test]
fn a_file_that_is_copied_and_truncated_is_warned_of_once_each_time_and_gets_no_hole() {
    let (_base, path) = place();
    let action = unstarted(&path, Arc::new(Fast));
    let mut state = action.state.try_lock().expect("free");
    let mut number = 1000;
    let mut some = |state: &mut State| {
        for _ in 0..3 {
            number += 1;
            write(state, number);
        }
    };
    assert_eq!(logged(|| some(&mut state)), "");
    for turn in 0..3 {
        fs::write(&path, "").expect("truncated");
        let log = logged(|| some(&mut state));
        assert_eq!(log.lines().count(), 1, "{log}");
        for word in [
            &*path.display().to_string(),
            "truncated by another process",
            "rename the file",
            "`rotate`",
        ] {
            assert!(log.contains(word), "{word}: {log}");
        }
        assert_eq!(text(&path), lines(1004 + 3 * turn..1007 + 3 * turn));
    }
    assert_eq!(logged(|| some(&mut state)), "");
    drop(state);
    super::crash::unmark(&path); // what was written last is looked for where it was said to be
    let mut state = action.state.try_lock().expect("free");
    let log = logged(|| assert!(state.reopen().is_ok()));
    assert_eq!(log, "");
    assert!(
        state
            .store
            .as_ref()
            .is_some_and(|store| store.knows("a", record("a", 1015).delivery().as_bytes()))
    );
    assert_eq!(text(&path), lines(1010..1016));
}

#[test]
fn a_file_that_was_truncated_before_the_start_is_warned_of() {
    let (_base, path) = place();
    let action = unstarted(&path, Arc::new(Fast));
    let mut state = action.state.try_lock().expect("free");
    write(&mut state, 1);
    fs::write(&path, "").expect("truncated");
    let log = logged(|| assert!(state.reopen().is_ok()));
    assert!(log.contains("truncated by another process") && log.lines().count() == 1, "{log}");
}
