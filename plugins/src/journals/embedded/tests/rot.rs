//! Bits that have changed in what the database keeps for itself, and in numbers that no checksum covers.

use switchhook_api::journal::Retention;
use switchhook_testkit::callback;

use super::super::full::LOOK_EVERY;
use super::*;

const DAMAGED: &str = "its database is damaged; run `switchhook journal verify`";

/// The page of a table or an index that all the others of it hang on.
fn root(folder: &Folder, name: &str) -> u32 {
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
    folder.raw().query_row(sql, [name], |row| row.get(0)).unwrap()
}

/// Changes a bit of a page's head in the file, which nobody may have open.
fn flip(folder: &Folder, page: u32, byte: usize, bit: u8) {
    let mut bytes = std::fs::read(folder.file()).unwrap();
    let begin = usize::try_from(page - 1).unwrap() * 8192;
    bytes[begin + byte] ^= 1 << bit;
    std::fs::write(folder.file(), bytes).unwrap();
}

fn lanes() -> [ConsumerSpec; 3] {
    [
        ConsumerId::projection("h"),
        ConsumerId::subscription("h", "a"),
        ConsumerId::subscription("h", "b"),
    ]
    .map(lane)
}

pub(super) async fn opened(folder: &Folder) -> Embedded {
    let journal = folder.embedded().unwrap();
    journal.attach(&lanes()).await.unwrap();
    journal
}

pub(super) fn recorded() -> Disposition {
    Disposition::Recorded(Some(NewRecord::of(&callback("A.B", ""))))
}

fn given_up() -> Disposition {
    Disposition::Dead { reason: "no".into(), response: None }
}

/// Seven callbacks and their records: the first five given up by `h>a`, nothing done by `h>b`.
async fn filled(folder: &Folder) {
    let journal = opened(folder).await;
    for n in 1..=7 {
        append(&journal, &format!("body {n}")).await.unwrap();
    }
    let got = lease(&journal, &ConsumerId::projection("h"), 9).await;
    finish(&journal, got, recorded).await;
    let got = lease(&journal, &ConsumerId::subscription("h", "a"), 5).await;
    finish(&journal, got, given_up).await;
}

fn old_letters() -> Retention {
    Retention { dead_letter_retention: Some(Duration::ZERO), ..Retention::default() }
}

#[tokio::test]
async fn a_damaged_index_is_built_anew_and_ends_nothing() {
    let folder = Folder::new();
    filled(&folder).await;
    let page = root(&folder, "dead_letters_at");
    flip(&folder, page, 1, 0); // where its free room begins
    let journal = opened(&folder).await;
    let error = with_causes(&journal.prune(&old_letters()).await.unwrap_err());
    assert!(error.contains(DAMAGED), "{error}");
    assert_eq!(journal.health(), Health::Ready);
    append(&journal, "body 8").await.unwrap();
    let pruned = journal.prune(&old_letters()).await.unwrap();
    assert_eq!(pruned.dead_letters, 5);
    let verified = journal.verify().await.unwrap();
    assert!(verified.is_whole(), "{verified:?}");
}

#[tokio::test]
async fn an_index_beyond_use_is_made_in_new_pages() {
    let folder = Folder::new();
    filled(&folder).await;
    let page = root(&folder, "dead_letters_at");
    flip(&folder, page, 0, 3); // what kind of a page it is
    let journal = opened(&folder).await;
    journal.prune(&old_letters()).await.unwrap_err();
    let got = lease(&journal, &ConsumerId::subscription("h", "a"), 9).await;
    finish(&journal, got, given_up).await;
    assert_eq!(journal.prune(&old_letters()).await.unwrap().dead_letters, 7);
    drop(journal);
    let journal = opened(&folder).await;
    assert_eq!(journal.prune(&old_letters()).await.unwrap().dead_letters, 0);
    let found = problems(&journal).await;
    assert!(found.contains(&format!("Page {page}")) && !found.contains("; "), "{found}");
}

#[tokio::test]
async fn a_settlement_that_meets_a_damaged_index_is_stored_all_the_same() {
    let folder = Folder::new();
    filled(&folder).await;
    let page = root(&folder, "dead_letters_at");
    flip(&folder, page, 1, 0);
    let journal = opened(&folder).await;
    let got = lease(&journal, &ConsumerId::subscription("h", "a"), 9).await;
    assert_eq!(got.items.len(), 2);
    finish(&journal, got, given_up).await;
    assert_eq!(journal.stats().await.unwrap().dead_letters, 7);
    assert!(journal.verify().await.unwrap().is_whole());
}

