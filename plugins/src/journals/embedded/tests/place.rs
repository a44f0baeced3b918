//! A store whose files are moved, removed, replaced or covered while it is open.

use std::fs;

use super::*;

/// Longer than it takes to be noticed.
const NOTICED: Duration = Duration::from_secs(20);

/// Looks until it is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(NOTICED, looking).await.is_ok(), "in vain: {what}");
}

async fn ended(journal: &Embedded) -> String {
    tokio::time::timeout(NOTICED, journal.failed()).await.expect("it ends")
}

fn is_displaced(done: &Result<Vec<Appended>, JournalError>) -> bool {
    matches!(done, Err(JournalError::Displaced(_)))
}

/// The bodies in a store, the oldest first, without those that nobody was told of.
async fn acknowledged(journal: &Embedded) -> Vec<String> {
    let query = EventQuery { limit: 100, oldest_first: true, ..EventQuery::default() };
    let page = journal.events(&query).await.unwrap();
    let sure = page.items.iter().filter(|event| !event.persisted_late);
    sure.map(|event| String::from_utf8_lossy(&event.body).into_owned()).collect()
}

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn move_away(&self) {
        fs::rename(self.path("j"), self.path("away")).unwrap();
    }

    fn move_back(&self) {
        if self.path("j").exists() {
            fs::rename(self.path("j"), self.path("other")).unwrap();
        }
        fs::rename(self.path("away"), self.path("j")).unwrap();
    }

    /// Puts a store at the place, with one callback.
    async fn put_another(&self) {
        let other = Embedded::open(self.path("made"), &options(), &self.cx()).unwrap();
        append(&other, "another").await.unwrap();
        other.shutdown().await;
        drop(other);
        fs::rename(self.path("made"), self.path("j")).unwrap();
    }

    /// All files of a folder with what they hold.
    fn content(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(self.path(name)).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<_> =
            files.map(|path| (path.clone(), fs::read(path).unwrap_or_default())).collect();
        files.sort();
        files
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Instead {
    Nothing,
    Empty,
    Another,
}

/// Whatever is put in its place, nothing is acknowledged and nothing written there; back in its place it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_moved_is_waited_for() {
    for (instead, idle) in [
        (Instead::Nothing, true),
        (Instead::Nothing, false),
        (Instead::Empty, false),
        (Instead::Another, true),
        (Instead::Another, false),
    ] {
        let folder = Folder::new();
        let journal = folder.embedded().unwrap();
        append(&journal, "before").await.unwrap();
        folder.move_away();
        match instead {
            Instead::Nothing => {}
            Instead::Empty => fs::create_dir(folder.path("j")).unwrap(),
            Instead::Another => folder.put_another().await,
        }
        let there = (instead != Instead::Nothing).then(|| folder.content("j"));
        if idle {
            let unwell = || matches!(journal.health(), Health::Unavailable(_));
            until("it says so by itself", unwell).await;
        }
        for _ in 0..3 {
            let refused = append(&journal, "refused").await;
            assert!(is_displaced(&refused), "{instead:?}: {refused:?}");
        }
        let Health::Unavailable(why) = journal.health() else { panic!("{:?}", journal.health()) };
        assert!(why.contains("journal.sqlite"), "{why}");
        assert_eq!(acknowledged(&journal).await, ["before"]);
        assert_eq!((instead != Instead::Nothing).then(|| folder.content("j")), there);
        folder.move_back();
        until("it is back", || journal.health() == Health::Ready).await;
        append(&journal, "after").await.unwrap();
        drop(journal);
        let journal = folder.embedded().unwrap();
        assert_eq!(acknowledged(&journal).await, ["before", "after"], "{instead:?}");
    }
}

