//! Backups and restores.

use super::super::restore::{Replacement, STEPS, complete};
use super::super::schema::number;
use super::super::stats::beside;
use super::*;

async fn bodies(journal: &Embedded) -> Vec<String> {
    let query = EventQuery { limit: 1000, ..EventQuery::default() };
    let page = journal.events(&query).await.unwrap();
    page.items.iter().map(|one| String::from_utf8_lossy(&one.body).into_owned()).collect()
}

/// A backup of one callback, and a store that has two.
async fn with_backup(folder: &Folder) -> PathBuf {
    let (journal, to) = (folder.embedded().unwrap(), folder.dir.path().join("backup"));
    append(&journal, "one").await.unwrap();
    journal.backup(&to).await.unwrap();
    append(&journal, "two").await.unwrap();
    to
}

#[cfg(unix)]
fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let backup = with_backup(&folder).await;
    assert_eq!(mode(&backup), 0o600);
    std::fs::set_permissions(folder.file(), PermissionsExt::from_mode(0o644)).unwrap();
    let journal = folder.embedded().unwrap();
    append(&journal, "three").await.unwrap();
    for name in ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "ballast", "lock"] {
        assert_eq!(mode(&journal.folder().unwrap().join(name)), 0o600, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_appends_is_one_moment_of_the_store() {
    let folder = Folder::new();
    let journal = Arc::new(folder.embedded().unwrap());
    let large = "x".repeat(100_000);
    for _ in 0..100 {
        append(&journal, &large).await.unwrap();
    }
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let appending = tokio::spawn({
        let journal = journal.clone();
        async move {
            let mut count = 100;
            while stopped.try_recv() == Err(tokio::sync::oneshot::error::TryRecvError::Empty) {
                append(&journal, "y").await.unwrap();
                count += 1;
            }
            count
        }
    });
    let to = folder.dir.path().join("backup");
    let backed_up = journal.backup(&to).await.unwrap();
    stop.send(()).unwrap();
    let (all, last) = (appending.await.unwrap(), backed_up.last.unwrap().0);
    assert!((100..=all).contains(&last), "{last} of {all}");
    let copy = rusqlite::Connection::open(&to).unwrap();
    let events: i64 =
        copy.query_row("SELECT sum(count) FROM entries", [], |row| row.get(0)).unwrap();
    assert_eq!(events, number(last));
    let here: Vec<_> = std::fs::read_dir(folder.dir.path()).unwrap().collect();
    assert_eq!(here.len(), 2, "the folder and one file: {here:?}");
}

#[tokio::test]
async fn a_backup_that_fails_leaves_no_file() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    for _ in 0..20 {
        append(&journal, &"x".repeat(30_000)).await.unwrap();
    }
    drop(journal);
    let mut bytes = std::fs::read(folder.file()).unwrap();
    let middle = bytes.len() / 8192 / 2 * 8192;
    bytes[middle..middle + 8192].fill(0xEE);
    std::fs::write(folder.file(), bytes).unwrap();
    let (journal, to) = (folder.embedded().unwrap(), folder.dir.path().join("backup"));
    let error = journal.backup(&to).await.unwrap_err();
    assert!(with_causes(&error).contains("it is damaged"), "{}", with_causes(&error));
    assert!(!to.exists());
    let error = journal.backup(&folder.dir.path().join("no/backup")).await.unwrap_err();
    assert!(with_causes(&error).contains("cannot create"), "{}", with_causes(&error));
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_changes_nothing() {
    let folder = Folder::new();
    let backup = with_backup(&folder).await;
    let journal = folder.embedded().unwrap();
    let (cut, other) = (folder.dir.path().join("cut"), folder.dir.path().join("other"));
    let newer = folder.dir.path().join("newer");
    let bytes = std::fs::read(&backup).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 8192 / 2 * 8192]).unwrap();
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    std::fs::copy(&backup, &newer).unwrap();
    let raw = rusqlite::Connection::open(&newer).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    let text = folder.dir.path().join("text");
    std::fs::write(&text, "no database at all").unwrap();
    for (file, why) in [
        (cut, "malformed"),
        (other, "not a journal of Switchhook"),
        (newer, "format 99; this program supports up to 3"),
        (text, "not a database"),
        (folder.file(), "the journal itself"),
        (folder.dir.path().join("missing"), "No such file"),
    ] {
        for dry_run in [true, false] {
            let error = journal.restore(&file, dry_run).await.unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, JournalError::Refused(_)) && text.contains(why), "{text}");
        }
    }
    append(&journal, "three").await.unwrap();
    assert_eq!(bodies(&journal).await, ["three", "two", "one"]);
}

#[tokio::test]
async fn places_that_were_given_twice_do_not_hide_what_is_lost() {
    let folder = Folder::new();
    let backup = with_backup(&folder).await;
    let other = Folder::new();
    other.clock.advance(Duration::from_secs(1));
    let journal = other.embedded().unwrap();
    append(&journal, "another").await.unwrap();
    let dry = journal.restore(&backup, true).await.unwrap();
    assert_eq!((dry.events, dry.events_lost), (1, 1));
}

