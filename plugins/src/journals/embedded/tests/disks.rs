//! Disks that are full or fail.

use super::*;

#[tokio::test]
async fn a_full_disk_refuses_and_goes_on_by_itself() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    let (projection, subscription) =
        (ConsumerId::projection("h"), ConsumerId::subscription("h", "a"));
    journal.attach(&[lane(projection.clone()), lane(subscription.clone())]).await.unwrap();
    append(&journal, "kept").await.unwrap();
    journal.shared.pages.store(24, std::sync::atomic::Ordering::Relaxed);
    let large = "x".repeat(300_000);
    let refused = append(&journal, &large).await;
    assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    assert!(matches!(journal.health(), Health::Unavailable(_)));
    let got = lease(&journal, &projection, 9).await;
    assert_eq!(got.items.len(), 1);
    finish(&journal, got, || Disposition::Recorded(None)).await;
    assert!(matches!(journal.health(), Health::Unavailable(_)));
    journal.shared.pages.store(1_000_000, std::sync::atomic::Ordering::Relaxed);
    append(&journal, &large).await.unwrap();
    assert_eq!(journal.health(), Health::Ready);
    let got = lease(&journal, &projection, 9).await;
    assert_eq!(got.items.len(), 1);
}

#[tokio::test]
async fn a_failed_disk_ends_the_store() {
    let folder = Folder::new();
    let journal = Arc::new(folder.embedded().unwrap());
    let id = ConsumerId::projection("h");
    journal.attach(&[lane(id.clone())]).await.unwrap();
    let waiting = tokio::spawn({
        let journal = journal.clone();
        async move { journal.lease(&id, &want(1)).await.map(|_| ()) }
    });
    let failed = tokio::spawn({
        let journal = journal.clone();
        async move { journal.failed().await }
    });
    tokio::task::yield_now().await;
    journal.shared.pages.store(u64::MAX, std::sync::atomic::Ordering::Relaxed);
    for _ in 0..2 {
        let refused = append(&journal, "x").await;
        assert!(matches!(refused, Err(JournalError::Closed)), "{refused:?}");
    }
    assert!(matches!(journal.health(), Health::Failed(_)));
    assert!(failed.await.unwrap().contains("could not be written"));
    assert!(matches!(waiting.await.unwrap(), Err(JournalError::Closed)));
}

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
}

#[test]
fn a_reached_quota_is_a_full_disk() {
    let quota = || Err(io::Error::from(QuotaExceeded));
    let broken = || Err(io::Error::from(io::ErrorKind::Other));
    let written = failure(IOERR_WRITE);
    assert!(matches!(commit_error(written, quota), JournalError::Full));
    let written = failure(IOERR_WRITE);
    assert!(matches!(commit_error(written, broken), JournalError::Closed));
    let synced = failure(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    assert!(matches!(commit_error(synced, quota), JournalError::Closed), "what is on it?");
}

#[test]
fn a_full_disk_is_told_from_a_failed_one() {
    let well = || Ok(());
    let error = |code| commit_error(failure(code), well);
    for code in [rusqlite::ffi::SQLITE_FULL, IOERR_SHMSIZE] {
        assert!(matches!(error(code), JournalError::Full), "{code}");
    }
    for code in [rusqlite::ffi::SQLITE_IOERR_FSYNC, rusqlite::ffi::SQLITE_IOERR_WRITE] {
        assert!(matches!(error(code), JournalError::Closed), "{code}");
    }
}

#[tokio::test]
async fn a_lane_that_cannot_be_put_back_ends_the_store() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    let id = ConsumerId::projection("h");
    journal.attach(&[lane(id.clone())]).await.unwrap();
    append(&journal, "x").await.unwrap();
    let got = lease(&journal, &id, 9).await;
    folder.raw().execute_batch("ALTER TABLE lanes RENAME TO gone").unwrap();
    let fates = vec![(got.items[0].position, Disposition::Recorded(None))];
    let (lane, token, state) = (got.lane, got.token, StateChanges::new());
    let settled = journal.settle(Settlement { lane, token, fates, state }).await;
    assert!(settled.is_err(), "{settled:?}");
    // What the lane has in memory is not what is stored: going on would lose the callback.
    assert!(matches!(journal.health(), Health::Failed(_)), "{:?}", journal.health());
    assert!(matches!(journal.lease(&id, &want(1)).await, Err(JournalError::Closed)));
}

#[tokio::test]
async fn room_on_the_disk_is_found_without_a_callback() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    append(&journal, "kept").await.unwrap();
    journal.shared.pages.store(24, std::sync::atomic::Ordering::Relaxed);
    let refused = append(&journal, &"x".repeat(300_000)).await;
    assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    folder.clock.advance(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(matches!(journal.health(), Health::Unavailable(_)), "there is no room yet");
    journal.shared.pages.store(1_000_000, std::sync::atomic::Ordering::Relaxed);
    folder.clock.advance(Duration::from_secs(1));
    let mut health = journal.shared.health.subscribe();
    let ready = health.wait_for(|health| *health == Health::Ready);
    assert!(tokio::time::timeout(Duration::from_secs(20), ready).await.is_ok(), "not found");
    append(&journal, &"x".repeat(300_000)).await.unwrap();
    let page = journal.events(&EventQuery { limit: 9, ..EventQuery::default() }).await.unwrap();
    assert_eq!(page.items.len(), 2, "looking for room leaves no trace");
}