/// What is stopped elsewhere is whole there, and what took its place is untouched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_store_is_closed_where_it_is() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    append(&journal, "before").await.unwrap();
    folder.move_away();
    folder.put_another().await;
    let there = folder.content("j");
    assert!(is_displaced(&append(&journal, "refused").await));
    journal.shutdown().await;
    drop(journal);
    assert_eq!(folder.content("j"), there);
    let other = folder.embedded().unwrap();
    assert_eq!(acknowledged(&other).await, ["another"]);
    drop(other);
    folder.move_back();
    assert_eq!(acknowledged(&folder.embedded().unwrap()).await, ["before"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_where_it_was_moved_is_its_place() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    folder.move_away();
    assert!(is_displaced(&append(&journal, "refused").await));
    std::os::unix::fs::symlink(folder.path("away"), folder.path("j")).unwrap();
    until("it is found", || journal.health() == Health::Ready).await;
    append(&journal, "after").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_system_mounted_over_it_is_noticed() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    append(&journal, "before").await.unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"];
    let mounted = std::process::Command::new("mount").args(mount).arg(folder.path("j")).output();
    if !mounted.is_ok_and(|done| done.status.success()) {
        eprintln!("not run: this user may not mount");
        return;
    }
    let refused = append(&journal, "refused").await;
    let there = folder.content("j");
    let unmounted = std::process::Command::new("umount").arg(folder.path("j")).status();
    assert!(unmounted.unwrap().success());
    assert!(is_displaced(&refused) && there.is_empty(), "{refused:?}: {there:?}");
    until("it is back", || journal.health() == Health::Ready).await;
    append(&journal, "after").await.unwrap();
    drop(journal);
    assert_eq!(acknowledged(&folder.embedded().unwrap()).await, ["before", "after"]);
}

/// As one `rm` would, all at once or file by file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_removed_store_holds_is_there_after_the_next_start() {
    for files in [
        &["j"][..],
        &["j/journal.sqlite"],
        &["j/journal.sqlite-wal"],
        &["j/journal.sqlite-shm"],
        &["j/journal.sqlite", "j/journal.sqlite-wal"],
        &["j/lock", "j/journal.sqlite-wal", "j/journal.sqlite-shm", "j/journal.sqlite"],
    ] {
        let folder = Folder::new();
        let journal = folder.embedded().unwrap();
        let (projection, subscription) =
            (ConsumerId::projection("h"), ConsumerId::subscription("h", "a"));
        let lanes = [lane(projection.clone()), lane(subscription)];
        journal.attach(&lanes).await.unwrap();
        append(&journal, "one").await.unwrap();
        append(&journal, "two").await.unwrap();
        let got = lease(&journal, &projection, 1).await;
        finish(&journal, got, || Disposition::Recorded(None)).await;
        for file in files {
            let path = folder.path(file);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
        let refused = append(&journal, "refused").await;
        assert!(refused.is_err(), "{files:?}: {refused:?}");
        let why = ended(&journal).await;
        assert!(why.contains("journal.sqlite") && why.contains("start again"), "{why}");
        drop(journal);
        let journal = folder.embedded().unwrap();
        assert_eq!(acknowledged(&journal).await, ["one", "two"], "{files:?}: {why}");
        journal.attach(&lanes).await.unwrap();
        let got = lease(&journal, &projection, 9).await;
        assert_eq!(got.items.first().map(|item| item.position.0), Some(2), "{files:?}");
        append(&journal, "after").await.unwrap();
        assert!(journal.verify().await.unwrap().is_whole());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_removed_and_replaced_store_holds_is_saved_beside_it() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    append(&journal, "one").await.unwrap();
    fs::rename(folder.path("j"), folder.path("away")).unwrap();
    folder.put_another().await;
    let there = folder.content("j");
    fs::remove_dir_all(folder.path("away")).unwrap();
    let why = ended(&journal).await;
    drop(journal);
    assert_eq!(folder.content("j"), there);
    let saved = fs::read_dir(folder.dir.path()).unwrap().map(|file| file.unwrap().path());
    let saved = saved.filter(|path| path.extension().is_some_and(|end| end == "sqlite"));
    let saved: Vec<PathBuf> = saved.collect();
    assert!(saved.len() == 1 && why.contains(&*saved[0].to_string_lossy()), "{why}: {saved:?}");
    let other = folder.embedded().unwrap();
    other.restore(&saved[0], false).await.unwrap();
    drop(other);
    assert_eq!(acknowledged(&folder.embedded().unwrap()).await, ["one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_was_removed_is_taken_again() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    append(&journal, "before").await.unwrap();
    fs::remove_file(folder.path("j/lock")).unwrap();
    until("there is a lock again", || folder.path("j/lock").exists()).await;
    until("it is ours", || journal.shared.place.has_lock()).await;
    let error = folder.embedded().err().expect("a second is refused").to_string();
    assert!(error.contains(&std::process::id().to_string()), "{error}");
    append(&journal, "after").await.unwrap();
    journal.shutdown().await;
    assert_eq!(acknowledged(&folder.embedded().unwrap()).await, ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_lock_another_took_is_written_no_more() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    append(&journal, "before").await.unwrap();
    let taken = fs::File::create(folder.path("other")).unwrap();
    taken.try_lock().unwrap();
    fs::rename(folder.path("other"), folder.path("j/lock")).unwrap();
    let refused = append(&journal, "refused").await;
    assert!(refused.is_err(), "{refused:?}");
    let why = ended(&journal).await;
    assert!(why.contains("lock"), "{why}");
    assert!(matches!(append(&journal, "refused").await, Err(JournalError::Closed)));
}

/// What was committed into a store that was moved meanwhile is not acknowledged, and can be found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_goes_elsewhere_is_not_acknowledged() {
    let folder = Folder::new();
    let journal = Arc::new(folder.embedded().unwrap());
    append(&journal, "before").await.unwrap();
    journal.shared.gate.hold(true);
    let appending = tokio::spawn({
        let journal = journal.clone();
        async move { append(&journal, "during").await }
    });
    until("a commit is held", || journal.shared.gate.holds()).await;
    folder.move_away();
    journal.shared.gate.hold(false);
    let refused = appending.await.unwrap();
    assert!(is_displaced(&refused), "{refused:?}");
    assert_eq!(journal.persisted_late(), 1);
    folder.move_back();
    until("it is back", || journal.health() == Health::Ready).await;
    let late = EventQuery { limit: 9, persisted_late: true, ..EventQuery::default() };
    assert_eq!(journal.events(&late).await.unwrap().items.len(), 1);
    assert_eq!(acknowledged(&journal).await, ["before"]);
}
