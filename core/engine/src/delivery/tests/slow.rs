//! Handlers that take their time.

use std::time::Duration;

use super::*;
use crate::delivery::simulation::target::Answer;
use crate::delivery::simulation::world::World;

/// Takes as many milliseconds as the body says, and remembers each.
struct Takes;

#[async_trait]
impl Handler for Takes {
    async fn handle(
        &self,
        callback: &Callback,
        cx: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        let millis = std::str::from_utf8(&callback.body).unwrap().parse().unwrap();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        cx.state().put(callback.facts.id.to_string(), "done");
        Ok(Some(NewRecord::of(callback)))
    }
}

/// How many are delivered after each of these waits in milliseconds, and how many are remembered at the end.
async fn delivered(bodies: &[&str], waits: &[u64]) -> (Vec<usize>, usize) {
    let take = Box::new(|_, _: &Record, _| (Duration::ZERO, Answer::Take));
    let mut world = World::new(7).with_handler("h", Box::new(|_| Arc::new(Takes))).with_action(
        "a",
        "concurrency = 16",
        1,
        take,
    );
    for (number, body) in bodies.iter().enumerate() {
        world.append(&format!("k{number}"), body).await;
    }
    let node = world.start().await;
    let mut delivered = Vec::new();
    for wait in waits {
        world.pass(Duration::from_millis(*wait)).await;
        delivered.push(world.log.attempts().len());
    }
    let mut remembered = 0;
    for number in 1..=bodies.len() {
        let id = uuid::Uuid::from_u128(number as u128).to_string();
        remembered += usize::from(node.journal.state("h", &id).await.unwrap().is_some());
    }
    node.stop().await;
    (delivered, remembered)
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_long_does_not_hold_back_what_is_done_before_it() {
    let found = delivered(&["0", "0", "8000", "0", "0"], &[1000, 6000, 2000]).await;
    assert_eq!(found, (vec![2, 2, 5], 5));
}

#[tokio::test(start_paused = true)]
async fn many_that_take_a_while_are_delivered_as_they_are_done() {
    let (delivered, remembered) = delivered(&["100"; 20], &[400, 400, 2000]).await;
    assert_eq!(
        (delivered[0], delivered[1], delivered[2], remembered),
        (3, 6, 20, 20),
        "{delivered:?}"
    );
}
