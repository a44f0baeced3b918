//! How large a handler's state may be.

use super::*;

/// Sets a key to a value, both as long as the body says, and again for each further number.
struct Hoards;

#[async_trait]
impl Handler for Hoards {
    async fn handle(
        &self,
        callback: &Callback,
        cx: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        let body = String::from_utf8_lossy(&callback.body);
        let mut sizes = body.split(' ').map(|size| size.parse::<usize>().unwrap());
        let key = "k".repeat(sizes.next().unwrap());
        cx.state().put("seen", body.to_string());
        for size in sizes {
            cx.state().put(key.clone(), "v".repeat(size));
        }
        Ok(Some(NewRecord::of(callback)))
    }
}

#[tokio::test]
async fn state_that_is_too_large_is_a_dead_letter_that_names_it_and_changes_nothing() {
    for (body, reason) in [
        ("1 65536", None),
        ("1 0", None),
        ("1024 65536", None),
        ("3 70000 9", None), // what counts is what it comes to
        ("3 65537", Some("state for the key `kkk` has 65537 bytes, at most 65536")),
        ("3 9 200000", Some("has 200000 bytes")),
        ("1025 1", Some("a key of the handler's state has 1025 bytes, at most 1024")),
    ] {
        let house = House::new(Arc::new(Hoards), picky(1), "").await;
        house.append("k", body).await;
        house.until("h", |lane| lane.behind == 0 && lane.open == 0).await;
        let letters = house.journal.dead_letters(&DeadLetterQuery::first(9)).await.unwrap().items;
        let seen = house.journal.state("h", "seen").await.unwrap();
        assert_eq!(seen.is_none(), reason.is_some(), "{body}");
        assert_eq!(letters.len(), usize::from(reason.is_some()), "{body}");
        for (letter, reason) in letters.iter().zip(reason) {
            assert_eq!(letter.attempts, 1, "trying again cannot help");
            assert!(letter.reason.contains(reason), "{body}: {}", letter.reason);
            assert!(letter.reason.len() < 300, "{}", letter.reason);
        }
        house.stop().await;
    }
}
