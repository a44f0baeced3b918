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
        let journal = folder.opened(Options { ballast: size, ..options() }).unwrap();
        assert!(allocated(&ballast(&journal)) >= size.bytes() as u64);
        assert_eq!(ballast(&journal).exists(), size.bytes() > 0);
    }
    std::fs::File::create(folder.dir.path().join("j/ballast")).unwrap().set_len(1 << 20).unwrap();
    let journal = folder.opened(Options { ballast: KEPT, ..options() }).unwrap();
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
async fn what_was_kept_is_delivered_on_a_full_disk_out_of_the_ballast() {
    let folder = Folder::new();
    let journal = folder.opened(Options { ballast: KEPT, ..options() }).unwrap();
    let (projection, subscription) = (LaneId::projection("h"), LaneId::subscription("h", "a"));
    journal.attach(&[lane(projection.clone()), lane(subscription)]).await.unwrap();
    append(&journal, "kept").await.unwrap();
    let got = lease(&journal, &projection, 9).await;
    journal.shared.pages.store(1, Relaxed); // no page more than there is
    let callback = switchhook_core::testing::callback("A.B", "");
    let fates = got.items.iter().map(|item| {
        let body = "x".repeat(300_000);
        (item.position, Fate::Recorded(Some(NewRecord::new(&callback, "", body))))
    });
    let (lane, token, fates) = (got.lane.clone(), got.token, fates.collect());
    let settlement = Settlement { lane, token, fates, state: StateChanges::new() };
    assert!(matches!(journal.settle(settlement).await, Err(JournalError::Full)));
    assert!(!ballast(&journal).exists(), "its room is for the settlement");
    assert!(matches!(journal.health(), Health::Unavailable(_)));
}