/// The page of the dead letters themselves cannot be built anew from anything.
#[tokio::test]
async fn damage_in_one_table_leaves_the_others_to_be_used() {
    let folder = Folder::new();
    filled(&folder).await;
    let page = root(&folder, "dead_letters");
    flip(&folder, page, 0, 3);
    let journal = opened(&folder).await;
    for _ in 0..3 {
        let error = with_causes(&journal.prune(&old_letters()).await.unwrap_err());
        assert!(error.contains(DAMAGED), "{error}");
        append(&journal, "new").await.unwrap();
    }
    let got = lease(&journal, &ConsumerId::subscription("h", "b"), 9).await;
    assert_eq!(got.items.len(), 7);
    finish(&journal, got, || Disposition::Delivered).await;
    let a = ConsumerId::subscription("h", "a");
    let got = lease(&journal, &a, 9).await;
    let fates = got.items.iter().map(|item| (item.position, given_up())).collect();
    let (lane, token, state) = (got.lane, got.token, StateChanges::new());
    let raw = folder.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap(); // the disk stands still
    journal.note(entry("A.Before", "", "the writer takes this one and waits".to_owned()));
    while !locked(&journal.shared.queue).is_empty() {
        tokio::task::yield_now().await;
    }
    let (settled, kept, ()) = tokio::join!(
        journal.settle(Settlement { lane, token, fates, state }),
        append(&journal, "in the same commit"),
        async { raw.execute_batch("ROLLBACK").unwrap() },
    );
    assert!(with_causes(&settled.unwrap_err()).contains(DAMAGED));
    kept.unwrap();
    assert_eq!(journal.health(), Health::Ready);
    let got = lease(&journal, &a, 9).await;
    assert_eq!(places(&got), [6, 7], "they come again");
    finish(&journal, got, || Disposition::Delivered).await;
    let retention = Some(Duration::ZERO);
    journal.prune(&Retention { retention, ..old_letters() }).await.unwrap_err();
    let query = EventQuery { limit: 9, before: Some(Position(9)), ..EventQuery::default() };
    let left: Vec<u64> =
        journal.events(&query).await.unwrap().items.iter().map(|e| e.position.0).collect();
    assert_eq!(left, [8, 5, 4, 3, 2, 1], "what can go goes");
}

#[tokio::test]
async fn a_start_that_damage_prevents_says_so() {
    let folder = Folder::new();
    filled(&folder).await;
    let page = root(&folder, "open_items");
    flip(&folder, page, 0, 3);
    let journal = folder.embedded().unwrap();
    let error = with_causes(&journal.attach(&lanes()).await.unwrap_err());
    assert!(error.contains(DAMAGED), "{error}");
    assert!(!journal.verify().await.unwrap().is_whole(), "and that says where");
    drop(journal);
    flip(&folder, page, 0, 3);
    let page = root(&folder, "entries");
    flip(&folder, page, 0, 3);
    let opening = options();
    let error = Embedded::build(opening, &folder.cx()).await.err().unwrap();
    assert!(with_causes(&*error).contains("is damaged and cannot be opened"), "{error}");
}

pub(super) fn places(lease: &Lease) -> Vec<u64> {
    lease.items.iter().map(|item| item.position.0).collect()
}

/// As if a bit had changed in a number that no checksum covers.
pub(super) fn change(folder: &Folder, sql: &str) {
    assert!(folder.raw().execute(sql, []).unwrap() > 0, "{sql}");
}

pub(super) async fn problems(journal: &Embedded) -> String {
    journal.verify().await.unwrap().problems.join("; ")
}

#[tokio::test]
async fn a_subscription_whose_cursor_is_damaged_begins_again() {
    for changed in ["cursor + 65536", "cursor - 9223372036854775807 - 1"] {
        let folder = Folder::new();
        filled(&folder).await;
        change(&folder, &format!("UPDATE lanes SET cursor = {changed} WHERE id = 'h>b'"));
        let journal = folder.embedded().unwrap();
        let found = problems(&journal).await;
        assert!(found.contains("consumer h>b: its cursor is "), "{changed}: {found}");
        journal.attach(&lanes()).await.unwrap();
        assert_eq!(journal.damaged(), 1, "{changed}");
        append(&journal, "body 8").await.unwrap();
        let got = lease(&journal, &ConsumerId::projection("h"), 9).await;
        assert_eq!(places(&got), [8], "nothing lies between");
        finish(&journal, got, recorded).await;
        let got = lease(&journal, &ConsumerId::subscription("h", "b"), 9).await;
        assert_eq!(places(&got), [1, 2, 3, 4, 5, 6, 7, 8], "{changed}");
        assert_eq!(
            places(&lease(&journal, &ConsumerId::subscription("h", "a"), 9).await),
            [6, 7, 8]
        );
        assert_eq!(journal.stats().await.unwrap().dead_letters, 5, "those from before");
        assert_eq!(problems(&journal).await, "");
    }
}

