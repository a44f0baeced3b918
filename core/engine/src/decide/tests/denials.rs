//! A denial stays a denial, whatever of it a protocol can say.

use super::*;

/// Which denials a protocol knows, and how it takes the others.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Knows {
    /// A denial without a code; it adjusts what else it is given.
    Adjusts,
    /// A denial without a code; anything else is an error.
    Plain,
    /// A denial without words.
    Wordless,
    /// That something is dropped, and nothing else.
    Dropping,
    /// A denial without a code; it panics at any other.
    Panics,
    /// A denial without a code; any other it takes for a yes, by mistake.
    Mistakes,
    /// No denial.
    None,
}

impl Source for Knows {
    fn express(&self, _: &Callback, verdict: Verdict) -> Result<Expressed, NotPermitted> {
        let exact = |verdict| Ok(Expressed::exact(verdict));
        let not = || Err(NotPermitted("it cannot\nbe said".into()));
        match (self, verdict) {
            (Self::Dropping, Verdict::Drop) => exact(Verdict::Drop),
            (Self::Wordless, Verdict::Deny { code: None, reason }) if reason.is_empty() => {
                exact(deny(""))
            }
            (
                Self::Dropping | Self::Wordless | Self::None,
                Verdict::Deny { .. } | Verdict::Drop,
            ) => not(),
            (_, Verdict::Deny { code: None, reason }) => exact(deny(&reason)),
            (Self::Adjusts, Verdict::Deny { reason, .. }) => {
                Ok(Expressed::adjusted(deny(&reason), "no\ncodes"))
            }
            (Self::Adjusts, Verdict::Drop) => Ok(Expressed::adjusted(deny(""), "no dropping")),
            (Self::Plain, Verdict::Deny { .. } | Verdict::Drop) => not(),
            (Self::Panics, Verdict::Deny { .. } | Verdict::Drop) => panic!("on purpose"),
            (Self::Mistakes, Verdict::Deny { .. } | Verdict::Drop) => exact(Verdict::Allow),
            (_, verdict) => exact(verdict),
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
    fn compose(&self, c: &str, f: &Map, now: Timestamp) -> Result<Request<Bytes>, ComposeError> {
        Anything.compose(c, f, now)
    }
    fn authenticates(&self) -> bool {
        true
    }
}

const DENYING: [Knows; 6] = [
    Knows::Adjusts,
    Knows::Plain,
    Knows::Wordless,
    Knows::Dropping,
    Knows::Panics,
    Knows::Mistakes,
];

fn callback() -> Callback {
    Callback::new("A.Before", Phase::Before, "1", Bytes::from_static(b"{}"))
}

/// What a chain says to a protocol, and the counters.
async fn heard(knows: Knows, chain: Vec<(Does, OnFailure)>) -> (Decided, String) {
    let chain = chain.into_iter().enumerate().map(|(i, (handler, on_failure))| Decider {
        name: format!("h{i}").into(),
        handler: Arc::new(handler),
        timeout: None,
        on_failure,
    });
    let (chain, metrics) = (chain.collect(), Arc::<Metrics>::default());
    let deadline = Instant::now() + WITHIN;
    let decided = decide(chain, callback(), Arc::new(knows), deadline, metrics.clone()).await;
    (decided, metrics.text())
}

fn adjusted(metrics: &str, handler: &str, said: &str) -> bool {
    let line = format!(r#"verdicts_adjusted_total{{handler="{handler}",result="{said}"}} 1"#);
    metrics.contains(&line)
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_said_of_a_denial_is_left_out_and_it_is_counted() {
    let coded = |reason: &str| Verdict::Deny { code: Some(7), reason: reason.into() };
    for knows in DENYING {
        for given in [coded("no"), coded(""), deny("no"), Verdict::Drop] {
            let shown = format!("{knows:?} {given:?}");
            let (kind, exact) = (given.kind(), given.clone());
            let chain = vec![(Does::Says(given), Allow), (Does::Says(Verdict::Allow), Allow)];
            let (decided, metrics) = heard(knows, chain).await;
            let Outcome::Decided(said) = &decided.outcome else { panic!("{shown}") };
            let expected = match (knows, &exact) {
                (Knows::Dropping, _) => Verdict::Drop,
                (Knows::Wordless, _) | (_, Verdict::Drop) => deny(""),
                (_, Verdict::Deny { reason, .. }) => deny(reason),
                (_, other) => other.clone(),
            };
            assert_eq!(*said, expected, "{shown}");
            assert_eq!(adjusted(&metrics, "h0", said.kind().as_str()), *said != exact, "{shown}");
            let given = format!(r#"decisions_total{{handler="h0",result="{}"}} 1"#, kind.as_str());
            assert!(metrics.contains(&given), "{shown}");
            assert_eq!(noted(&decided).verdict, said.kind().as_str(), "{shown}");
            assert_eq!(noted(&decided).by.as_deref(), Some("h0"), "{shown}");
            assert_eq!(decided.lasting(), Some(said), "{shown}: the next one hears the same");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_a_denial_follows_it_wins() {
    for knows in DENYING {
        for first in [
            Does::Says(Verdict::Abstain),
            Does::Says(Verdict::Flag("odd".into())),
            Does::Says(Verdict::Replace(fields("new"))),
            Does::Fails,
            Does::Panics,
        ] {
            let denial = Does::Says(Verdict::Deny { code: Some(-1), reason: "no".into() });
            let chain = vec![(first, Allow), (denial, Allow), (Does::Says(Verdict::Allow), Allow)];
            let (decided, metrics) = heard(knows, chain).await;
            let Outcome::Decided(said) = &decided.outcome else { panic!("{knows:?}") };
            assert!(matches!(said, Verdict::Deny { code: None, .. } | Verdict::Drop), "{said:?}");
            assert!(adjusted(&metrics, "h1", said.kind().as_str()), "{knows:?}: {metrics}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_for_a_handler_is_a_denial_that_the_protocol_knows() {
    for knows in DENYING {
        let expected = match knows {
            Knows::Dropping => Verdict::Drop,
            Knows::Wordless => deny(""),
            _ => stands_in(),
        };
        for broken in [|| Does::Fails, || Does::Panics] {
            let chain = vec![(broken(), Deny), (Does::Says(Verdict::Allow), Allow)];
            let (decided, metrics) = heard(knows, chain).await;
            assert_eq!(decided.outcome, Outcome::Decided(expected.clone()), "{knows:?}");
            let plain = expected == stands_in();
            assert_eq!(adjusted(&metrics, "h0", expected.kind().as_str()), !plain, "{knows:?}");
        }
        let (decided, _) = heard(knows, vec![(Does::Hangs, Deny)]).await;
        assert_eq!(decided.outcome, Outcome::TimedOut(expected.clone()), "{knows:?}");
        let (name, handler) = ("h".into(), Arc::new(Does::Hangs));
        let chain = [Decider { name, handler, timeout: None, on_failure: Deny }];
        let late = late(&chain, &callback(), &knows, Instant::now());
        assert_eq!(late.outcome, Outcome::TimedOut(expected), "{knows:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_protocol_knows_no_denial_the_handler_has_failed() {
    for denial in [deny("no"), Verdict::Drop] {
        for on_failure in [Allow, Deny] {
            let (decided, metrics) =
                heard(Knows::None, vec![(Does::Says(denial.clone()), on_failure)]).await;
            assert_eq!(decided.outcome, Outcome::Decided(Verdict::Allow));
            assert_eq!(decided.lasting(), None);
            let failed = r#"decisions_total{handler="h0",result="not_permitted"} 1"#;
            assert!(metrics.contains(failed), "{metrics}");
            assert!(!metrics.contains("verdicts_adjusted_total{"), "{metrics}");
        }
    }
    let (kind, why) = (VerdictKind::Deny, NotPermitted("after the event".into()));
    assert_eq!(
        not_said(kind, &why),
        "the protocol cannot express a denial here; the callback is not denied: after the event"
    );
    assert_eq!(not_said(VerdictKind::Replace, &why), "after the event");
}
