//! How a lease is shared between retries and fresh work, and how much may be open.

use super::*;

/// Items 1 to 4 have failed and are due, each of its own key.
fn failed_four() -> Lane {
    let mut lane = Lane::new(Ordering::Key, 0);
    let items = [(1, "a"), (2, "b"), (3, "c"), (4, "d")];
    let (token, taken) = lease(&mut lane, at(0), &WANT, &items);
    assert_eq!(taken, [1, 2, 3, 4]);
    let fates = [1, 2, 3, 4].map(|position| (Position(position), retry(5)));
    lane.settle(token, &fates, at(0), wall(at(0))).unwrap();
    lane
}

#[test]
fn retries_take_no_more_than_their_part_of_a_lease_while_there_is_fresh_work() {
    let fresh = [(5, "e"), (6, "a"), (7, "f"), (8, "g"), (9, "h"), (10, "i")];
    for (limit, retries, expected) in [
        (1, 0, vec![5]),
        (1, 1, vec![1]),
        (2, 1, vec![1, 5]),
        (4, 2, vec![1, 2, 5, 7]),
        (4, 0, vec![5, 7, 8, 9]),
        (4, 4, vec![1, 2, 3, 4]),
        (8, 2, vec![1, 2, 5, 7, 8, 9, 10, 3]),
        (8, 9, vec![1, 2, 3, 4, 5, 7, 8, 9]),
    ] {
        let mut lane = failed_four();
        let want = LeaseRequest { limit, retries, ..WANT };
        let taken = lease(&mut lane, at(5), &want, &fresh).1;
        assert_eq!(taken, expected, "{limit}, {retries}");
    }
}

#[test]
fn what_only_followed_its_key_counts_as_fresh_and_goes_with_it() {
    let mut lane = Lane::new(Ordering::Key, 0);
    let items = [(1, "a"), (2, "b"), (3, "a"), (4, "b")];
    let (token, taken) = lease(&mut lane, at(0), &WANT, &items);
    assert_eq!(taken, [1, 2]);
    settle(&mut lane, token, at(0), 1, Disposition::Delivered).unwrap();
    settle(&mut lane, token, at(0), 2, retry(1)).unwrap();
    let none = LeaseRequest { retries: 0, limit: 1, ..WANT };
    assert!(lane.may_hand_out());
    assert_eq!(lease(&mut lane, at(1), &none, &[]).1, [3], "2 was tried before");
    assert!(lane.may_hand_out());
    let (token, taken) = lane.begin(at(1), &none);
    assert_eq!(taken, []);
    assert_eq!(lane.top_up(token, 0, &none), [(Position(2), 1)]);
    let whole = LeaseRequest { whole_keys: true, ..WANT };
    lane.release(token);
    assert_eq!(lease(&mut lane, at(1), &whole, &[]).1, [2, 4]);
}

#[test]
fn what_waits_behind_its_key_takes_no_room_from_others_up_to_a_limit_of_its_own() {
    let mut lane = Lane::new(Ordering::Key, 0);
    let (token, _) = lane.begin(at(0), &WANT);
    let mut next = 0;
    let mut offer = |lane: &mut Lane, count: usize, key: &dyn Fn(u64) -> String| {
        for _ in 0..count {
            assert!(lane.has_room(), "{next}");
            next += 1;
            lane.offer(token, Position(next), Some(&key(next)), &WANT);
        }
    };
    offer(&mut lane, FOLLOWERS_MAX, &|_| "bad".to_owned());
    offer(&mut lane, OPEN_MAX - 2, &|position| format!("k{position}"));
    offer(&mut lane, 1, &|_| "bad".to_owned());
    assert!(!lane.has_room(), "so many followers");
    settle(&mut lane, token, at(0), 1, Disposition::Delivered).unwrap();
    assert!(lane.has_room());
    let (token, taken) = lane.begin(at(0), &WANT);
    assert_eq!(taken, [(Position(2), 0)]);
    settle(&mut lane, token, at(0), 2, Disposition::Delivered).unwrap();
    for number in 0..1 {
        let position = Position(200_000 + number);
        lane.offer(token, position, Some(&format!("n{number}")), &WANT);
    }
    assert!(!lane.has_room(), "so many that follow nothing: {}", lane.open());
}
