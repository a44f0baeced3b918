//! Crashes, full disks, failed syncs and power cuts: afterwards every line is there, whole, once.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::super::intent::MARK_AT;
use super::disks::{Dying, Failing};
use super::volatile::Volatile;
use super::*;

fn beside(path: &Path) -> PathBuf {
    super::super::open::beside(path, ".intent")
}

/// As if the power had gone before the marks of completion were safe.
pub(super) fn unmark(path: &Path) {
    let mut bytes = fs::read(beside(path)).expect("readable");
    for slot in bytes[4096..].chunks_mut(MARK_AT.end) {
        slot[MARK_AT].fill(0);
    }
    fs::write(beside(path), bytes).expect("written");
}

fn sorted(path: &Path) -> Vec<u32> {
    let text = text(path);
    assert!(text.is_empty() || text.ends_with('\n'), "torn: {text:?}");
    let mut numbers: Vec<u32> =
        text.lines().map(|line| line.parse().unwrap_or_else(|_| panic!("{text:?}"))).collect();
    numbers.sort_unstable();
    numbers
}

/// Hands the lost batch (4..8 of handler `a`) over again, in one of the ways that a framework might.
async fn redeliver(path: &Path, way: i64) {
    let action = opened(path).await;
    match way % 4 {
        0 => deliver(&action, &records("a", 4..8)).await,
        1 => {
            deliver(&action, &records("a", [6, 5])).await;
            drop(action);
            deliver(&opened(path).await, &records("a", 3..8)).await;
        }
        2 => deliver(&action, &records("a", [7, 2, 6, 5, 3, 4, 1])).await,
        _ => {
            deliver(&action, &records("b", [12])).await;
            drop(action);
            let action = opened(path).await;
            deliver(&action, &records("b", [12])).await;
            deliver(&action, &records("a", 4..8)).await;
        }
    }
}

#[tokio::test]
async fn a_kill_at_any_byte_of_a_batch_loses_and_doubles_nothing() {
    let (mut acknowledged, mut budget) = (0, 0);
    while acknowledged < 40 {
        let (_base, path) = place();
        {
            let action = opened(&path).await;
            deliver(&action, &records("a", 1..4)).await;
            deliver(&action, &records("b", [10, 11])).await;
        }
        let disk = Arc::new(Dying::after(i64::MAX));
        let action = unstarted(&path, disk.clone());
        action.start().await.expect("started");
        disk.set(budget);
        acknowledged += i32::from(action.attempt(&records("a", 4..8)).await);
        drop(action);
        redeliver(&path, budget).await;
        let twelve = (budget % 4 == 3).then_some(12);
        let all: Vec<u32> = (1..8).chain([10, 11]).chain(twelve).collect();
        assert_eq!(sorted(&path), all, "killed after {budget} bytes");
        budget += 1;
    }
    assert!(budget > 200, "{budget}");
}

#[tokio::test]
async fn a_kill_while_everything_is_new_loses_nothing() {
    for budget in (0..50_000).step_by(701) {
        let (_base, path) = place();
        let action = unstarted(&path, Arc::new(Dying::after(budget)));
        if action.start().await.is_ok() {
            action.attempt(&records("a", 4..8)).await;
        }
        drop(action);
        deliver(&opened(&path).await, &records("a", 4..8)).await;
        assert_eq!(text(&path), lines(4..8), "killed after {budget} bytes");
    }
}

#[tokio::test]
async fn a_kill_while_a_crash_is_set_right_does_no_harm() {
    for budget in 0..4200 {
        if (20..4090).contains(&budget) {
            continue; // within the header, which is written at every start
        }
        let (_base, path) = place();
        deliver(&opened(&path).await, &records("a", 1..8)).await;
        unmark(&path);
        let torn = text(&path);
        fs::write(&path, &torn[..torn.len() - usize::from(budget % 2 == 0) * 3]).expect("torn");
        let dying = unstarted(&path, Arc::new(Dying::after(budget)));
        let _outcome = dying.start().await;
        drop(dying);
        deliver(&opened(&path).await, &records("a", 1..8)).await;
        assert_eq!(text(&path), lines(1..8), "killed after {budget} bytes");
    }
}

#[tokio::test]
async fn a_torn_or_bent_last_batch_is_cut_off_and_written_again() {
    let (whole, first) = (lines(1..8), lines(1..4));
    for place_of_damage in first.len()..whole.len() {
        for bend in [false, true] {
            let (_base, path) = place();
            {
                let action = opened(&path).await;
                deliver(&action, &records("a", 1..4)).await;
                deliver(&action, &records("a", 4..8)).await;
            }
            unmark(&path);
            let mut bytes = whole.clone().into_bytes();
            match bend {
                true => bytes[place_of_damage] ^= 1,
                false => bytes.truncate(place_of_damage),
            }
            fs::write(&path, &bytes).expect("damaged");
            let action = opened(&path).await;
            assert_eq!(text(&path), first, "damaged at {place_of_damage}");
            deliver(&action, &records("a", 3..8)).await;
            assert_eq!(text(&path), whole);
        }
    }
}

