//! Bits that have changed on the disk.

use switchhook_api::journal::{LeasedItem, Retention};
use switchhook_testkit::callback;

use super::super::damage::DAMAGED;
use super::super::frame::{self, Blob, ENTRIES};
use super::*;

/// A handler's records of two subscriptions, and a second handler.
fn lanes() -> Vec<ConsumerSpec> {
    let ids = [
        ConsumerId::projection("g"),
        ConsumerId::projection("h"),
        ConsumerId::subscription("h", "a"),
        ConsumerId::subscription("h", "b"),
    ];
    ids.map(lane).into()
}

async fn opened(folder: &Folder) -> Embedded {
    let journal = folder.embedded().unwrap();
    journal.attach(&lanes()).await.unwrap();
    journal
}

/// Five callbacks in one commit; a record of each in `h`.
async fn filled(folder: &Folder) -> Embedded {
    let journal = opened(folder).await;
    let entries = (1..=5).map(|n| entry("A.B", "k", format!("entry{n}"))).collect();
    journal.append(entries).await.unwrap();
    let got = lease(&journal, &ConsumerId::projection("h"), 9).await;
    let record = |item: &LeasedItem| {
        let new = NewRecord::new(&callback("A.B", ""), "", format!("record{}", item.position));
        (item.position, Disposition::Recorded(Some(new)))
    };
    let fates = got.items.iter().map(record).collect();
    let (lane, token, state) = (got.lane, got.token, StateChanges::new());
    journal.settle(Settlement { lane, token, fates, state }).await.unwrap();
    journal
}

fn places(lease: &Lease) -> Vec<u64> {
    lease.items.iter().map(|item| item.position.0).collect()
}

async fn letters(journal: &Embedded) -> Vec<(String, u64, String)> {
    let page = journal.dead_letters(&DeadLetterQuery::first(100)).await.unwrap();
    let mut letters: Vec<_> =
        page.items.into_iter().map(|one| (one.lane, one.position.0, one.reason)).collect();
    letters.sort();
    letters
}

/// Changes the blob of a table's only row.
fn change(folder: &Folder, table: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let raw = folder.raw();
    let sql = format!("SELECT data FROM {table}");
    let mut data: Vec<u8> = raw.query_row(&sql, [], |row| row.get(0)).unwrap();
    change(&mut data);
    assert_eq!(raw.execute(&format!("UPDATE {table} SET data = ?1"), [data]).unwrap(), 1);
}

/// Where the frames of a blob begin.
fn heads(data: &[u8]) -> Vec<usize> {
    let mut heads = vec![0];
    while let Some(at) = heads.last().copied().filter(|at| *at < data.len()) {
        let length = u32::from_le_bytes(data[at..at + 4].try_into().unwrap());
        heads.push(at + 8 + usize::try_from(length).unwrap());
    }
    heads
}

#[tokio::test]
async fn a_damaged_entry_is_set_aside_by_each_lane_and_counted_once() {
    let folder = Folder::new();
    drop(opened(&folder).await);
    drop(filled(&folder).await);
    damage(&folder, "entries", b"entry2");
    let journal = opened(&folder).await;
    let g = ConsumerId::projection("g");
    let got = lease(&journal, &g, 9).await;
    assert_eq!(places(&got), [1, 3, 4, 5]);
    finish(&journal, got, || Disposition::Recorded(None)).await;
    assert_eq!(letters(&journal).await, [("g".to_owned(), 2, DAMAGED.to_owned())]);
    let again = journal.retry_dead_letters(&[1]).await.unwrap();
    assert_eq!((again.queued, again.missing), (0, 1), "there is nothing to handle");
    let action = ConsumerId::subscription("h", "a");
    assert_eq!(
        places(&lease(&journal, &action, 9).await).len(),
        5,
        "records have their own bodies"
    );
    assert_eq!(journal.damaged(), 1);
    drop(journal);
    let journal = opened(&folder).await;
    append(&journal, "entry6").await.unwrap();
    assert_eq!(places(&lease(&journal, &g, 9).await), [6]);
    assert_eq!(letters(&journal).await.len(), 1, "it was settled");
}