#[tokio::test]
async fn a_restore_keeps_the_old_store_whole() {
    let folder = Folder::new();
    let backup = with_backup(&folder).await;
    for second in [false, true] {
        let journal = folder.embedded().unwrap();
        append(&journal, "three").await.unwrap();
        let kept = journal.restore(&backup, false).await.unwrap().kept.unwrap();
        let (_, time) = kept.split_once("journal.sqlite.before-restore-").unwrap();
        assert_eq!(time.ends_with("Z-2"), second, "{time}");
        assert!(!beside(&folder.file(), "-wal").exists());
        let refused = append(&journal, "late").await;
        assert!(matches!(refused, Err(JournalError::Closed)), "{refused:?}");
        let query = EventQuery { limit: 1, ..EventQuery::default() };
        let read = journal.events(&query).await;
        assert!(matches!(read, Err(JournalError::Closed)), "the file is another's: {read:?}");
        let old = rusqlite::Connection::open(&kept).unwrap();
        let last: i64 = old.query_row("SELECT max(first) FROM entries", [], |r| r.get(0)).unwrap();
        assert_eq!(last, if second { 2 } else { 3 });
    }
    let journal = folder.embedded().unwrap();
    assert_eq!(bodies(&journal).await, ["one"]);
    assert!(journal.verify().await.unwrap().is_whole());
}

#[tokio::test]
async fn a_restore_broken_off_at_any_step_leaves_the_old_store_or_the_new() {
    for done in 0..=STEPS.len() {
        let folder = Folder::new();
        let backup = with_backup(&folder).await;
        // As after a kill: the last callback is only in the WAL.
        let journal = folder.embedded().unwrap();
        append(&journal, "three").await.unwrap();
        let killed = Folder::new();
        std::fs::create_dir(killed.dir.path().join("j")).unwrap();
        for suffix in ["", "-wal"] {
            std::fs::copy(beside(&folder.file(), suffix), beside(&killed.file(), suffix)).unwrap();
        }
        let change = Replacement::new(&killed.file(), "T").prepared(&backup).unwrap();
        for step in &STEPS[..done] {
            step(&change).unwrap();
        }
        let journal = killed.embedded().unwrap();
        let expected: &[&str] = if done < 2 { &["three", "two", "one"] } else { &["one"] };
        assert_eq!(bodies(&journal).await, expected, "after {done} steps");
        assert!(journal.verify().await.unwrap().is_whole());
        assert!(!beside(&killed.file(), ".restoring").exists());
        append(&journal, "four").await.unwrap();
        let kept = beside(&killed.file(), ".before-restore-T");
        assert_eq!(kept.exists(), done >= 2, "the old store is beside it");
    }
}

#[tokio::test]
async fn half_a_copy_is_never_taken_for_a_store() {
    let folder = Folder::new();
    drop(with_backup(&folder).await);
    let copying = beside(&folder.file(), ".copying");
    std::fs::write(&copying, "half").unwrap();
    complete(&folder.file()).unwrap();
    assert!(!copying.exists());
    assert_eq!(bodies(&folder.embedded().unwrap()).await, ["two", "one"]);
}

#[tokio::test]
async fn a_failed_step_puts_the_old_store_back() {
    let folder = Folder::new();
    let backup = with_backup(&folder).await;
    let change = Replacement::new(&folder.file(), "T").prepared(&backup).unwrap();
    std::fs::remove_file(beside(&folder.file(), ".restoring")).unwrap();
    let error = change.run().unwrap_err().to_string();
    assert!(error.contains("the store was not replaced"), "{error}");
    assert_eq!(bodies(&folder.embedded().unwrap()).await, ["two", "one"]);
}

#[tokio::test]
async fn a_restore_that_could_not_be_synced_is_not_called_undone() {
    let folder = Folder::new();
    let backup = with_backup(&folder).await;
    let change = Replacement::new(&folder.file(), "T").prepared(&backup).unwrap();
    for step in STEPS {
        step(&change).unwrap();
    }
    let said = change.broken_off(&"the folder could not be synced".into());
    assert!(said.contains("the store was replaced"), "{said}");
    assert!(said.contains("journal.sqlite.before-restore-T"), "{said}");
    assert_eq!(bodies(&folder.embedded().unwrap()).await, ["one"]);
}

#[tokio::test]
async fn a_backup_is_read_without_a_trace() {
    let folder = Folder::new();
    let backup = with_backup(&folder).await;
    let place = folder.dir.path().join("50% #of?");
    std::fs::create_dir(&place).unwrap();
    let copy = place.join("monday.sqlite");
    std::fs::copy(&backup, &copy).unwrap();
    // As somebody's tool may have left it: one whole file, and a WAL once it is opened.
    let raw = rusqlite::Connection::open(&copy).unwrap();
    raw.pragma_update(None, "journal_mode", "WAL").unwrap();
    drop(raw);
    let bytes = std::fs::read(&copy).unwrap();
    let journal = folder.embedded().unwrap();
    for dry_run in [true, false] {
        let restored = journal.restore(&copy, dry_run).await.unwrap();
        assert_eq!((restored.events, restored.events_lost), (1, 1));
        let here: Vec<_> = std::fs::read_dir(&place).unwrap().collect();
        assert_eq!(here.len(), 1, "{here:?}");
        assert!(bytes == std::fs::read(&copy).unwrap(), "it was changed");
    }
}

#[tokio::test]
async fn half_a_copy_of_a_journal_is_refused_by_the_name_of_the_rest() {
    let (folder, other) = (Folder::new(), Folder::new());
    let journal = other.embedded().unwrap();
    append(&journal, "only in the WAL").await.unwrap();
    let store = folder.embedded().unwrap();
    let error = store.restore(&other.file(), true).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, JournalError::Refused(_)), "{text}");
    assert!(text.contains("journal.sqlite-wal") && text.contains("journal backup"), "{text}");
}
