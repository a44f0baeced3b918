//! Rotation by size and time, and what is in its way.

use std::os::unix::fs::symlink;

use jiff::SignedDuration;

use super::disks::{Meddled, Scripted, Then};
use super::*;

pub(super) const SIZE: Rotation = Rotation { size: Some(12), every: None };
pub(super) const COMPRESS: Keep = Keep { compress: true, files: None, time: None };

/// Records with lines of five bytes; two are a batch that fills a file of [`SIZE`].
pub(super) fn two(turn: u32) -> Vec<Record> {
    records("a", [1000 + 2 * turn, 1001 + 2 * turn])
}

pub(super) fn all(turns: u32) -> String {
    lines(1000..1000 + 2 * turns)
}

/// The files with lines, in the order of their names, the newest one last.
pub(super) fn files(path: &Path) -> Vec<PathBuf> {
    let names = Names::of(path);
    let mut files: Vec<PathBuf> = fs::read_dir(path.parent().expect("a folder"))
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .filter(|file| names.read(file.file_name().expect("a name")).is_some())
        .collect();
    files.sort();
    files.push(path.into());
    files
}

/// The lines of all files together.
pub(super) fn joined(path: &Path) -> String {
    files(path).iter().map(|file| super::upkeep::lines_of(file)).collect()
}

pub(super) async fn started(
    path: &Path,
    disk: Arc<dyn Disk>,
    rotation: Rotation,
    keep: Keep,
) -> Tried {
    let action = Tried::new(path, disk, rotation, keep);
    action.begin().await.expect("opened");
    action
}

#[tokio::test]
async fn a_file_is_rotated_before_it_outgrows_its_size_and_no_batch_is_split() {
    let (_base, path) = place();
    let action =
        started(&path, Arc::new(Fast), Rotation { size: Some(20), every: None }, Keep::default())
            .await;
    for turn in 0..5 {
        deliver(&action, &two(turn)).await;
    }
    deliver(&action, &records("a", 2000..2010)).await; // larger than any file may be, and one batch
    deliver(&action, &two(5)).await;
    let texts: Vec<String> = files(&path).iter().map(|file| text(file)).collect();
    let expected = [
        lines(1000..1004),
        lines(1004..1008),
        lines(1008..1010),
        lines(2000..2010),
        lines(1010..1012),
    ];
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn the_name_tells_when_and_a_restart_knows_what_was_written_before_it() {
    let (base, path) = place();
    for turn in 0..3 {
        let action = started(&path, Arc::new(Fast), SIZE, Keep::default()).await;
        action.clock.advance(Duration::from_secs(u64::from(turn)));
        deliver(&action, &two(turn)).await;
        drop(action);
        let action = started(&path, Arc::new(Fast), SIZE, Keep::default()).await;
        deliver(&action, &two(turn)).await;
    }
    assert_eq!(
        files(&path),
        [
            base.path().join("out.20260101T000001.000Z.jsonl"),
            base.path().join("out.20260101T000002.000Z.jsonl"),
            path.clone(),
        ]
    );
    assert_eq!(joined(&path), all(3));
}

#[tokio::test]
async fn a_file_is_rotated_when_its_stretch_has_ended_and_not_before() {
    let (_base, path) = place();
    let rotation = Rotation { size: None, every: Some(Duration::from_hours(24)) };
    let action = started(&path, Arc::new(Fast), rotation, Keep::default()).await;
    let count = |expected: usize| assert_eq!(files(&path).len(), expected);
    deliver(&action, &two(0)).await;
    action.clock.advance(Duration::from_secs(86_399));
    deliver(&action, &two(1)).await;
    count(1);
    action.clock.advance(Duration::from_secs(1));
    deliver(&action, &two(2)).await;
    count(2);
    action.clock.jump_wall(SignedDuration::from_hours(-5));
    deliver(&action, &two(3)).await;
    count(2);
    action.clock.advance(Duration::from_hours(5));
    deliver(&action, &two(4)).await;
    count(3);
    assert_eq!(text(&files(&path)[0]), all(2));
    assert_eq!(joined(&path), all(5));
}

#[tokio::test]
async fn a_file_from_before_the_start_is_as_old_as_its_last_change() {
    for (age, expected) in [(10, 1), (3600, 2)] {
        let (_base, path) = place();
        fs::write(&path, "old\n").expect("written");
        let rotation = Rotation { size: None, every: Some(Duration::from_hours(1)) };
        let clock = Arc::<Hand>::default();
        clock.advance(Duration::from_mins(30));
        let wall = clock.wall();
        let changed = wall.checked_sub(SignedDuration::from_secs(age)).expect("in range");
        let file = fs::File::options().append(true).open(&path).expect("there");
        file.set_modified(changed.into()).expect("set");
        let action = Tried::at(clock, &path, Arc::new(Fast), rotation, Keep::default());
        action.begin().await.expect("opened");
        deliver(&action, &two(0)).await;
        assert_eq!(files(&path).len(), expected, "{age} s old");
        assert_eq!(joined(&path), format!("old\n{}", all(1)));
    }
}

#[tokio::test]
async fn a_file_from_the_future_is_as_old_as_the_start() {
    let (_base, path) = place();
    fs::write(&path, "old\n").expect("written"); // in a year after the test's
    let rotation = Rotation { size: None, every: Some(Duration::from_hours(1)) };
    let action = started(&path, Arc::new(Fast), rotation, Keep::default()).await;
    action.clock.advance(Duration::from_hours(1));
    deliver(&action, &two(0)).await;
    assert_eq!(files(&path).len(), 2);
}

#[tokio::test]
async fn an_empty_file_stays() {
    let (_base, path) = place();
    let rotation = Rotation { size: Some(12), every: Some(Duration::from_hours(1)) };
    let action = started(&path, Arc::new(Fast), rotation, Keep::default()).await;
    for _ in 0..3 {
        action.clock.advance(Duration::from_hours(1));
        action.lock().await.rotate_if_due();
        deliver(&action, &[]).await;
    }
    deliver(&action, &records("a", 1000..1010)).await; // more than fits, into a new file
    assert_eq!(files(&path).len(), 1);
}

/// Waits for one rotated file, compressed by the task beside the deliveries.
async fn compressed_beside(path: &Path) {
    let compressed = async {
        while !files(path)[0].to_string_lossy().ends_with(".gz") || files(path).len() > 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), compressed).await.expect("in time");
}

