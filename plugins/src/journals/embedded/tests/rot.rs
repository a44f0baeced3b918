//! Bits that have changed in what the database keeps for itself, and in numbers that no checksum covers.

use super::*;
use switchhook_core::journal::Retention;
use switchhook_core::testing::callback;

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

fn lanes() -> [LaneSpec; 3] {
    [LaneId::projection("h"), LaneId::subscription("h", "a"), LaneId::subscription("h", "b")]
        .map(lane)
}

async fn opened(folder: &Folder) -> Embedded {
    let journal = folder.embedded().unwrap();
    journal.attach(&lanes()).await.unwrap();
    journal
}

fn recorded() -> Fate {
    Fate::Recorded(Some(NewRecord::of(&callback("A.B", ""))))
}

fn given_up() -> Fate {
    Fate::Dead { reason: "no".into(), response: None }
}

/// Seven callbacks and their records: the first five given up by `h>a`, nothing done by `h>b`.
async fn filled(folder: &Folder) {
    let journal = opened(folder).await;
    for n in 1..=7 {
        append(&journal, &format!("body {n}")).await.unwrap();
    }
    let got = lease(&journal, &LaneId::projection("h"), 9).await;
    finish(&journal, got, recorded).await;
    let got = lease(&journal, &LaneId::subscription("h", "a"), 5).await;
    finish(&journal, got, given_up).await;
}

fn old_letters() -> Retention {
    Retention { keep_dead_letters: Some(Duration::ZERO), ..Retention::default() }
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
async fn a_settlement_that_meets_a_damaged_index_is_stored_all_the_same() {
    let folder = Folder::new();
    filled(&folder).await;
    let page = root(&folder, "dead_letters_at");
    flip(&folder, page, 1, 0);
    let journal = opened(&folder).await;
    let got = lease(&journal, &LaneId::subscription("h", "a"), 9).await;
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
    let got = lease(&journal, &LaneId::subscription("h", "b"), 9).await;
    assert_eq!(got.items.len(), 7);
    finish(&journal, got, || Fate::Delivered).await;
    let a = LaneId::subscription("h", "a");
    let got = lease(&journal, &a, 9).await;
    let fates = got.items.iter().map(|item| (item.position, given_up())).collect();
    let (lane, token, state) = (got.lane, got.token, StateChanges::new());
    let (settled, kept) = tokio::join!(
        journal.settle(Settlement { lane, token, fates, state }),
        append(&journal, "in the same commit"),
    );
    assert!(with_causes(&settled.unwrap_err()).contains(DAMAGED));
    kept.unwrap();
    assert_eq!(journal.health(), Health::Ready);
    assert_eq!(lease(&journal, &a, 9).await.items.len(), 2, "it comes again");
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
    let opening = Options { path: "j".into(), ..options() };
    let error = Embedded::build(opening, &folder.cx()).await.err().unwrap();
    assert!(with_causes(&*error).contains(DAMAGED), "{error}");
}
