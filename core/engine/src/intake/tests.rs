//! What is waited for, and how often handlers are asked.

mod deadlines;
mod several;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use http::{HeaderMap, Method, Request, Uri};
use jiff::Timestamp;
use switchhook_api::journal::EventQuery;
use switchhook_api::{
    CommandSpec, ComposeError, Expressed, Failure, Handler, Map, NotPermitted, Pattern, Verdict,
};
use switchhook_testkit::{MemoryJournal, TestClock};

use super::*;
use crate::decide::OnFailure;
use crate::router::Route;

/// A protocol of lines: command and natural key, which may be missing. Its answer spells what became of the last one.
struct Lines {
    /// How long the sender waits after a before-callback and after an after-callback.
    waits: [Duration; 2],
}

impl Default for Lines {
    fn default() -> Self {
        Self { waits: [Duration::from_secs(2); 2] }
    }
}

impl Source for Lines {
    fn open(&self, request: &RawRequest<'_>) -> Result<Opened, Refusal> {
        let line = |line: &str| {
            let (command, key) = line.split_once(' ').unwrap_or((line, ""));
            let phase = Phase::guess(command);
            let mut callback = Callback::new(command, phase, "1", request.body.clone());
            callback.answered = command == "A.Asked";
            callback.natural_key = (!key.is_empty()).then(|| key.into());
            callback
        };
        let text = std::str::from_utf8(request.body).expect("text");
        if let Some(mistaken) = text.strip_prefix("mistaken\n") {
            return Ok(Opened::Before(line(mistaken)));
        }
        Ok(Opened::After(text.lines().map(line).collect()))
    }
    fn express(&self, _: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
        Ok(Expressed::exact(verdict))
    }
    fn reply(&self, _: &[Callback], outcome: &Outcome) -> Response<Bytes> {
        let text = match outcome {
            Outcome::Decided(Verdict::Deny { reason, .. }) => reason.clone(),
            other => format!("{other:?}"),
        };
        Response::new(text.into())
    }
    fn refuse(&self, refusal: &Refusal) -> Response<Bytes> {
        Response::new(format!("refused: {}", refusal.reason).into())
    }
    fn catalogue(&self) -> &[CommandSpec] {
        &[]
    }
    fn compose(&self, _: &str, _: &Map, _: Timestamp) -> Result<Request<Bytes>, ComposeError> {
        Err(ComposeError("no".into()))
    }
    fn authenticates(&self) -> bool {
        true
    }
    fn reply_timeout(&self, phase: Phase) -> Duration {
        self.waits[usize::from(phase == Phase::After)]
    }
}

/// Says its own number, another one each time: two equal answers are one.
#[derive(Default)]
struct Counting {
    asked: AtomicUsize,
    takes: Duration,
    /// Which of its calls go wrong.
    fails: Mutex<HashSet<usize>>,
    abstains: bool,
}

#[async_trait]
impl Handler for Counting {
    async fn decide(&self, _: &Callback) -> Result<Verdict, Failure> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(self.takes).await;
        if self.fails.lock().expect("whole").contains(&number) {
            return Err(Failure::transient("on purpose"));
        }
        if self.abstains {
            return Ok(Verdict::Abstain);
        }
        Ok(Verdict::Deny { code: None, reason: number.to_string() })
    }
}

struct Fixture {
    intake: Intake,
    mount: MountedSource,
    journal: Arc<MemoryJournal>,
}

fn mount(name: &str, more: &str) -> MountedSource {
    mounted(name, more, Lines::default())
}

fn mounted(name: &str, more: &str, source: Lines) -> MountedSource {
    let policy = toml::from_str(more).expect("a table");
    MountedSource::new(name.into(), &policy, Arc::new(source))
}

