//! The room that is kept back.

use std::sync::atomic::Ordering::Relaxed;

use switchhook_api::journal::Retention;

use super::super::ballast::{Ballast, room};
use super::*;

const KEPT: ByteSize = ByteSize(1 << 20);

fn ballast(journal: &Embedded) -> PathBuf {
    journal.folder().unwrap().join("ballast")
}

fn allocated(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| std::os::unix::fs::MetadataExt::blocks(&file) * 512)
}

#[tokio::test]
async fn ballast_takes_its_room_and_only_if_it_is_wanted() {
    let folder = Folder::new();
    for size in [KEPT, ByteSize(KEPT.0 * 2), ByteSize(0), KEPT] {
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
    assert!(ballast.keep(|| 0), "what never was keeps nothing from being taken in");
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
    assert_eq!(allocated(&ballast(&journal)), 0);
    assert!(matches!(journal.health(), Health::Unavailable(_)));
    journal.shared.pages.store(1_000_000, Relaxed);
    append(&journal, "after").await.unwrap();
    assert!(allocated(&ballast(&journal)) >= 1 << 20, "there is room for it again");
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
    let journal = disk.0.opened(&Options { ballast: ByteSize(4 << 20), ..options() }).unwrap();
    let (projection, subscription) =
        (ConsumerId::projection("h"), ConsumerId::subscription("h", "a"));
    journal.attach(&[lane(projection.clone()), lane(subscription.clone())]).await.unwrap();
    let (mut kept, body) = (0, "x".repeat(100_000));
    let refused = loop {
        match append(&journal, &body).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, JournalError::Full) && kept > 20, "{kept}: {refused:?}");
    assert_eq!(allocated(&ballast(&journal)), 0, "it was given up");
    let refused = append(&journal, "small").await;
    assert!(matches!(refused, Err(JournalError::Full)), "the ballast is not for new callbacks");
    let callback = switchhook_testkit::callback("A.B", "");
    for (id, fate) in [
        (
            projection,
            &(|| Disposition::Recorded(Some(NewRecord::of(&callback)))) as &dyn Fn() -> Disposition,
        ),
        (subscription, &|| Disposition::Delivered),
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
    disk.0.clock.advance(Duration::from_secs(1));
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
    let journal = disk.0.opened(&Options { ballast: ByteSize(4 << 20), ..options() }).unwrap();
    append(&journal, "kept").await.unwrap();
    drop(journal);
    let foreign = disk.0.dir.path().join("foreign");
    assert!(std::fs::write(&foreign, vec![1; 12 << 20]).is_err(), "the disk is full");
    let journal = disk.0.opened(&Options { ballast: ByteSize(4 << 20), ..options() }).unwrap();
    assert_eq!(allocated(&ballast(&journal)), 0);
    let refused = append(&journal, "new").await;
    assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    let id = ConsumerId::projection("h");
    journal.attach(&[lane(id.clone())]).await.unwrap();
    let got = lease(&journal, &id, 9).await;
    finish(&journal, got, || Disposition::Recorded(None)).await;
}

/// A disk of 32 MiB, filled with callbacks that are all delivered. The ballast of 6 MiB is given up.
async fn filled(disk: &Disk) -> Embedded {
    let journal = disk.0.opened(&Options { ballast: ByteSize(6 << 20), ..options() }).unwrap();
    let id = ConsumerId::projection("h");
    journal.attach(&[lane(id.clone())]).await.unwrap();
    let body = "x".repeat(100_000);
    while append(&journal, &body).await.is_ok() {
        let got = lease(&journal, &id, 1).await;
        finish(&journal, got, || Disposition::Recorded(None)).await;
    }
    assert_eq!(allocated(&ballast(&journal)), 0);
    journal
}

/// Removes as retention would, which tries again where there was no room even for that.
async fn make_room_within(disk: &Disk, journal: &Embedded) {
    let retention = Retention { retention_size: Some(1 << 20), ..Retention::default() };
    for _ in 0..50 {
        match journal.prune(&retention).await {
            Err(JournalError::Full) => disk.0.clock.advance(Duration::from_secs(1)),
            pruned => return drop(pruned.unwrap()),
        }
    }
    panic!("no room to make room");
}

/// The file of the database never shrinks: what is removed is free within it alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_that_retention_makes_is_found_by_senders_that_never_rest() {
    let Some(disk) = Disk::new("32m") else { return };
    let journal = filled(&disk).await;
    for _ in 0..50 {
        let refused = append(&journal, "x").await;
        assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    }
    make_room_within(&disk, &journal).await;
    append(&journal, "after").await.unwrap();
    assert_eq!(allocated(&ballast(&journal)), 0, "the disk is as full as before");
}