/// A server that says that it is not ready is sent nothing, and what it has to deliver goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_on_the_disk_is_found_beside_deliveries() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    journal.attach(&[lane(ConsumerId::subscription("h", "a"))]).await.unwrap();
    append(&journal, "kept").await.unwrap();
    journal.shared.pages.store(24, std::sync::atomic::Ordering::Relaxed);
    let refused = append(&journal, &"x".repeat(300_000)).await;
    assert!(matches!(refused, Err(JournalError::Full)), "{refused:?}");
    journal.shared.pages.store(1_000_000, std::sync::atomic::Ordering::Relaxed);
    for paused in (0..10_000).map(|n| n % 2 == 0) {
        journal.pause("a", paused).await.unwrap();
        folder.clock.advance(Duration::from_millis(10));
        if journal.health() == Health::Ready {
            return;
        }
    }
    panic!("not found");
}

#[tokio::test]
async fn a_disk_that_does_not_answer_makes_nobody_wait() {
    let folder = Folder::new();
    let journal = Arc::new(folder.embedded().unwrap());
    let raw = folder.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap(); // the disk stands still
    let early = tokio::spawn({
        let journal = journal.clone();
        async move { append(&journal, "early").await }
    });
    let taken = || {
        let queue = locked(&journal.shared.queue);
        queue.is_empty() && queue.busy_since.is_some()
    };
    tokio::task::yield_now().await; // it stands in the queue now
    while !taken() {
        tokio::task::yield_now().await;
    }
    assert_eq!(journal.health(), Health::Ready, "a slow commit is none of this");
    folder.clock.advance(Duration::from_secs(2));
    let refused = append(&journal, "late").await;
    assert!(matches!(refused, Err(JournalError::Overloaded)), "{refused:?}");
    assert!(matches!(journal.health(), Health::Unavailable(_)));
    raw.execute_batch("ROLLBACK").unwrap();
    early.await.unwrap().unwrap();
    append(&journal, "after").await.unwrap();
    assert_eq!(journal.health(), Health::Ready);
}

/// Whoever stops a server once nothing is left must not be told so while records are on their way to the disk.
#[tokio::test]
async fn records_that_are_not_safe_yet_are_still_to_be_delivered() {
    let folder = Folder::new();
    let journal = Arc::new(folder.embedded().unwrap());
    let (h, a) = (ConsumerId::projection("h"), ConsumerId::subscription("h", "a"));
    journal.attach(&[lane(h.clone()), lane(a.clone())]).await.unwrap();
    append(&journal, "one").await.unwrap();
    let got = lease(&journal, &h, 9).await;
    let raw = folder.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap(); // the disk stands still
    let settling = tokio::spawn({
        let journal = journal.clone();
        async move { finish(&journal, got, || Disposition::Recorded(None)).await }
    });
    let cell = locked(&journal.shared.lanes).cells[&h].clone();
    while !locked(&cell.inner).committing {
        tokio::task::yield_now().await;
    }
    let behind =
        async || journal.lanes().await.unwrap().iter().map(|lane| lane.behind).sum::<u64>();
    assert_eq!(behind().await, 1);
    raw.execute_batch("ROLLBACK").unwrap();
    settling.await.unwrap();
    assert_eq!(behind().await, 0);
}

/// Why the store in a folder cannot be opened.
fn refusal(folder: &Folder) -> String {
    with_causes(&*folder.embedded().err().expect("refused"))
}

#[tokio::test]
async fn what_cannot_be_opened_is_named_with_what_would_do() {
    let folder = Folder::new();
    drop(folder.embedded().unwrap());
    let (file, lock) = (folder.file(), folder.dir.path().join("j/lock"));
    std::fs::write(&file, "x".repeat(10_000)).unwrap();
    let expected = format!(
        "{} is damaged and cannot be opened: file is not a database; move its folder away, then restore a backup or \
         start with an empty journal",
        file.display()
    );
    assert_eq!(refusal(&folder), expected);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let text = refusal(&folder);
    assert!(text.starts_with(&format!("cannot open {}: ", file.display())), "{text}");
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    let text = refusal(&folder);
    assert!(text.starts_with(&format!("cannot open {}: Is a directory", lock.display())), "{text}");
    std::fs::remove_dir_all(folder.dir.path().join("j")).unwrap();
    std::fs::write(folder.dir.path().join("j"), "").unwrap();
    let text = refusal(&folder);
    let expected = format!("cannot find {}: Not a directory", file.display());
    assert!(text.starts_with(&expected), "not that there is none: {text}");
}

#[test]
fn where_nothing_can_be_written_it_is_told_what_would_do() {
    let text = |kind: io::ErrorKind| lock::cannot("open", Path::new("/j/lock"), &kind.into());
    let (forbidden, read_only) =
        (io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem);
    assert!(
        text(forbidden)
            .starts_with("cannot open /j/lock: permission denied; even reading a journal requires")
    );
    assert!(text(forbidden).ends_with("run as the user that owns it"));
    assert!(text(read_only).contains("or copy the folder to another disk"));
    assert!(!text(io::ErrorKind::Interrupted).contains("requires"));
}
