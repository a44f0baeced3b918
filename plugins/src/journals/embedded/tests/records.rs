//! Rows of records with damaged numbers lose no other record.

use super::rot::{change, opened, places, problems, recorded};
use super::*;

/// A number of callbacks, and a row for each record.
async fn filled_alone(folder: &Folder, count: u64) {
    let journal = opened(folder).await;
    for n in 1..=count {
        append(&journal, &format!("body {n}")).await.unwrap();
        let got = lease(&journal, &ConsumerId::projection("h"), 1).await;
        finish(&journal, got, recorded).await;
    }
}

/// A number as the database stores it in a row.
fn varint(number: i64) -> Vec<u8> {
    let groups = (0..9).rev().map(|group| u8::try_from(number >> (7 * group) & 0x7f).unwrap());
    let mut bytes: Vec<u8> =
        groups.skip_while(|group| *group == 0).map(|group| group | 0x80).collect();
    *bytes.last_mut().unwrap() &= 0x7f;
    bytes
}

/// Flips bits of a row's number in the file.
fn renumber(folder: &Folder, position: u64, bits: u8) {
    let number = varint(super::super::schema::slot(1, position));
    let mut bytes = std::fs::read(folder.file()).unwrap();
    let found = bytes.windows(number.len()).enumerate().filter(|(_, window)| *window == number);
    let found: Vec<usize> = found.map(|(at, _)| at).collect(); // among them what a page no longer uses
    for at in found {
        bytes[at + number.len() - 2] ^= bits;
    }
    std::fs::write(folder.file(), bytes).unwrap();
}

#[tokio::test]
async fn records_are_where_they_say_whatever_the_number_of_their_row() {
    for (position, bits) in [(1, 1), (4, 1), (4, 0x40), (7, 1), (200, 1), (201, 1)] {
        let folder = Folder::new();
        filled_alone(&folder, 300).await;
        renumber(&folder, position, bits);
        let journal = opened(&folder).await;
        assert!(!problems(&journal).await.is_empty(), "{position}: nothing was noticed");
        assert_eq!(drained(&journal, 300).await, (1..=300).collect::<Vec<u64>>(), "{position}");
    }
}

/// What the subscription `h>b` gets, up to this position.
async fn drained(journal: &Embedded, last: u64) -> Vec<u64> {
    let mut all = Vec::new();
    while all.last() != Some(&last) {
        let lane = ConsumerId::subscription("h", "b");
        let leasing = lease(journal, &lane, 64);
        let got = tokio::time::timeout(Duration::from_secs(5), leasing).await;
        let got = got.unwrap_or_else(|_| panic!("nothing after {all:?}"));
        all.extend(places(&got));
        finish(journal, got, || Disposition::Delivered).await;
    }
    all
}

#[tokio::test]
async fn a_row_of_records_that_is_all_damaged_hides_none_of_the_next() {
    let folder = Folder::new();
    filled_alone(&folder, 40).await;
    let damaged = super::super::schema::slot(1, 7);
    // What the database reads when the length of a row's header is damaged.
    let sql =
        format!("UPDATE records SET last = 28672, data = substr(data, 2) WHERE slot = {damaged}");
    change(&folder, &sql);
    let journal = opened(&folder).await;
    let expected: Vec<u64> = (1..=40).filter(|position| *position != 7).collect();
    assert_eq!(drained(&journal, 40).await, expected);
}