impl Fixture {
    fn new(more: &str, handlers: &[(&Arc<Counting>, OnFailure)]) -> Self {
        let clock = Arc::new(TestClock::default());
        let journal = Arc::new(MemoryJournal::new(clock));
        let name = |i: usize| -> Arc<str> { format!("h{i}").into() };
        let route = |i| Route { handler: name(i), order: 1, commands: vec![Pattern::All] };
        let router = Router::new((0..handlers.len()).map(route).collect(), []);
        let decider = |(i, (handler, on_failure)): (usize, &(&Arc<Counting>, OnFailure))| Decider {
            name: name(i),
            handler: (*handler).clone(),
            timeout: None,
            on_failure: *on_failure,
        };
        let deciders = handlers.iter().enumerate().map(decider).collect();
        let policy = Policy {
            persist_timeout: Duration::from_millis(1500),
            when_unavailable: WhenUnavailable::Refuse,
            connections: 1024,
        };
        let rng = Arc::new(Rng::seeded(1));
        let intake = Intake::new(journal.clone(), router, deciders, policy, rng, Arc::default());
        Self { intake, mount: mount("lines", more), journal }
    }

    async fn post_to(&self, mount: &MountedSource, body: &str, begun: Instant) -> String {
        self.post_slowly(mount, body, begun, begun).await
    }

    async fn post_slowly(
        &self,
        mount: &MountedSource,
        body: &str,
        begun: Instant,
        whole: Instant,
    ) -> String {
        let arrival = IncomingRequest {
            method: Method::POST,
            uri: Uri::from_static("/"),
            headers: HeaderMap::new(),
            body: Ok(body.to_owned().into()),
            received: Timestamp::UNIX_EPOCH,
            begun,
            whole,
            peer: None,
        };
        let answer = self.intake.answer(mount, &arrival).await.expect("an answer");
        String::from_utf8(answer.into_body().to_vec()).expect("text")
    }

    async fn post(&self, body: &str) -> String {
        self.post_to(&self.mount, body, Instant::now()).await
    }

    /// The verdicts that were noted, the oldest first.
    async fn noted(&self) -> Vec<String> {
        let page = self
            .journal
            .events(&EventQuery { limit: 100, ..EventQuery::default() })
            .await
            .expect("read");
        let verdict = |facts: &switchhook_api::Metadata| {
            facts.decision.as_ref().map(|one| one.verdict.clone()).unwrap_or_default()
        };
        page.items.iter().rev().map(|event| verdict(&event.facts)).collect()
    }

    fn counted(&self, what: &str) -> Option<String> {
        let text = self.intake.metrics.text();
        let line = text.lines().find(|line| line.contains(what) && !line.starts_with('#'))?;
        line.rsplit(' ').next().map(str::to_owned)
    }

    async fn kept(&self) -> usize {
        let all = EventQuery { limit: 100, ..EventQuery::default() };
        self.journal.events(&all).await.expect("read").items.len()
    }
}

const REPEATED: &str = r#"outcome="repeated""#;
const DENY: &str = r#"outcome="deny""#;
const WITHIN: Duration = Duration::from_millis(1500);

fn counting() -> Arc<Counting> {
    Arc::default()
}

fn slow(takes: Duration) -> Arc<Counting> {
    Arc::new(Counting { takes, ..Counting::default() })
}