#[tokio::test]
async fn two_handlers_that_crash_together_each_get_their_own_back() {
    let (_base, path) = place();
    {
        let action = opened(&path).await;
        for step in 0..10 {
            deliver(&action, &records("a", step * 10..step * 10 + 10)).await;
            deliver(&action, &records("b", 500 + step * 10..510 + step * 10)).await;
        }
    }
    unmark(&path);
    let action = opened(&path).await;
    deliver(&action, &records("b", (540..600).rev())).await; // the last batch and fifty before it
    deliver(&action, &records("a", 40..101)).await;
    assert_eq!(sorted(&path), (0..=100).chain(500..600).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_came_back_stays_known_while_it_is_not_settled() {
    let (_base, path) = place();
    deliver(&opened(&path).await, &records("a", 0..900)).await;
    let large = format!("\"{}\"", "x".repeat(3 * 1024 * 1024));
    let mut more = records("a", 0..900);
    more.extend((900..910).map(|number| with_body("a", number, &large)));
    deliver(&opened(&path).await, &more).await; // in several writes, each over an older slot
    let length = fs::metadata(&path).expect("there").len();
    deliver(&opened(&path).await, &more).await;
    assert_eq!(fs::metadata(&path).expect("there").len(), length);
}

#[tokio::test]
async fn a_full_disk_fails_the_batch_and_leaves_no_part_of_it() {
    for room in 0..8 {
        let (_base, path) = place();
        let disk = Arc::new(Failing::default());
        let action = unstarted(&path, disk.clone());
        action.start().await.expect("started");
        deliver(&action, &records("a", [1])).await;
        *disk.room.lock().expect("not poisoned") = Some(room);
        let results = action.deliver_batch(&records("a", [1, 2, 3, 4, 5])).await;
        let well: Vec<bool> = results.iter().map(Result::is_ok).collect();
        assert_eq!(well, [true, false, false, false, false], "1 was there before");
        let reason = fails(&action, &records("a", 2..6)).await;
        assert!(reason.contains(&path.display().to_string()), "{reason}");
        assert_eq!(text(&path), lines([1]), "cut back before it was reported");
        *disk.room.lock().expect("not poisoned") = None;
        deliver(&action, &records("b", [9])).await;
        deliver(&action, &records("a", 1..6)).await;
        assert_eq!(text(&path), lines([1, 9, 2, 3, 4, 5]));
    }
}

#[tokio::test]
async fn a_part_that_cannot_be_cut_is_cut_before_the_next_attempt() {
    let (_base, path) = place();
    let disk = Arc::new(Failing::default());
    let action = unstarted(&path, disk.clone());
    action.start().await.expect("started");
    *disk.room.lock().expect("not poisoned") = Some(3);
    disk.uncuttable.store(true, Ordering::SeqCst);
    assert!(!action.attempt(&records("a", 1..6)).await);
    assert_eq!(text(&path), "1\n2");
    *disk.room.lock().expect("not poisoned") = None;
    assert!(fails(&action, &records("b", [9])).await.contains("cannot cut"));
    disk.uncuttable.store(false, Ordering::SeqCst);
    deliver(&action, &records("b", [9])).await;
    deliver(&action, &records("a", 1..6)).await;
    assert_eq!(text(&path), lines([9, 1, 2, 3, 4, 5]));
}

#[tokio::test]
async fn a_batch_whose_sync_failed_does_not_come_again_when_it_is_forgotten() {
    let (_base, path) = place();
    let disk = Arc::new(Failing::default());
    let action = unstarted(&path, disk.clone());
    action.start().await.expect("started");
    disk.sync_in.store(3, Ordering::SeqCst); // after those of the handler's new slots and of the intent: that of the data
    let results = action.deliver_batch(&records("a", 0..10)).await;
    let again: Vec<Record> = records("a", 0..10)
        .into_iter()
        .zip(&results)
        .filter_map(|(record, result)| result.is_err().then_some(record))
        .collect();
    for start in (10..6010).step_by(1000) {
        deliver(&action, &records("a", start..start + 1000)).await; // while the failed ones wait to be tried again
    }
    deliver(&action, &again).await;
    assert_eq!(sorted(&path), (0..6010).collect::<Vec<u32>>());
}

#[tokio::test]
async fn a_batch_that_may_be_in_the_file_is_not_called_failed() {
    let (_base, path) = place();
    let disk = Arc::new(Failing::default());
    let action = unstarted(&path, disk.clone());
    action.start().await.expect("started");
    deliver(&action, &records("a", [1])).await;
    disk.syncs_more.store(2, Ordering::SeqCst);
    disk.sync_in.store(2, Ordering::SeqCst); // that of the data, and the next two times of what was found
    let batch = records("a", [2, 3]);
    let attempt = async { deliver(&action, &batch).await };
    let meanwhile = async {
        action.clock.asleep.notified().await;
        assert!(fails(&action, &records("b", [9])).await.contains("cannot sync"));
        deliver(&action, &records("b", [9])).await;
        action.clock.advance(Duration::from_secs(1));
    };
    tokio::join!(attempt, meanwhile);
    deliver(&action, &batch).await;
    assert_eq!(text(&path), lines([1, 2, 3, 9]));
}

/// Hands a batch over until it is taken, as often as is reasonable.
async fn insist(action: &Tried, records: &[Record]) -> usize {
    for failed in 0..5 {
        if action.deliver_batch(records).await.iter().all(Result::is_ok) {
            return failed;
        }
    }
    panic!("never taken");
}

#[tokio::test]
async fn a_failed_sync_is_reported_and_does_no_harm() {
    for which in 1..8 {
        let (_base, path) = place();
        let disk = Arc::new(Failing::default());
        let action = unstarted(&path, disk.clone());
        action.start().await.expect("started");
        deliver(&action, &records("a", [1])).await;
        disk.sync_in.store(which, Ordering::SeqCst);
        let failed = insist(&action, &records("a", [2, 3])).await;
        assert_eq!(failed, usize::from(which == 1), "what is found whole afterwards is no failure");
        for batch in [records("b", [9]), records("a", [2, 3]), records("a", [4])] {
            insist(&action, &batch).await;
        }
        assert_eq!(sorted(&path), [1, 2, 3, 4, 9], "sync {which}");
    }
}

#[tokio::test]
async fn what_a_failed_sync_left_in_the_cache_is_written_again() {
    let (_base, path) = place();
    let disk = Arc::new(Failing::default());
    let action = unstarted(&path, disk.clone());
    action.start().await.expect("started");
    deliver(&action, &records("a", [1])).await;
    disk.sync_in.store(2, Ordering::SeqCst);
    let before = disk.overwritten.load(Ordering::SeqCst);
    deliver(&action, &records("a", [2, 3])).await;
    assert_eq!(disk.overwritten.load(Ordering::SeqCst) - before, 4, "the four bytes of two lines");
    deliver(&action, &records("a", [2, 3])).await;
    assert_eq!(text(&path), lines(1..4));
}

#[tokio::test]
async fn a_power_cut_loses_nothing_that_was_said_to_be_delivered() {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut chance = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed >> 11
    };
    for round in 0..120 {
        let (_base, path) = place();
        let mut next: HashMap<&str, u32> = HashMap::from([("a", 0), ("b", 100_000)]);
        for _ in 0..3 {
            power_cut_round(&path, &mut next, &mut chance).await;
        }
        let all: Vec<u32> = (0..next["a"]).chain(100_000..next["b"]).collect();
        assert_eq!(sorted(&path), all, "round {round}");
    }
}

/// Delivers until the power goes, then again what was not settled.
async fn power_cut_round(
    path: &Path,
    next: &mut HashMap<&'static str, u32>,
    chance: &mut impl FnMut() -> u64,
) {
    let folder = path.parent().expect("a folder");
    let disk = Arc::new(Volatile::new(folder));
    let action = unstarted(path, disk.clone());
    action.start().await.expect("started");
    disk.set(i64::try_from(chance() % 40).expect("small"));
    let mut unsettled = Vec::new();
    while unsettled.is_empty() {
        for handler in ["a", "b"] {
            let first = next[handler];
            let batch =
                records(handler, first..first + 1 + u32::try_from(chance() % 60).expect("small"));
            let well = action.attempt(&batch).await;
            *next.get_mut(handler).expect("there") += u32::try_from(batch.len()).expect("small");
            if !well || chance().is_multiple_of(20) {
                unsettled.push(batch); // the journal had no time to note it
            }
        }
    }
    drop(action);
    disk.cut_power(folder, chance);
    while chance().is_multiple_of(2) {
        let disk = Arc::new(Volatile::new(folder));
        disk.set(i64::try_from(chance() % 12).expect("small"));
        let action = unstarted(path, disk.clone());
        if action.start().await.is_ok() {
            for batch in unsettled.iter().rev() {
                action.attempt(batch).await;
            }
        }
        drop(action);
        disk.cut_power(folder, chance);
    }
    let action = opened(path).await;
    for batch in unsettled {
        deliver(&action, &batch).await;
    }
}