#[tokio::test]
async fn a_file_at_which_nothing_arrives_is_rotated_on_time_and_compressed() {
    let (_base, path) = place();
    let rotation = Rotation { size: None, every: Some(Duration::from_hours(1)) };
    let action = Tried::new(&path, Arc::new(Fast), rotation, COMPRESS);
    action.start().await.expect("started");
    deliver(&action, &two(0)).await;
    action.clock.asleep.notified().await;
    action.clock.advance(Duration::from_hours(1));
    compressed_beside(&path).await;
    action.shutdown().await;
    assert_eq!(joined(&path), all(1));
}

#[tokio::test]
async fn a_file_that_is_rotated_is_compressed_at_once() {
    let (_base, path) = place();
    let action = Tried::new(&path, Arc::new(Fast), SIZE, COMPRESS);
    action.start().await.expect("started");
    action.clock.asleep.notified().await;
    deliver(&action, &two(0)).await;
    deliver(&action, &two(1)).await;
    compressed_beside(&path).await;
    action.shutdown().await;
    assert_eq!(joined(&path), all(2));
}

#[tokio::test]
async fn while_no_name_can_be_changed_the_old_file_is_written_on() {
    for code in [28, 122, 5, 30] {
        for renames in [true, false] {
            let (_base, path) = place();
            let disk = Arc::new(Scripted::new(5, Then::NamesFail(code), renames));
            let action = started(&path, disk, SIZE, COMPRESS).await;
            for turn in 0..4 {
                action.clock.advance(Duration::from_mins(2));
                deliver(&action, &two(turn)).await;
            }
            assert_eq!(files(&path).len(), 1, "error {code}");
            assert_eq!(text(&path), all(4));
        }
    }
}

#[tokio::test]
async fn where_no_new_file_can_be_made_the_old_one_gets_its_name_back() {
    for code in [28, 122] {
        let (_base, path) = place();
        let disk = Meddled(move |what: &str, _: &Path| match what {
            "create" => Err(io::Error::from_raw_os_error(code)),
            _ => Ok(()),
        });
        let action = started(&path, Arc::new(disk), SIZE, Keep::default()).await;
        deliver(&action, &two(0)).await;
        deliver(&action, &two(1)).await;
        assert_eq!(files(&path).len(), 1, "error {code}");
        assert_eq!(text(&path), all(2));
    }
}

