//! The deadline, the order, the verdicts, the strictest `on_failure`.

mod denials;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use switchhook_api::{
    CommandSpec, ComposeError, Failure, NotPermitted, Opened, Phase, RawRequest, Refusal,
};

use super::*;

/// A protocol that permits everything but dropping and answers.
struct Anything;

impl Source for Anything {
    fn open(&self, _: &RawRequest<'_>) -> Result<Opened, Refusal> {
        Ok(Opened::After(Vec::new()))
    }
    fn express(&self, _: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
        match verdict {
            Verdict::Drop | Verdict::Answer(_) => Err(NotPermitted("not here".into())),
            verdict => Ok(Expressed::exact(verdict)),
        }
    }
    fn reply(&self, _: &[Callback], _: &Outcome) -> Response<Bytes> {
        Response::default()
    }
    fn refuse(&self, _: &Refusal) -> Response<Bytes> {
        Response::default()
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
}

/// A handler that does one thing.
enum Does {
    Says(Verdict),
    Fails,
    Panics,
    Hangs,
    SeesName(&'static str),
}

#[async_trait]
impl Handler for Does {
    async fn decide(&self, callback: &Callback) -> Result<Verdict, Failure> {
        match self {
            Self::Says(verdict) => Ok(verdict.clone()),
            Self::Fails => Err(Failure::transient("on purpose")),
            Self::Panics => panic!("on purpose"),
            Self::Hangs => std::future::pending().await,
            Self::SeesName(name) => {
                let body: Map =
                    serde_json::from_slice(&callback.body).map_err(Failure::permanent)?;
                assert_eq!(body["Name"], *name);
                Ok(Verdict::Abstain)
            }
        }
    }
}

fn unsayable() -> Does {
    Does::Says(Verdict::Answer(Map::new()))
}

const WITHIN: Duration = Duration::from_millis(1500);

async fn ask(chain: Vec<(Does, OnFailure)>) -> Decided {
    let chain = chain.into_iter().enumerate().map(|(i, (handler, on_failure))| Decider {
        name: format!("h{i}").into(),
        handler: Arc::new(handler),
        timeout: None,
        on_failure,
    });
    run(chain.collect()).await
}

async fn run(chain: Vec<Decider>) -> Decided {
    let body = Bytes::from_static(br#"{"Name":"old","Kept":1}"#);
    let callback =
        Callback::new("Group.CallbackBeforeCreateTopic", Phase::Before, "1400000000", body);
    let deadline = Instant::now() + WITHIN;
    decide(chain, callback, Arc::new(Anything), deadline, Arc::default()).await
}

fn noted(decided: &Decided) -> &Decision {
    decided.decision.as_ref().expect("something was decided")
}

fn deny(reason: &str) -> Verdict {
    Verdict::Deny { code: None, reason: reason.into() }
}

/// What the framework says for a handler that gave no word.
fn stands_in() -> Verdict {
    deny("temporarily unavailable, please try again")
}

fn fields(name: &str) -> Map {
    Map::from_iter([("Name".to_owned(), name.into())])
}

use OnFailure::{Allow, Deny};

#[tokio::test(start_paused = true)]
async fn the_first_strong_word_wins_in_order() {
    let check = async |chain: Vec<Verdict>, expected: Verdict, by: Option<&str>| {
        let shown = format!("{chain:?}");
        let decided =
            ask(chain.into_iter().map(|verdict| (Does::Says(verdict), Allow)).collect()).await;
        assert_eq!(decided.outcome, Outcome::Decided(expected), "{shown}");
        assert_eq!(noted(&decided).by.as_deref(), by, "{shown}");
    };
    check(vec![], Verdict::Allow, None).await;
    check(vec![Verdict::Abstain, Verdict::Abstain], Verdict::Allow, None).await;
    check(vec![Verdict::Abstain, deny("b"), deny("c")], deny("b"), Some("h1")).await;
    check(vec![Verdict::Allow, deny("late")], Verdict::Allow, Some("h0")).await;
    check(vec![Verdict::Flag("odd".into()), deny("b")], deny("b"), Some("h1")).await;
    check(vec![Verdict::Replace(fields("new")), deny("b")], deny("b"), Some("h1")).await;
    check(
        vec![Verdict::Replace(fields("new")), Verdict::Abstain],
        Verdict::Replace(fields("new")),
        Some("h0"),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_handler_sees_what_the_ones_before_it_left() {
    let chain = vec![
        (Does::SeesName("old"), Deny),
        (Does::Says(Verdict::Replace(fields("new"))), Deny),
        (Does::SeesName("new"), Deny),
    ];
    assert_eq!(ask(chain).await.outcome, Outcome::Decided(Verdict::Replace(fields("new"))));
}

#[tokio::test(start_paused = true)]
async fn a_failure_counts_as_its_instance_wants() {
    for broken in [|| Does::Fails, || Does::Panics, unsayable] {
        let decided = ask(vec![(broken(), Allow), (Does::Says(deny("next")), Allow)]).await;
        assert_eq!(decided.outcome, Outcome::Decided(deny("next")), "allow: the next one is asked");
        let decided = ask(vec![(broken(), Deny), (Does::Says(Verdict::Allow), Allow)]).await;
        assert_eq!(decided.outcome, Outcome::Decided(stands_in()), "deny: it ends there");
        assert_eq!(noted(&decided).by.as_deref(), Some("h0"));
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_what_was_replaced_stays_replaced() {
    let replaces = || (Does::Says(Verdict::Replace(fields("new"))), Allow);
    let check = async |chain, expected: Verdict, by: &str| {
        let decided = ask(chain).await;
        assert_eq!(decided.outcome, Outcome::TimedOut(expected));
        assert_eq!(noted(&decided).by.as_deref(), Some(by));
    };
    let replaced = || Verdict::Replace(fields("new"));
    check(vec![replaces(), (Does::Hangs, Allow)], replaced(), "h0").await;
    let abstains = (Does::Says(Verdict::Abstain), Allow);
    check(vec![replaces(), abstains, (Does::Hangs, Allow)], replaced(), "h0").await;
    check(vec![replaces(), (Does::Hangs, Deny)], stands_in(), "h1").await;
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_the_strictest_of_the_unfinished_counts() {
    let begun = Instant::now();
    let check = async |chain, expected: Verdict| {
        let decided = ask(chain).await;
        assert_eq!(decided.outcome, Outcome::TimedOut(expected));
        assert_eq!(decided.outcome_label(), "timeout");
    };
    check(vec![(Does::Hangs, Allow), (Does::Says(Verdict::Allow), Allow)], Verdict::Allow).await;
    assert_eq!(begun.elapsed(), WITHIN, "not a moment later");
    check(vec![(Does::Hangs, Allow), (Does::Says(Verdict::Allow), Deny)], stands_in()).await;
    check(vec![(Does::Hangs, Deny)], stands_in()).await;
    check(vec![(Does::Says(Verdict::Abstain), Deny), (Does::Hangs, Allow)], Verdict::Allow).await;
}

#[tokio::test(start_paused = true)]
async fn silence_is_no_refusal_where_the_protocol_knows_none() {
    struct Irrefutable;
    impl Source for Irrefutable {
        fn express(&self, _: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
            match verdict {
                Verdict::Deny { .. } | Verdict::Drop => {
                    Err(NotPermitted("no refusing here".into()))
                }
                verdict => Ok(Expressed::exact(verdict)),
            }
        }
        fn open(&self, request: &RawRequest<'_>) -> Result<Opened, Refusal> {
            Anything.open(request)
        }
        fn reply(&self, callbacks: &[Callback], outcome: &Outcome) -> Response<Bytes> {
            Anything.reply(callbacks, outcome)
        }
        fn refuse(&self, refusal: &Refusal) -> Response<Bytes> {
            Anything.refuse(refusal)
        }
        fn catalogue(&self) -> &[CommandSpec] {
            Anything.catalogue()
        }
        fn compose(
            &self,
            c: &str,
            f: &Map,
            now: Timestamp,
        ) -> Result<Request<Bytes>, ComposeError> {
            Anything.compose(c, f, now)
        }
        fn authenticates(&self) -> bool {
            true
        }
    }
    let chain = || {
        let name = "h".into();
        vec![Decider { name, handler: Arc::new(Does::Hangs), timeout: None, on_failure: Deny }]
    };
    let callback = Callback::new("A.Told", Phase::After, "1", Bytes::new());
    let allowed = Outcome::TimedOut(Verdict::Allow);
    let (source, deadline) = (Arc::new(Irrefutable), Instant::now() + WITHIN);
    let asked = decide(chain(), callback.clone(), source, deadline, Arc::default()).await;
    assert_eq!(asked.outcome, allowed);
    assert_eq!(late(&chain(), &callback, &Irrefutable, Instant::now()).outcome, allowed);
    assert_eq!(
        late(&chain(), &callback, &Anything, Instant::now()).outcome,
        Outcome::TimedOut(stands_in()),
        "where it knows one, it is"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_lasts_if_everybody_who_was_asked_gave_a_word() {
    let check = async |chain: Vec<(Does, OnFailure)>, expected: Option<Verdict>| {
        assert_eq!(ask(chain).await.lasting().cloned(), expected);
    };
    check(vec![], Some(Verdict::Allow)).await;
    check(vec![(Does::Says(Verdict::Abstain), Deny)], Some(Verdict::Allow)).await;
    check(vec![(Does::Says(deny("no")), Allow), (Does::Fails, Deny)], Some(deny("no"))).await;
    for broken in [|| Does::Fails, || Does::Panics, unsayable, || Does::Hangs] {
        check(vec![(broken(), Deny)], None).await;
        check(vec![(broken(), Allow), (Does::Says(deny("no")), Allow)], None).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_may_have_less_time_than_the_whole() {
    let decider = |name: &str, handler, on_failure| Decider {
        name: name.into(),
        handler: Arc::new(handler),
        timeout: Some(Duration::from_millis(100)),
        on_failure,
    };
    let begun = Instant::now();
    let chain =
        vec![decider("slow", Does::Hangs, Allow), decider("quick", Does::Says(deny("no")), Allow)];
    assert_eq!(run(chain).await.outcome, Outcome::Decided(deny("no")));
    assert_eq!(begun.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn flags_are_kept_with_their_author_also_past_the_deadline() {
    let decided =
        ask(vec![(Does::Says(Verdict::Flag("a bad word".into())), Allow), (Does::Hangs, Allow)])
            .await;
    assert_eq!(noted(&decided).flags, ["h0: a bad word"]);
    assert_eq!(noted(&decided).verdict, "allow");
    assert_eq!(noted(&decided).reason.as_deref(), Some("deadline"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_never_yields_does_not_hold_the_answer() {
    struct Busy(std::sync::atomic::AtomicBool);
    #[async_trait]
    impl Handler for Busy {
        async fn decide(&self, _: &Callback) -> Result<Verdict, Failure> {
            while !self.0.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            Ok(Verdict::Allow)
        }
    }
    let busy = Arc::new(Busy(false.into()));
    let chain = vec![Decider {
        name: "busy".into(),
        handler: busy.clone(),
        timeout: None,
        on_failure: Deny,
    }];
    let callback =
        Callback::new("X.CallbackBeforeY", Phase::Before, "1", Bytes::from_static(b"{}"));
    let deadline = Instant::now() + Duration::from_millis(200);
    let metrics: Arc<Metrics> = Arc::default();
    let decided = decide(chain, callback, Arc::new(Anything), deadline, metrics.clone()).await;
    busy.0.store(true, Ordering::Relaxed);
    assert_eq!(decided.outcome, Outcome::TimedOut(stands_in()));
    assert!(
        metrics.text().contains(r#"decisions_total{handler="busy",result="deadline"} 1"#),
        "it is named"
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_past_the_deadline_for_a_peer_that_has_gone() {
    let handler: Arc<dyn Handler> = Arc::new(Does::Hangs);
    let (name, asked) = ("h".into(), handler.clone());
    let decider = Decider { name, handler: asked, timeout: None, on_failure: Allow };
    assert!(timeout(WITHIN / 2, run(vec![decider])).await.is_err());
    assert_eq!(Arc::strong_count(&handler), 2, "it is still asked");
    tokio::time::sleep(WITHIN).await;
    assert_eq!(Arc::strong_count(&handler), 1);
}