#[tokio::test]
async fn a_damaged_record_is_set_aside_by_each_action() {
    let folder = Folder::new();
    drop(filled(&folder).await);
    damage(&folder, "records", b"record3");
    let journal = opened(&folder).await;
    for action in ["a", "b"] {
        let got = lease(&journal, &ConsumerId::subscription("h", action), 9).await;
        assert_eq!(places(&got), [1, 2, 4, 5]);
        finish(&journal, got, || Disposition::Delivered).await;
    }
    let letter = |lane: &str| (lane.to_owned(), 3, DAMAGED.to_owned());
    assert_eq!(letters(&journal).await, [letter("h>a"), letter("h>b")]);
    assert_eq!(journal.damaged(), 1);
    assert!(journal.lanes().await.unwrap().iter().all(|lane| lane.open == 0));
    let again = journal.retry_dead_letters(&[1, 2]).await.unwrap();
    assert_eq!((again.queued, again.missing), (0, 2), "there is nothing to deliver");
    assert_eq!(letters(&journal).await.len(), 2);
}

#[tokio::test]
async fn behind_a_damaged_length_all_is_set_aside_and_counted() {
    for zeros in [false, true] {
        let folder = Folder::new();
        drop(filled(&folder).await);
        change(&folder, "entries", |data| {
            let head = heads(data)[2];
            match zeros {
                true => data[head..head + 40].fill(0),
                false => data[head] ^= 0x10,
            }
        });
        let journal = opened(&folder).await;
        let got = lease(&journal, &ConsumerId::projection("g"), 9).await;
        assert_eq!(places(&got), [1, 2], "zeros: {zeros}");
        finish(&journal, got, || Disposition::Recorded(None)).await;
        let dead: Vec<u64> = letters(&journal).await.into_iter().map(|one| one.1).collect();
        assert_eq!((dead, journal.damaged()), (vec![3, 4, 5], 3));
        let verified = journal.verify().await.unwrap();
        assert_eq!((verified.events, verified.records, verified.damaged), (2, 5, 3));
    }
}

#[tokio::test]
async fn a_lane_of_nothing_but_damage_waits_for_what_comes_next() {
    let folder = Folder::new();
    drop(filled(&folder).await);
    change(&folder, "entries", |data| data.fill(7));
    let journal = opened(&folder).await;
    append(&journal, "entry6").await.unwrap();
    assert_eq!(places(&lease(&journal, &ConsumerId::projection("g"), 9).await), [6]);
    assert_eq!((letters(&journal).await.len(), journal.damaged()), (5, 5));
}

#[tokio::test]
async fn verify_names_what_is_damaged() {
    let folder = Folder::new();
    drop(filled(&folder).await);
    damage(&folder, "entries", b"entry4");
    damage(&folder, "records", b"record2");
    let journal = opened(&folder).await;
    let verified = journal.verify().await.unwrap();
    assert_eq!((verified.events, verified.records, verified.damaged), (4, 4, 2));
    let named: Vec<String> = verified.damage.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["callback 4", "record 2 of h"]);
    assert_eq!(verified.problems, [""; 0]);
    assert!(!verified.is_whole());
}

#[tokio::test]
async fn verify_counts_the_records_behind_a_damaged_length() {
    let folder = Folder::new();
    drop(filled(&folder).await);
    change(&folder, "records", |data| {
        let head = heads(data)[1];
        data[head + 3] ^= 1;
    });
    let verified = folder.embedded().unwrap().verify().await.unwrap();
    assert_eq!((verified.records, verified.damaged), (1, 4));
}