#[tokio::test]
async fn a_file_that_is_put_in_the_place_of_ours_at_the_last_moment_is_not_taken_for_a_rotated_one()
{
    let (base, path) = place();
    let moved = base.path().join("moved");
    let swapped = moved.clone();
    let disk = Meddled(move |what: &str, at: &Path| {
        if what == "rename" && !swapped.exists() {
            fs::rename(at, &swapped)?;
            fs::write(at, "mine\n")?;
        }
        Ok(())
    });
    let action = started(&path, Arc::new(disk), SIZE, Keep::default()).await;
    deliver(&action, &two(0)).await;
    let _outcome = action.deliver_batch(&two(1)).await;
    deliver(&action, &two(1)).await;
    assert_eq!(files(&path).len(), 1);
    assert_eq!((text(&moved), text(&path)), (all(1), format!("mine\n{}", lines(1002..1004))));
}

#[tokio::test]
async fn after_a_rotation_that_failed_the_next_one_waits_a_minute() {
    let (_base, path) = place();
    let disk = Arc::new(Scripted::new(i64::MAX, Then::Dies, true));
    let action = started(&path, disk, SIZE, Keep::default()).await;
    deliver(&action, &two(0)).await;
    let in_the_way = Names::of(&path).next(action.clock.wall()).expect("read");
    fs::create_dir(&in_the_way).expect("made");
    deliver(&action, &two(1)).await;
    fs::remove_dir(&in_the_way).expect("removed");
    deliver(&action, &two(2)).await;
    assert_eq!(files(&path).len(), 1);
    action.clock.advance(Duration::from_mins(1));
    deliver(&action, &two(3)).await;
    assert_eq!(files(&path).len(), 2);
    assert_eq!(joined(&path), all(4));
}

#[tokio::test]
async fn a_rotation_overwrites_and_follows_nothing() {
    for what in ["link", "file"] {
        let (base, path) = place();
        let action = started(&path, Arc::new(Fast), SIZE, Keep::default()).await;
        deliver(&action, &two(0)).await;
        let target = base.path().join("target");
        fs::write(&target, "mine").expect("written");
        let next = Names::of(&path).next(action.clock.wall()).expect("read");
        match what {
            "link" => symlink(&target, &next).expect("linked"),
            _ => fs::write(&next, "mine").expect("written"),
        }
        deliver(&action, &two(1)).await;
        assert_eq!(text(&target), "mine");
        assert_eq!(text(&next), "mine");
        match what {
            "link" => assert_eq!(text(&path), all(2), "the name is taken"),
            _ => assert_eq!(text(&path), lines(1002..1004), "the next name is free"),
        }
    }
}

#[tokio::test]
async fn a_link_in_the_place_of_the_file_is_not_followed() {
    let (base, path) = place();
    let action = started(&path, Arc::new(Fast), SIZE, Keep::default()).await;
    deliver(&action, &two(0)).await;
    let (target, moved) = (base.path().join("target"), base.path().join("moved"));
    fs::write(&target, "mine").expect("written");
    fs::rename(&path, &moved).expect("moved");
    symlink(&target, &path).expect("linked");
    assert!(fails(&action, &two(1)).await.contains("symbolic link"));
    action.reopen().await;
    assert!(fails(&action, &two(1)).await.contains("symbolic link"));
    assert_eq!((text(&target), text(&moved)), ("mine".into(), all(1)));
    fs::remove_file(&path).expect("removed");
    deliver(&action, &two(1)).await;
    assert_eq!(text(&path), lines(1002..1004));
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_opened_anew_when_asked() {
    let (base, path) = place();
    let action = started(&path, Arc::new(Fast), Rotation::default(), Keep::default()).await;
    deliver(&action, &two(0)).await;
    let moved = base.path().join("moved");
    fs::rename(&path, &moved).expect("moved");
    assert!(!path.exists());
    action.reopen().await;
    assert_eq!(text(&path), "", "made before anything is written");
    deliver(&action, &two(0)).await;
    deliver(&action, &two(1)).await;
    assert_eq!((text(&moved), text(&path)), (all(1), lines(1002..1004)));
    action.shutdown().await;
    action.reopen().await;
    opened(&path).await; // nobody holds it
}
