//! Who is told, who decides, who waits, and how much is remembered.

use std::pin::pin;

use bytes::Bytes;
use futures_util::poll;
use switchhook_api::Phase;
use tokio::time::advance;

use super::*;

const WINDOW: Duration = Duration::from_mins(1);
const MOMENT: Duration = Duration::from_millis(1);

fn question(command: &str, key: &str) -> CacheKey {
    let mut callback = Callback::new(command, Phase::Before, "1", Bytes::new());
    callback.natural_key = Some(key.into());
    CacheKey::of(&callback).unwrap()
}

fn key(key: &str) -> CacheKey {
    question("A.Before", key)
}

fn deny(reason: &str) -> Verdict {
    Verdict::Deny { code: None, reason: reason.into() }
}

fn room(answers: usize, bytes: usize) -> DecisionCache {
    DecisionCache::within(WINDOW, Room { answers, bytes })
}

impl DecisionCache {
    /// Answers that are remembered, and questions that are known.
    fn lengths(&self) -> [usize; 2] {
        let table = self.table();
        [table.order.len(), table.known.len()]
    }
}

async fn claim(answers: &DecisionCache, question: CacheKey) -> Claim<'_> {
    match answers.turn(question).await {
        Turn::Mine(claim) => claim,
        Turn::Told(verdict) => panic!("told {verdict:?}"),
    }
}

/// What one is told; none if one has to decide oneself.
async fn told(answers: &DecisionCache, question: CacheKey) -> Option<Verdict> {
    match answers.turn(question).await {
        Turn::Told(verdict) => Some(verdict),
        Turn::Mine(_) => None,
    }
}