#[tokio::test(start_paused = true)]
async fn the_same_question_is_asked_noted_and_decided_once() {
    let (first, second) =
        (Arc::new(Counting { abstains: true, ..Counting::default() }), counting());
    let fixture = Fixture::new("", &[(&first, OnFailure::Allow), (&second, OnFailure::Allow)]);
    for _ in 0..3 {
        assert_eq!(fixture.post("A.Before k").await, "1");
    }
    assert_eq!((first.asked.load(Ordering::SeqCst), second.asked.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(fixture.noted().await, ["deny"]);
    assert_eq!(fixture.counted(REPEATED).as_deref(), Some("2"));
    assert_eq!(fixture.counted(DENY).as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn another_question_is_asked() {
    let handler = counting();
    let fixture = Fixture::new("", &[(&handler, OnFailure::Allow)]);
    let elsewhere = mount("elsewhere", "");
    assert_eq!(fixture.post("A.Before k").await, "1");
    assert_eq!(fixture.post("A.Before l").await, "2");
    assert_eq!(fixture.post("B.Before k").await, "3");
    assert_eq!(fixture.post_to(&elsewhere, "A.Before k", Instant::now()).await, "4");
    assert_eq!(fixture.post("A.Before").await, "5");
    assert_eq!(
        fixture.post("A.Before").await,
        "6",
        "without a key nothing tells that it is the same"
    );
    assert_eq!(fixture.noted().await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn the_window_is_the_sources_own() {
    let check = async |more: &str, still: Duration, over: Duration| {
        let handler = counting();
        let fixture = Fixture::new(more, &[(&handler, OnFailure::Allow)]);
        let begun = Instant::now();
        assert_eq!(fixture.post("A.Before k").await, "1");
        sleep_until(begun + still).await;
        assert_eq!(fixture.post("A.Before k").await, "1", "{more}");
        sleep_until(begun + over).await;
        assert_eq!(fixture.post("A.Before k").await, "2", "{more}");
    };
    let seconds = Duration::from_secs;
    check("", seconds(59), seconds(60)).await;
    check("decision_ttl = \"10s\"", seconds(9), seconds(10)).await;
    let handler = slow(Duration::from_secs(1));
    let fixture = Fixture::new("decision_ttl = \"0s\"", &[(&handler, OnFailure::Allow)]);
    let two = tokio::join!(fixture.post("A.Before k"), fixture.post("A.Before k"));
    assert_eq!(two, ("1".into(), "2".into()), "without a window nobody waits for another");
    assert_eq!(fixture.post("A.Before k").await, "3");
}

#[tokio::test(start_paused = true)]
async fn who_asks_meanwhile_waits_for_the_one_decision() {
    let handler = slow(Duration::from_secs(1));
    let fixture = Fixture::new("", &[(&handler, OnFailure::Allow)]);
    let begun = Instant::now();
    let post = || fixture.post("A.Before k");
    let answers = tokio::join!(post(), post(), post());
    assert_eq!(answers, ("1".into(), "1".into(), "1".into()));
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
    assert_eq!(fixture.noted().await, ["deny"]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_answered_at_the_own_deadline() {
    let handler = slow(Duration::from_millis(1400));
    let check = async |on_failure, expected: Verdict| {
        let fixture = Fixture::new("", &[(&handler, on_failure)]);
        let (asked, now) = (handler.asked.load(Ordering::SeqCst), Instant::now());
        let begun = now.checked_sub(Duration::from_millis(500)).expect("after the start");
        let early = async {
            let answer = fixture.post_to(&fixture.mount, "A.Before k", begun).await;
            (answer, now.elapsed())
        };
        let (first, (second, after)) = tokio::join!(fixture.post("A.Before k"), early);
        assert_eq!(first, (asked + 1).to_string());
        assert_eq!(second, format!("{:?}", Outcome::TimedOut(expected)));
        assert_eq!(after, Duration::from_secs(1));
        assert_eq!(handler.asked.load(Ordering::SeqCst), asked + 1, "nobody was asked for it");
        assert_eq!(fixture.noted().await.len(), 2, "what it was told was not the decision");
        assert_eq!(fixture.post("A.Before k").await, first);
    };
    tokio::time::advance(WITHIN).await;
    check(OnFailure::Allow, Verdict::Allow).await;
    let reason = "temporarily unavailable, please try again".to_owned();
    check(OnFailure::Deny, Verdict::Deny { code: None, reason }).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_deadline_said_is_decided_anew() {
    let handler = slow(WITHIN * 2);
    let fixture = Fixture::new("", &[(&handler, OnFailure::Deny)]);
    let begun = Instant::now();
    let later = async {
        sleep_until(begun + Duration::from_secs(1)).await;
        (fixture.post("A.Before k").await, begun.elapsed())
    };
    let (first, (second, after)) = tokio::join!(fixture.post("A.Before k"), later);
    assert!(first.contains("TimedOut") && second.contains("TimedOut"), "{first} {second}");
    assert_eq!(after, Duration::from_secs(1) + WITHIN, "its own time, not the first one's");
    assert_eq!(handler.asked.load(Ordering::SeqCst), 2, "who waited took over");
    fixture.post("A.Before k").await;
    assert_eq!(handler.asked.load(Ordering::SeqCst), 3);
    assert_eq!(fixture.counted(REPEATED), None);
}

#[tokio::test(start_paused = true)]
async fn what_stood_in_for_a_failure_is_decided_anew() {
    for on_failure in [OnFailure::Deny, OnFailure::Allow] {
        let handler = counting();
        handler.fails.lock().expect("whole").insert(1);
        let fixture = Fixture::new("", &[(&handler, on_failure)]);
        assert_ne!(fixture.post("A.Before k").await, "1");
        assert_eq!(fixture.post("A.Before k").await, "2", "it is well again");
        assert_eq!(fixture.post("A.Before k").await, "2");
        assert_eq!(fixture.noted().await.len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_leaves_the_question_to_the_next() {
    let handler = slow(Duration::from_millis(800));
    let fixture = Fixture::new("", &[(&handler, OnFailure::Allow)]);
    let gone = tokio::time::timeout(Duration::from_millis(500), fixture.post("A.Before k"));
    let (gone, next) = tokio::join!(gone, fixture.post("A.Before k"));
    assert!(gone.is_err());
    assert_eq!(next, "2");
}

#[tokio::test(start_paused = true)]
async fn an_after_callback_whose_reply_matters_is_kept_each_time_and_decided_once() {
    let handler = counting();
    let fixture = Fixture::new("", &[(&handler, OnFailure::Allow)]);
    assert_eq!(fixture.post("A.Asked k").await, "1");
    assert_eq!(fixture.post("A.Asked k").await, "1");
    assert_eq!(handler.asked.load(Ordering::SeqCst), 1);
    assert_eq!(fixture.noted().await.len(), 2);
    assert_eq!(fixture.counted(r#"outcome="persisted""#).as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn answers_that_had_to_be_forgotten_early_are_counted() {
    let handler = counting();
    let fixture = Fixture::new("", &[(&handler, OnFailure::Allow)]);
    for number in 0..16_384 {
        fixture.post(&format!("A.Before {number}")).await;
    }
    let hits = r#"limit="cached_decisions""#;
    assert_eq!(fixture.counted(hits), None);
    assert_eq!(fixture.post("A.Before 0").await, "1");
    fixture.post("A.Before more").await;
    assert_eq!(fixture.counted(hits).as_deref(), Some("1"));
    assert_eq!(fixture.post("A.Before 0").await, "16386", "the oldest went");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_came_late_is_answered_as_what_became_of_it() {
    let fixture = Fixture::new("", &[]);
    fixture.journal.set_commit_time(Duration::from_millis(5));
    let begun = Instant::now();
    tokio::time::advance(Duration::from_millis(1800)).await;
    let answer = fixture.post_slowly(&fixture.mount, "A.After", begun, Instant::now()).await;
    assert_eq!((answer.as_str(), fixture.kept().await), ("Accepted", 1));
}

#[tokio::test(start_paused = true)]
async fn what_comes_to_the_journal_too_late_is_refused_and_not_kept() {
    let fixture = Fixture::new("", &[]);
    let begun = Instant::now();
    tokio::time::advance(WITHIN).await;
    assert_eq!(fixture.post_to(&fixture.mount, "A.After", begun).await, "Unavailable");
    assert_eq!(fixture.kept().await, 0);
    assert_eq!(fixture.counted(r#"limit="persist_timeout""#).as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn while_the_sender_waits_a_disk_that_hangs_is_told_in_time() {
    let fixture = Fixture::new("", &[]);
    fixture.journal.set_commit_time(Duration::from_hours(1));
    for (body_took, answered_after) in
        [(0, 1500), (200, 1700), (1000, 1800), (1500, 1800), (1600, 3100)]
    {
        let begun = Instant::now();
        tokio::time::advance(Duration::from_millis(body_took)).await;
        let answer = fixture.post_slowly(&fixture.mount, "A.After", begun, Instant::now()).await;
        assert_eq!(answer, "Unavailable");
        assert_eq!(begun.elapsed(), Duration::from_millis(answered_after), "{body_took}");
    }
    let late = EventQuery { limit: 9, persisted_late: true, ..EventQuery::default() };
    assert_eq!(fixture.journal.events(&late).await.expect("read").items.len(), 5);
    assert_eq!(fixture.journal.persisted_late(), 5);
}