/// And no more of it is taken than leaves room for deliveries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_within_the_database_is_kept_back_as_that_of_the_ballast_was() {
    let Some(disk) = Disk::new("32m") else { return };
    let journal = filled(&disk).await;
    make_room_within(&disk, &journal).await;
    let (mut kept, body) = (0, "x".repeat(100_000));
    // Where the log was at its end on the full disk, it has to be begun anew, which another thread does.
    let mut free = u64::MAX;
    let fill = async {
        for _ in 0..50 {
            loop {
                match append(&journal, &body).await {
                    Ok(_) => kept += 1,
                    Err(_) if free < 6 << 20 => break,
                    Err(_) => disk.0.clock.advance(Duration::from_secs(1)),
                }
                free = journal.stats().await.unwrap().free;
            }
            disk.0.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::time::timeout(Duration::from_mins(1), fill).await.expect("it is taken");
    assert!(kept > 20, "{kept}");
    assert!((5 << 20..6 << 20).contains(&free), "{free} are left to deliver with");
    let id = ConsumerId::projection("h");
    while kept > 0 {
        let got = lease(&journal, &id, 16).await;
        kept -= got.items.len();
        finish(&journal, got, || Disposition::Recorded(None)).await;
    }
    assert!(journal.verify().await.unwrap().is_whole());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ballast_that_was_given_up_stays_so_after_a_restart() {
    let Some(disk) = Disk::new("32m") else { return };
    let journal = filled(&disk).await;
    journal.shutdown().await;
    let place = journal.folder().unwrap();
    // So much is left that the store can be opened, and no ballast made.
    let much = usize::try_from(room(place).unwrap()).unwrap() - (3 << 20);
    std::fs::write(disk.0.dir.path().join("foreign"), vec![1; much]).unwrap();
    let journal = disk.0.opened(&Options { ballast: ByteSize(6 << 20), ..options() }).unwrap();
    let refused = append(&journal, "new").await;
    assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    journal.shutdown().await;
    let journal = disk.0.opened(&Options { ballast: ByteSize(0), ..options() }).unwrap();
    append(&journal, "without").await.unwrap();
    assert!(!ballast(&journal).exists());
}

#[test]
fn ballast_whose_making_was_cut_off_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (file, half) = (folder.path().join("ballast"), folder.path().join("ballast.new"));
    let large = room(folder.path()).unwrap() / 3 * 2;
    let opened = |given_up: bool| {
        std::fs::write(&half, "half").unwrap();
        if given_up {
            std::fs::write(&file, "").unwrap();
        }
        let ballast = Ballast::open(folder.path(), large);
        assert!(!half.exists());
        ballast.keep(|| 0)
    };
    assert!(opened(false), "there never was any");
    assert!(!opened(true), "it was given up");
}

#[tokio::test]
async fn a_settlement_that_finds_no_room_takes_that_of_the_ballast() {
    let Some(disk) = Disk::new("16m") else { return };
    let journal = disk.0.opened(&Options { ballast: ByteSize(4 << 20), ..options() }).unwrap();
    let id = ConsumerId::projection("h");
    journal.attach(&[lane(id.clone())]).await.unwrap();
    append(&journal, "kept").await.unwrap();
    let got = lease(&journal, &id, 9).await;
    let foreign = disk.0.dir.path().join("foreign");
    assert!(std::fs::write(&foreign, vec![1; 16 << 20]).is_err(), "the disk is full");
    let callback = switchhook_testkit::callback("A.B", "");
    let body = "x".repeat(1 << 20);
    finish(&journal, got, || {
        Disposition::Recorded(Some(NewRecord::new(&callback, "", body.clone())))
    })
    .await;
    assert_eq!(allocated(&ballast(&journal)), 0);
    assert_eq!(journal.verify().await.unwrap().records, 1);
}
