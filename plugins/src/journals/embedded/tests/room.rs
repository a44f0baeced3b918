//! The room that is kept back.

use std::sync::atomic::Ordering::Relaxed;

use super::super::ballast::{Ballast, room};
use super::*;

const KEPT: Size = Size(1 << 20);

fn ballast(journal: &Embedded) -> PathBuf {
    journal.folder().unwrap().join("ballast")
}

fn allocated(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| std::os::unix::fs::MetadataExt::blocks(&file) * 512)
}

#[tokio::test]
async fn ballast_takes_its_room_and_only_if_it_is_wanted() {
    let folder = Folder::new();
    for size in [KEPT, Size(KEPT.0 * 2), Size(0), KEPT] {
        let journal = folder.opened(&Options { ballast: size, ..options() }).unwrap();
        assert!(allocated(&ballast(&journal)) >= size.bytes() as u64);
        assert_eq!(ballast(&journal).exists(), size.bytes() > 0);
    }
    std::fs::File::create(folder.dir.path().join("j/ballast")).unwrap().set_len(1 << 20).unwrap();
    let journal = folder.opened(&Options { ballast: KEPT, ..options() }).unwrap();
    assert!(allocated(&ballast(&journal)) >= 1 << 20, "a hole is no room");
}

#[test]
fn ballast_that_has_no_room_twice_over_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let most = room(folder.path()).unwrap();
    let ballast = Ballast::open(folder.path(), most / 3 * 2);
    assert!(!folder.path().join("ballast").exists());
    assert!(ballast.keep(), "what never was keeps nothing from being taken in");
    assert!(!ballast.give());
}

#[tokio::test]
async fn ballast_is_given_up_when_a_commit_finds_no_room() {
    let folder = Folder::new();
    let journal = folder.opened(&Options { ballast: KEPT, ..options() }).unwrap();
    append(&journal, "kept").await.unwrap();
    journal.shared.pages.store(1, Relaxed); // no page more than there is
    let refused = append(&journal, &"x".repeat(300_000)).await;
    assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    assert!(!ballast(&journal).exists());
    assert!(matches!(journal.health(), Health::Unavailable(_)));
    journal.shared.pages.store(1_000_000, Relaxed);
    append(&journal, "after").await.unwrap();
    assert!(ballast(&journal).exists(), "there is room for it again");
}

#[tokio::test]
async fn notes_that_find_no_room_are_counted() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    append(&journal, "kept").await.unwrap();
    journal.shared.pages.store(1, Relaxed);
    assert!(journal.note(entry("A.Before", "", "x".repeat(300_000))));
    let refused = append(&journal, &"x".repeat(300_000)).await; // after the note, or with it
    assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    assert_eq!(journal.notes_lost(), 1);
    journal.shared.pages.store(1_000_000, Relaxed);
    append(&journal, "after").await.unwrap();
    assert_eq!(journal.notes_lost(), 1);
}

/// A small disk of its own, where this user may make one.
struct Disk(Folder);

impl Disk {
    fn new(size: &str) -> Option<Self> {
        let folder = Folder::new();
        let options = format!("size={size}");
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.dir.path())
            .output();
        let mounted = mount.is_ok_and(|done| done.status.success());
        if !mounted {
            eprintln!("not run: this user may not mount a small disk");
        }
        mounted.then(|| Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(std::process::Command::new("umount").arg("-l").arg(self.0.dir.path()).status());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_what_is_kept_is_delivered() {
    let Some(disk) = Disk::new("24m") else { return };
    let foreign = disk.0.dir.path().join("foreign");
    std::fs::write(&foreign, vec![1; 8 << 20]).unwrap();
    let journal = disk.0.opened(&Options { ballast: Size(4 << 20), ..options() }).unwrap();
    let (projection, subscription) = (LaneId::projection("h"), LaneId::subscription("h", "a"));
    journal.attach(&[lane(projection.clone()), lane(subscription.clone())]).await.unwrap();
    let (mut kept, body) = (0, "x".repeat(100_000));
    let refused = loop {
        match append(&journal, &body).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, JournalError::Full) && kept > 20, "{kept}: {refused:?}");
    assert!(!ballast(&journal).exists(), "it was given up");
    let refused = append(&journal, "small").await;
    assert!(matches!(refused, Err(JournalError::Full)), "the ballast is not for new callbacks");
    let callback = switchhook_core::testing::callback("A.B", "");
    for (id, fate) in [
        (projection, &(|| Fate::Recorded(Some(NewRecord::of(&callback)))) as &dyn Fn() -> Fate),
        (subscription, &|| Fate::Delivered),
    ] {
        let mut done = 0;
        while done < kept {
            let got = lease(&journal, &id, 16).await;
            done += got.items.len();
            finish(&journal, got, fate).await;
        }
    }
    assert!(matches!(journal.health(), Health::Unavailable(_)));
    std::fs::remove_file(foreign).unwrap();
    let mut health = journal.shared.health.subscribe();
    let ready = health.wait_for(|health| *health == Health::Ready);
    assert!(tokio::time::timeout(Duration::from_secs(20), ready).await.is_ok(), "not found");
    assert!(allocated(&ballast(&journal)) >= 4 << 20);
    append(&journal, "small").await.unwrap();
    assert!(journal.verify().await.unwrap().is_whole());
}

#[tokio::test]
async fn a_store_on_a_full_disk_is_opened_with_the_room_of_its_ballast() {
    let Some(disk) = Disk::new("12m") else { return };
    let journal = disk.0.opened(&Options { ballast: Size(4 << 20), ..options() }).unwrap();
    append(&journal, "kept").await.unwrap();
    drop(journal);
    let foreign = disk.0.dir.path().join("foreign");
    assert!(std::fs::write(&foreign, vec![1; 12 << 20]).is_err(), "the disk is full");
    let journal = disk.0.opened(&Options { ballast: Size(4 << 20), ..options() }).unwrap();
    assert!(!ballast(&journal).exists());
    let refused = append(&journal, "new").await;
    assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    let id = LaneId::projection("h");
    journal.attach(&[lane(id.clone())]).await.unwrap();
    let got = lease(&journal, &id, 9).await;
    finish(&journal, got, || Fate::Recorded(None)).await;
}

#[tokio::test]
async fn a_settlement_that_finds_no_room_takes_that_of_the_ballast() {
    let Some(disk) = Disk::new("16m") else { return };
    let journal = disk.0.opened(&Options { ballast: Size(4 << 20), ..options() }).unwrap();
    let id = LaneId::projection("h");
    journal.attach(&[lane(id.clone())]).await.unwrap();
    append(&journal, "kept").await.unwrap();
    let got = lease(&journal, &id, 9).await;
    let foreign = disk.0.dir.path().join("foreign");
    assert!(std::fs::write(&foreign, vec![1; 16 << 20]).is_err(), "the disk is full");
    let callback = switchhook_core::testing::callback("A.B", "");
    let body = "x".repeat(1 << 20);
    finish(&journal, got, || Fate::Recorded(Some(NewRecord::new(&callback, "", body.clone()))))
        .await;
    assert!(!ballast(&journal).exists());
    assert_eq!(journal.verify().await.unwrap().records, 1);
}