#[tokio::test]
async fn verify_finds_numbers_of_rows_that_do_not_fit() {
    for (sql, problem) in [
        ("UPDATE entries SET count = 3", "their row says 3 up to 3, but there are 5 up to 5"),
        ("UPDATE entries SET count = 9", "their row says 9 up to 9, but there are 5 up to 5"),
        ("UPDATE records SET last = last + 1", "but there are 5 up to 5"),
        ("UPDATE records SET count = 4", "their row says 4 up to 5"),
        ("DELETE FROM handlers WHERE name = 'h'", "handler 2 has records but no name"),
        (
            "INSERT INTO entries SELECT first + 1, count, at, data FROM entries",
            "other rows have the same positions",
        ),
        ("UPDATE lanes SET id = 'x>a' WHERE id = 'h>a'", "consumer x>a: its handler has no number"),
        (
            "INSERT INTO open_items SELECT no, 77, 1, NULL, NULL, NULL, NULL FROM lanes WHERE id = 'h>a'",
            "consumer h>a: the pending item at 77 is missing",
        ),
        (
            "INSERT INTO open_items VALUES (99, 1, 1, NULL, NULL, NULL, NULL)",
            "1 rows of open_items belong to no consumer",
        ),
        (
            "INSERT INTO dead_letters (lane, position, at, attempts, reason) VALUES (1, 6, 0, 1, '')",
            "dead letter 1: callback 6 is missing",
        ),
    ] {
        let folder = Folder::new();
        let journal = filled(&folder).await;
        assert!(journal.verify().await.unwrap().is_whole());
        folder.raw().execute_batch(sql).unwrap();
        let verified = journal.verify().await.unwrap();
        let found = verified.problems.iter().any(|one| one.contains(problem));
        assert!(found, "{sql}: {verified:?}");
    }
}

#[tokio::test]
async fn a_record_whose_callback_is_gone_is_damaged() {
    let folder = Folder::new();
    let journal = opened(&folder).await;
    for body in ["one", "two"] {
        append(&journal, body).await.unwrap();
    }
    let got = lease(&journal, &ConsumerId::projection("h"), 9).await;
    let record = || Disposition::Recorded(Some(NewRecord::of(&callback("A.B", ""))));
    finish(&journal, got, record).await;
    folder.raw().execute_batch("DELETE FROM entries WHERE first = 2").unwrap();
    let verified = journal.verify().await.unwrap();
    assert_eq!((verified.events, verified.records, verified.damaged), (1, 1, 1));
    assert_eq!(verified.damage[0].to_string(), "record 2 of h");
}

#[tokio::test]
async fn a_record_that_outlives_its_old_callback_for_a_while_is_whole() {
    let folder = Folder::new();
    let journal = folder.embedded().unwrap();
    let h = ConsumerId::projection("h");
    journal.attach(&[lane(h.clone())]).await.unwrap();
    append(&journal, "old").await.unwrap();
    folder.clock.advance(Duration::from_hours(1));
    append(&journal, "new").await.unwrap();
    let got = lease(&journal, &h, 9).await;
    finish(&journal, got, || Disposition::Recorded(Some(NewRecord::of(&callback("A.B", "")))))
        .await;
    let retention = Some(Duration::from_mins(30));
    journal.prune(&Retention { retention, ..Retention::default() }).await.unwrap();
    let verified = journal.verify().await.unwrap();
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!((verified.events, verified.records), (1, 2));
}

#[tokio::test]
async fn verify_goes_on_where_the_database_itself_is_damaged() {
    let folder = Folder::new();
    let journal = opened(&folder).await;
    for _ in 0..20 {
        append(&journal, &"x".repeat(30_000)).await.unwrap();
    }
    drop(journal);
    let mut bytes = std::fs::read(folder.file()).unwrap();
    let count = bytes.len() / 8192;
    bytes[(count - 3) * 8192..(count - 2) * 8192].fill(0xEE); // within the last blob
    std::fs::write(folder.file(), bytes).unwrap();
    let journal = opened(&folder).await;
    let verified = journal.verify().await.unwrap();
    assert_eq!((verified.events, verified.damaged), (19, 1), "{verified:?}");
    assert!(!verified.problems.is_empty() && verified.problems.iter().all(|one| one.len() <= 200));
    let g = ConsumerId::projection("g");
    let mut got = Vec::new();
    while got.len() < 19 {
        let more = lease(&journal, &g, 9).await;
        got.extend(places(&more));
        finish(&journal, more, || Disposition::Recorded(None)).await;
    }
    assert_eq!(got, (1..20).collect::<Vec<_>>());
    append(&journal, "x").await.unwrap();
    assert_eq!(places(&lease(&journal, &g, 9).await), [21]);
    assert_eq!(letters(&journal).await, [("g".to_owned(), 20, DAMAGED.to_owned())]);
}