#[tokio::test]
async fn a_projection_whose_cursor_is_damaged_goes_on_after_its_last_record() {
    let folder = Folder::new();
    filled(&folder).await;
    let journal = opened(&folder).await;
    append(&journal, "body 8").await.unwrap();
    drop(journal);
    change(&folder, "UPDATE lanes SET cursor = cursor + 65536 WHERE id = 'h'");
    let journal = opened(&folder).await;
    let got = lease(&journal, &ConsumerId::projection("h"), 9).await;
    assert_eq!(places(&got), [8]);
    finish(&journal, got, recorded).await;
    let got = lease(&journal, &ConsumerId::subscription("h", "b"), 9).await;
    assert_eq!(places(&got), [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// One that left the configuration, too: what it needs must not be removed.
#[tokio::test]
async fn every_lane_with_a_damaged_cursor_is_put_back() {
    let folder = Folder::new();
    filled(&folder).await;
    let journal = folder.embedded().unwrap();
    journal.attach(&lanes()[..1]).await.unwrap();
    drop(journal);
    change(&folder, "UPDATE lanes SET cursor = cursor + 65536 WHERE id = 'h>b'");
    let journal = folder.embedded().unwrap();
    journal.attach(&lanes()[..1]).await.unwrap();
    let states = journal.lanes().await.unwrap();
    let left = states.iter().find(|one| one.lane == "h>b").unwrap();
    assert_eq!((left.cursor.0, left.detached), (0, true));
}

#[tokio::test]
async fn however_many_are_missing_they_are_one_dead_letter() {
    let folder = Folder::new();
    filled(&folder).await;
    change(&folder, "UPDATE entries SET first = first + 65536 WHERE first = 7");
    let journal = folder.embedded().unwrap();
    let g = ConsumerId::projection("g");
    journal.attach(&[lane(g.clone())]).await.unwrap();
    let mut got = Vec::new();
    while got.len() < 7 {
        let more = lease(&journal, &g, 9).await;
        got.extend(places(&more));
        finish(&journal, more, || Disposition::Recorded(None)).await;
    }
    assert_eq!(got, [1, 2, 3, 4, 5, 6, 65543]);
    let lane = Some(g);
    let query = DeadLetterQuery { lane, ..DeadLetterQuery::first(9) };
    let letters = journal.dead_letters(&query).await.unwrap().items;
    let told: Vec<_> = letters.iter().map(|one| (one.position.0, &*one.reason)).collect();
    let reason = "damaged in the store: all callbacks from 7 to 65542 are missing";
    assert_eq!(told, [(65542, reason)]);
    assert_eq!(journal.damaged(), 10_000, "no more are remembered");
}

#[tokio::test]
async fn what_a_row_holds_says_where_the_next_goes() {
    for changed in ["0", "-3", "70000"] {
        let folder = Folder::new();
        filled(&folder).await;
        change(&folder, &format!("UPDATE entries SET count = {changed} WHERE first = 7"));
        let journal = opened(&folder).await;
        let kept = append(&journal, "body 8").await.unwrap();
        assert_eq!(kept, [Appended::Kept(Position(8))], "{changed}");
        let got = lease(&journal, &ConsumerId::projection("h"), 9).await;
        assert_eq!(places(&got), [8], "{changed}");
    }
}

#[tokio::test]
async fn a_journal_that_keeps_nothing_says_so_until_it_does() {
    let folder = Folder::new();
    filled(&folder).await;
    let journal = opened(&folder).await;
    folder
        .raw()
        .execute_batch(
            "CREATE TRIGGER t BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'never'); END",
        )
        .unwrap();
    for _ in 0..2 {
        append(&journal, "refused").await.unwrap_err();
        assert_eq!(journal.health(), Health::Ready);
    }
    append(&journal, "refused").await.unwrap_err();
    let Health::Unavailable(why) = journal.health() else { panic!("it says that it is well") };
    assert!(why.contains("never"), "{why}");
    write::try_room(&mut folder.raw(), 7).unwrap_err();
    folder.raw().execute_batch("DROP TRIGGER t").unwrap();
    let mut health = journal.shared.health.subscribe();
    folder.clock.advance(LOOK_EVERY);
    let ready = health.wait_for(|health| *health == Health::Ready);
    assert!(tokio::time::timeout(Duration::from_secs(20), ready).await.is_ok(), "not found");
    let kept = append(&journal, "body 8").await.unwrap();
    assert_eq!(kept, [Appended::Kept(Position(8))]);
}

#[tokio::test]
async fn damaged_numbers_of_attempts_keep_nothing_from_starting() {
    let folder = Folder::new();
    filled(&folder).await;
    let journal = opened(&folder).await;
    let b = ConsumerId::subscription("h", "b");
    let got = lease(&journal, &b, 9).await;
    finish(&journal, got, || Disposition::Retry { after: Duration::ZERO, reason: "busy".into() })
        .await;
    drop(journal);
    for table in ["open_items", "dead_letters"] {
        let changed = "attempts = attempts - 9223372036854775807 - 1 WHERE position = 3";
        change(&folder, &format!("UPDATE {table} SET {changed}"));
    }
    let journal = opened(&folder).await;
    let got = lease(&journal, &b, 9).await;
    let attempts: Vec<u32> = got.items.iter().map(|item| item.attempts).collect();
    assert_eq!(attempts, [1, 1, 0, 1, 1, 1, 1]);
    let letters = journal.dead_letters(&DeadLetterQuery::first(9)).await.unwrap().items;
    let attempts: Vec<u32> = letters.iter().map(|letter| letter.attempts).collect();
    assert_eq!(attempts, [1, 1, 0, 1, 1]);
    let found = problems(&journal).await;
    for table in ["h>b: the pending item at 3", "h>a: the dead letter of callback 3"] {
        let problem = format!("consumer {table} has a damaged number of attempts");
        assert!(found.contains(&problem), "{found}");
    }
}