#[test]
fn a_callback_without_a_natural_key_is_no_question() {
    let mut callback = Callback::new("A.Before", Phase::Before, "1", Bytes::new());
    assert_eq!(CacheKey::of(&callback), None);
    callback.natural_key = Some("k".into());
    assert_eq!(CacheKey::of(&callback), Some(key("k")));
    callback.facts.client.ip = Some("192.0.2.1".into());
    assert_ne!(CacheKey::of(&callback), Some(key("k")), "a handler may judge by the address");
    callback.facts.client.ip = None;
    callback.body = Bytes::from_static(b"{}");
    assert_ne!(
        CacheKey::of(&callback),
        Some(key("k")),
        "the key of one message and the text of another"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_remembered_for_the_window_and_no_longer() {
    let answers = DecisionCache::new(WINDOW);
    assert!(claim(&answers, key("k")).await.say(&deny("no")));
    advance(WINDOW.checked_sub(MOMENT).expect("longer")).await;
    assert_eq!(told(&answers, key("k")).await, Some(deny("no")));
    advance(MOMENT).await;
    assert_eq!(told(&answers, key("k")).await, None);
    assert_eq!((answers.lengths(), answers.table().bytes), ([0, 0], 0));
}

#[tokio::test(start_paused = true)]
async fn another_command_or_key_is_another_question() {
    let answers = DecisionCache::new(WINDOW);
    assert!(claim(&answers, key("k")).await.say(&deny("no")));
    assert_eq!(told(&answers, key("l")).await, None);
    assert_eq!(told(&answers, question("B.Before", "k")).await, None);
    assert_eq!(told(&answers, key("k")).await, Some(deny("no")));
}

#[tokio::test(start_paused = true)]
async fn who_asks_while_it_is_decided_waits_for_the_answer() {
    let answers = DecisionCache::new(WINDOW);
    let first = claim(&answers, key("k")).await;
    let (mut second, mut third) = (pin!(told(&answers, key("k"))), pin!(told(&answers, key("k"))));
    assert!(poll!(&mut second).is_pending());
    assert!(poll!(&mut third).is_pending());
    assert!(first.say(&deny("no")));
    assert_eq!((second.await, third.await), (Some(deny("no")), Some(deny("no"))));
}

#[tokio::test(start_paused = true)]
async fn of_those_who_wait_one_goes_on_where_the_first_gave_up() {
    let answers = DecisionCache::new(WINDOW);
    let first = claim(&answers, key("k")).await;
    let (mut second, mut third) = (pin!(answers.turn(key("k"))), pin!(answers.turn(key("k"))));
    assert!(poll!(&mut second).is_pending());
    assert!(poll!(&mut third).is_pending());
    drop(first);
    assert_eq!(answers.lengths(), [0, 0]);
    let Turn::Mine(second) = second.await else { panic!("nobody had answered") };
    assert!(poll!(&mut third).is_pending());
    assert!(second.say(&Verdict::Drop));
    assert!(matches!(third.await, Turn::Told(Verdict::Drop)));
}

#[tokio::test(start_paused = true)]
async fn the_oldest_answers_make_room_and_that_is_told() {
    let answers = room(2, usize::MAX);
    for (name, roomy) in [("a", true), ("b", true), ("c", false)] {
        assert_eq!(claim(&answers, key(name)).await.say(&deny(name)), roomy, "{name}");
    }
    assert_eq!(told(&answers, key("a")).await, None);
    assert_eq!(told(&answers, key("b")).await, Some(deny("b")));
    assert_eq!(told(&answers, key("c")).await, Some(deny("c")));
}

#[tokio::test(start_paused = true)]
async fn what_is_over_makes_room_without_a_word() {
    let answers = room(1, usize::MAX);
    assert!(claim(&answers, key("a")).await.say(&deny("a")));
    let other = claim(&answers, key("b")).await;
    advance(WINDOW).await;
    assert!(other.say(&deny("b")));
}

#[tokio::test(start_paused = true)]
async fn large_answers_take_the_room_of_many() {
    let text = "x".repeat(1000);
    let nested = serde_json::json!([{ "Text": text }]);
    let fields = Map::from_iter([("MsgBody".to_owned(), nested)]);
    for large in [deny(&text), Verdict::Replace(fields.clone()), Verdict::Answer(fields)] {
        let answers = room(100, 3000);
        for (name, roomy) in [("a", true), ("b", true), ("c", false)] {
            assert_eq!(claim(&answers, key(name)).await.say(&large), roomy, "{name}");
        }
        assert_eq!(told(&answers, key("a")).await, None);
        assert!(answers.table().bytes <= 3000);
        assert!(!claim(&answers, key("d")).await.say(&deny(&"x".repeat(3000))), "larger than all");
        assert_eq!(told(&answers, key("d")).await, None);
        assert_eq!(told(&answers, key("c")).await, Some(large), "no other had to go for it");
    }
}

const MODEL_ROOM: usize = 3;

/// Some hundred steps of whoever asks, beside the same in the plainest words: a list, the oldest first.
async fn compare(seed: u64) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let answers = room(MODEL_ROOM, usize::MAX);
    let mut model: Vec<(Instant, u8, Verdict)> = Vec::new();
    for _ in 0..300 {
        model.retain(|(until, ..)| *until > Instant::now());
        let number = chance.u8(..6);
        let known =
            model.iter().find(|(_, own, _)| *own == number).map(|(.., known)| known.clone());
        match (chance.u8(..10), answers.turn(key(&number.to_string())).await) {
            (_, Turn::Told(told)) => assert_eq!(Some(told), known, "seed {seed}"),
            (0..3, Turn::Mine(given_up)) => {
                assert_eq!(known, None, "forgotten, seed {seed}");
                drop(given_up);
            }
            (_, Turn::Mine(claim)) => {
                assert_eq!(known, None, "forgotten, seed {seed}");
                let verdict = deny(&chance.u32(..).to_string());
                assert_eq!(claim.say(&verdict), model.len() < MODEL_ROOM, "seed {seed}");
                model.push((Instant::now() + WINDOW, number, verdict));
                model.drain(..model.len().saturating_sub(MODEL_ROOM));
            }
        }
        assert_eq!(answers.lengths(), [model.len(); 2], "seed {seed}");
        advance(Duration::from_secs(chance.u64(..30))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_told_is_what_was_last_said_and_is_still_remembered() {
    for seed in 0..100 {
        compare(seed).await;
    }
}