/// Every bit of a blob, one after the other: what is whole is what was stored, where it was stored, and the rest is known.
fn each_bit(log: u64, positions: &[u64], data: &[u8]) {
    let (first, last) = (positions[0], *positions.last().unwrap());
    let read = |data: Vec<u8>| Blob::read(log, first, last, first, data.into());
    let content = |blob: &Blob, frame| match log {
        ENTRIES => blob.entry(frame).map(|parts| parts.body.to_vec()),
        _ => blob.record(frame).map(|parts| parts.body.unwrap().to_vec()),
    };
    let sound = read(data.to_vec());
    let stored: Vec<_> = sound.frames().iter().map(|f| (f.position, content(&sound, *f))).collect();
    assert_eq!(stored.iter().map(|one| one.0).collect::<Vec<_>>(), positions);
    for bit in 0..data.len() * 8 {
        let mut data = data.to_vec();
        data[bit / 8] ^= 1 << (bit % 8);
        let blob = read(data);
        let whole: Vec<_> = blob.frames().iter().filter(|f| f.is_whole()).collect();
        for frame in &whole {
            let found = (frame.position, content(&blob, **frame));
            assert!(stored.contains(&found), "bit {bit}: {found:?}");
        }
        assert!(blob.frames().iter().map(|f| f.position).is_sorted_by(|a, b| a < b), "bit {bit}");
        assert!(blob.damaged().count() > 0, "bit {bit}");
        if log == ENTRIES {
            assert_eq!(blob.frames().len(), positions.len(), "bit {bit}");
        }
    }
}

#[test]
fn no_changed_bit_goes_unseen() {
    let mut data = Vec::new();
    for body in ["one", "", "three"] {
        frame::put_entry(&mut data, "A.B", b"facts", body.as_bytes());
    }
    each_bit(ENTRIES, &[7, 8, 9], &data);
    let mut data = Vec::new();
    for (position, body) in [(7, "one"), (12, ""), (13, "three")] {
        let new = NewRecord::new(&callback("A.B", ""), "summary", body);
        frame::put_record(&mut data, position, &new, new.body.as_ref(), b"facts");
    }
    each_bit(1, &[7, 12, 13], &data);
}

#[test]
fn zeros_do_not_move_what_comes_after_them() {
    let mut data = Vec::new();
    for n in 0..40 {
        frame::put_entry(&mut data, "A.B.", b"fact", format!("body{n:04}").as_bytes());
    }
    let heads = heads(&data);
    data[heads[2]..heads[3]].fill(0);
    let blob = Blob::read(ENTRIES, 1, 40, 1, data.into());
    for frame in blob.frames().iter().filter(|frame| frame.is_whole()) {
        let body = blob.entry(*frame).unwrap().body;
        assert_eq!(body, format!("body{:04}", frame.position - 1));
    }
    assert_eq!(blob.damaged().count(), 38);
}

#[tokio::test]
async fn a_missing_row_is_set_aside_and_what_follows_is_not() {
    let folder = Folder::new();
    let journal = opened(&folder).await;
    for body in ["one", "two", "three"] {
        append(&journal, body).await.unwrap();
    }
    drop(journal);
    assert_eq!(folder.raw().execute("DELETE FROM entries WHERE first = 2", []).unwrap(), 1);
    let journal = opened(&folder).await;
    let id = ConsumerId::projection("g");
    assert_eq!(places(&lease(&journal, &id, 9).await), [1, 3]);
    assert_eq!(letters(&journal).await, [("g".to_owned(), 2, DAMAGED.to_owned())]);
    let found = journal.verify().await.unwrap();
    assert!(found.problems.iter().any(|one| one.contains("from 2 to 2 are missing")), "{found:?}");
}

