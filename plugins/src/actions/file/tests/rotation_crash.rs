//! Rotations that are stopped half way: every line is in one of the files, whole, once, in order.

use proptest::prelude::*;

use super::disks::{Scripted, Then};
use super::rotation::{COMPRESS, SIZE, all, files, joined, started, two};
use super::volatile::Volatile;
use super::*;

/// Delivers so many batches and looks after the rotated files each time, until it cannot. How many were taken.
async fn live(action: &Tried, first: u32, turns: u32) -> u32 {
    for turn in first..turns {
        if !action.attempt(&two(turn)).await {
            return turn;
        }
        action.upkeep.run();
    }
    turns
}

/// A new process: what was not settled comes again, with the last one that was.
async fn live_again(path: &Path, taken: u32, turns: u32) {
    let action = started(path, Arc::new(Fast), SIZE, COMPRESS).await;
    assert_eq!(live(&action, taken.saturating_sub(1), turns).await, turns);
    action.upkeep.run();
}

fn check_all(path: &Path, turns: u32, what: &str) {
    let files = files(path);
    let said = || files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>();
    assert_eq!(joined(path), all(turns), "{what}: {:?}", said());
    let (active, rotated) = files.split_last().expect("some");
    assert_eq!(active, path);
    assert!(
        rotated.iter().all(|file| file.extension().is_some_and(|it| it == "gz")),
        "{what}: {:?}",
        said()
    );
    assert_eq!(rotated.len(), turns as usize - 1, "{what}: {:?}", said());
}

#[tokio::test]
async fn a_kill_at_any_step_of_rotating_and_compressing_loses_and_doubles_nothing() {
    for renames in [true, false] {
        let mut step = 0;
        loop {
            let (_base, path) = place();
            let disk = Arc::new(Scripted::new(step, Then::Dies, renames));
            let action = Tried::new(&path, disk.clone(), SIZE, COMPRESS);
            let opened = action.begin().await.is_ok();
            let taken = if opened { live(&action, 0, 3).await } else { 0 };
            drop(action);
            live_again(&path, taken, 4).await;
            check_all(&path, 4, &format!("killed at step {step}, renames {renames}"));
            if !disk.was_bent() {
                break;
            }
            step += 1;
        }
        assert!(step > 40, "{step}");
    }
}

#[tokio::test]
async fn an_error_at_any_step_fails_no_batch_but_one_that_comes_again() {
    for (renames, code) in [(true, 28), (true, 5), (false, 122), (false, 30)] {
        let mut step = 0;
        loop {
            let (_base, path) = place();
            let disk = Arc::new(Scripted::new(i64::MAX, Then::Dies, renames));
            drop(started(&path, disk, SIZE, COMPRESS).await);
            let disk = Arc::new(Scripted::new(step, Then::Fails(code), renames));
            let action = Tried::new(&path, disk.clone(), SIZE, COMPRESS);
            if action.begin().await.is_err() {
                action.begin().await.expect("the second time");
            }
            for turn in 0..5 {
                action.clock.advance(Duration::from_mins(2)); // beyond the wait after a failed rotation
                let failed = usize::from(!action.attempt(&two(turn)).await);
                if failed > 0 {
                    assert!(action.attempt(&two(turn)).await, "step {step}");
                }
                action.upkeep.run();
            }
            action.upkeep.run();
            assert_eq!(joined(&path), all(5), "error {code} at step {step}, renames {renames}");
            assert!(files(&path).len() >= 4, "at most one rotation was put off");
            if !disk.was_bent() {
                break;
            }
            step += 1;
        }
        assert!(step > 40, "{step}");
    }
}