#[tokio::test]
async fn a_lane_that_has_seen_what_is_gone_is_put_back() {
    let folder = Folder::new();
    let journal = filled(&folder).await;
    append(&journal, "after").await.unwrap();
    let first = ConsumerId::projection("h");
    let got = lease(&journal, &first, 9).await;
    finish(&journal, got, || Disposition::Recorded(None)).await; // so it is known that there was a sixth
    drop(journal);
    assert_eq!(folder.raw().execute("DELETE FROM entries WHERE first = 6", []).unwrap(), 1);
    let journal = opened(&folder).await;
    assert_eq!(journal.damaged(), 1);
    append(&journal, "new").await.unwrap();
    assert_eq!(places(&lease(&journal, &ConsumerId::projection("g"), 9).await), [1, 2, 3, 4, 5, 6]);
    assert_eq!(places(&lease(&journal, &first, 9).await), [6], "the first five have their records");
    assert_eq!(letters(&journal).await, []);
}

#[test]
fn a_row_whose_number_is_damaged_goes_where_its_neighbours_leave_room() {
    let check = |rows: &[(u64, u64)], next: Option<u64>, expected: &[(u64, u64)]| {
        let all = rows.iter().map(|(first, last)| (*first, *last, Bytes::new())).collect();
        let got = super::super::rows::in_order(all, next);
        let got: Vec<_> = got.into_iter().map(|(first, last, _)| (first, last)).collect();
        assert_eq!(got, expected, "{rows:?}");
    };
    check(&[(1, 3), (4, 4), (5, 9)], None, &[(1, 3), (4, 4), (5, 9)]);
    check(&[(1, 3), (68, 69), (6, 9)], None, &[(1, 3), (4, 5), (6, 9)]);
    check(&[(1, 3), (68, 69)], Some(6), &[(1, 3), (4, 5)]);
    check(&[(5, 6), (3, 4), (9, 9)], None, &[(5, 6), (7, 8), (9, 9)]);
    check(&[(1, 3), (2, 2), (6, 9)], None, &[(1, 3), (6, 9)]);
    check(&[(1, 3), (8, 9), (10, 10)], None, &[(1, 3), (8, 9), (10, 10)]);
    check(&[(1, 3), (8, 9)], None, &[(1, 3), (8, 9)]);
    check(&[(1, 3), (90, 91), (6, 9)], None, &[(1, 3), (6, 9)]); // of another place, though there is room
    check(&[(1, 3), (90, 91)], Some(6), &[(1, 3)]);
    check(&[], None, &[]);
}

#[tokio::test]
async fn a_record_never_has_the_body_of_another_callback() {
    let folder = Folder::new();
    let journal = opened(&folder).await;
    for body in ["one", "two"] {
        append(&journal, body).await.unwrap();
    }
    let got = lease(&journal, &ConsumerId::projection("h"), 9).await;
    finish(&journal, got, || Disposition::Recorded(Some(NewRecord::of(&callback("A.B", "")))))
        .await;
    drop(journal);
    // As if the number of a row had changed.
    let change =
        "UPDATE entries SET data = (SELECT data FROM entries WHERE first = 2) WHERE first = 1";
    folder.raw().execute_batch(change).unwrap();
    let journal = opened(&folder).await;
    append(&journal, "three").await.unwrap();
    let got = lease(&journal, &ConsumerId::projection("h"), 9).await;
    finish(&journal, got, || Disposition::Recorded(Some(NewRecord::of(&callback("A.B", "")))))
        .await;
    let got = lease(&journal, &ConsumerId::subscription("h", "a"), 9).await;
    assert_eq!(places(&got), [2, 3]);
    assert_eq!(letters(&journal).await, [("h>a".to_owned(), 1, DAMAGED.to_owned())]);
}