#[tokio::test]
async fn a_batch_whose_file_was_moved_away_before_the_mark_was_safe_is_found_there() {
    for (name, cut) in [
        ("moved", 0),
        ("out.20260101T000000.000Z.jsonl", 0),
        ("out.20260101T000000.000Z.jsonl", 3),
        ("out.20260101T000000.000Z.jsonl", 10),
    ] {
        let (base, path) = place();
        let action = started(&path, Arc::new(Fast), SIZE, Keep::default()).await;
        deliver(&action, &two(0)).await;
        drop(action);
        super::crash::unmark(&path);
        let moved = base.path().join(name);
        fs::rename(&path, &moved).expect("moved");
        fs::write(&moved, &all(1)[..all(1).len() - cut]).expect("torn");
        let action = started(&path, Arc::new(Fast), SIZE, Keep::default()).await;
        deliver(&action, &two(0)).await;
        deliver(&action, &two(1)).await;
        assert_eq!(
            text(&moved) + &joined(&path).replace(&text(&moved), ""),
            all(2),
            "{name} {cut}"
        );
        assert_eq!(text(&moved), if cut == 0 { all(1) } else { String::new() }, "{name} {cut}");
    }
}

#[tokio::test]
async fn a_file_of_another_name_is_never_cut() {
    let (base, path) = place();
    let action = started(&path, Arc::new(Fast), SIZE, Keep::default()).await;
    deliver(&action, &two(0)).await;
    drop(action);
    super::crash::unmark(&path);
    let moved = base.path().join("moved");
    fs::rename(&path, &moved).expect("moved");
    fs::write(&moved, "mine\n").expect("written"); // with the number of what was ours
    let action = started(&path, Arc::new(Fast), SIZE, Keep::default()).await;
    deliver(&action, &two(0)).await;
    assert_eq!((text(&moved), text(&path)), ("mine\n".into(), all(1)));
}

#[tokio::test]
async fn a_batch_whose_file_was_rotated_and_compressed_is_known_though_the_power_went() {
    let (base, _) = place();
    let folder = base.path().join("logs");
    let path = folder.join("out.jsonl");
    let rotation = Rotation { size: None, every: Some(Duration::from_hours(1)) };
    drop(started(&path, Arc::new(Fast), rotation, COMPRESS).await);
    let disk = Arc::new(Volatile::new(&folder));
    let action = started(&path, disk.clone(), rotation, COMPRESS).await;
    deliver(&action, &two(0)).await;
    action.clock.advance(Duration::from_hours(1));
    action.lock().await.rotate_if_due();
    action.upkeep.run();
    drop(action);
    let mut names = 1; // their changes are safe, as luck has it, and no data that was not synced
    disk.cut_power(&folder, &mut || std::mem::take(&mut names));
    assert_eq!(files(&path).len(), 2);
    let action = started(&path, Arc::new(Fast), rotation, COMPRESS).await;
    deliver(&action, &two(0)).await;
    deliver(&action, &two(1)).await;
    action.upkeep.run();
    assert_eq!(files(&path).len(), 2);
    assert_eq!(joined(&path), all(2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn power_cuts_among_rotations_lose_and_double_nothing(seed in any::<u64>()) {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(power_cuts(seed));
    }
}

/// A process after the other, each until its power goes.
async fn power_cuts(seed: u64) {
    let (base, _) = place();
    let folder = base.path().join("logs");
    fs::create_dir(&folder).expect("made");
    let path = folder.join("out.jsonl");
    drop(started(&path, Arc::new(Fast), SIZE, COMPRESS).await);
    let mut random = seed | 1;
    let mut chance = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random >> 11
    };
    let mut taken = 0_u32;
    for _ in 0..4 {
        let disk = Arc::new(Volatile::new(&folder));
        disk.set(i64::try_from(chance() % 90).expect("small"));
        let action = Tried::new(&path, disk.clone(), SIZE, COMPRESS);
        if action.begin().await.is_ok() {
            let again = u32::try_from(chance() % 2).expect("small");
            taken = live(&action, taken.saturating_sub(again), taken + 5).await;
        }
        drop(action);
        disk.cut_power(&folder, &mut chance);
    }
    live_again(&path, taken, taken + 1).await;
    check_all(&path, taken + 1, &format!("seed {seed}"));
}
