//! From a whole request to its answer: proven, routed, then decided or kept.

mod counters;
mod path;
mod policy;

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use prometheus_client::metrics::histogram::Histogram;
use switchhook_api::journal::{Appended, Dedupe, Entry, Journal, JournalError};
use switchhook_api::{
    Callback, Decision, Opened, Outcome, Phase, RawRequest, Refusal, RefusalKind, Rng, Source,
};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout_at};

use self::counters::Counters;
use self::path::MountPath;
pub use self::policy::WhenUnavailable;
pub(crate) use self::policy::{MountPolicy, Policy};
use crate::decide::{Decided, Decider, decide, late};
use crate::decision_cache::{CacheKey, DecisionCache, Turn};
use crate::listener::{CloseConnection, IncomingRequest};
use crate::log_budget::LogBudget;
use crate::metrics::{Metrics, OfPhase, OfRefusal};
use crate::router::Router;

/// After a sender has given up, its answer is held back for so much longer: clocks and wires differ.
const STALL_MARGIN: Duration = Duration::from_secs(1);
/// Of the time that a sender waits, what its answer needs on the wire.
const WIRE: Duration = Duration::from_millis(200);
/// What a disk that is well needs for a commit, under load too.
const COMMIT: Duration = Duration::from_millis(300);

/// One source, mounted.
pub(crate) struct MountedSource {
    pub(crate) name: Arc<str>,
    path: MountPath,
    pub(crate) source: Arc<dyn Source>,
    /// For a before-callback and for an after-callback whose reply matters.
    decide_within: [Duration; 2],
    dedupe: Option<Duration>,
    answers: Option<DecisionCache>,
    counters: HashMap<Cow<'static, str>, Counters>,
    other: [Counters; 2],
}

impl MountedSource {
    pub(crate) fn new(name: Arc<str>, policy: &MountPolicy, source: Arc<dyn Source>) -> Self {
        let counters = |command: &str, phase: Phase| Counters::new(&name, command, phase);
        let known = source
            .catalogue()
            .iter()
            .map(|spec| (spec.name.clone(), counters(&spec.name, spec.phase)))
            .collect();
        let other = [counters("other", Phase::Before), counters("other", Phase::After)];
        let decide_within = [Phase::Before, Phase::After]
            .map(|phase| policy.decide_within(source.reply_timeout(phase)));
        let path = MountPath::new(&policy.path, source.owns_subpaths());
        let dedupe = policy.dedupe.map(|window| window.0);
        let window = policy.decision_ttl.0;
        let answers = (!window.is_zero()).then(|| DecisionCache::new(window));
        Self { name, path, source, decide_within, dedupe, answers, counters: known, other }
    }

    /// By when a callback has to be decided.
    fn decide_by(&self, arrival: &IncomingRequest, callback: &Callback) -> Instant {
        let [before, after] = self.decide_within;
        arrival.begun + if callback.facts.phase == Phase::Before { before } else { after }
    }

    /// Whether a call to this path is the source's.
    pub(crate) fn takes(&self, called: &str) -> bool {
        self.path.below(called).is_some()
    }

    /// How many parts its path has.
    pub(crate) fn depth(&self) -> usize {
        self.path.depth()
    }

    /// What a callback asks, and the answers to the same, where one may be given again.
    fn question(&self, callback: &Callback) -> Option<(&DecisionCache, CacheKey)> {
        self.answers.as_ref().zip(CacheKey::of(callback))
    }

    /// What is to be kept of a callback.
    fn entry(&self, callback: &Callback) -> Entry {
        let known = self.dedupe.zip(callback.natural_key.as_ref());
        let known = known.filter(|_| callback.facts.phase == Phase::After);
        let dedupe = known
            .map(|(window, key)| Dedupe { key: format!("{} {key}", self.name).into(), window });
        Entry { dedupe, ..Entry::of(callback) }
    }

    fn counters(&self, callback: &Callback) -> &Counters {
        let [before, after] = &self.other;
        let other = if callback.facts.phase == Phase::Before { before } else { after };
        self.counters.get(callback.command()).unwrap_or(other)
    }
}

/// Answers requests.
pub(crate) struct Intake {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) router: Router,
    /// In the order of the router's routes.
    pub(crate) deciders: Vec<Decider>,
    pub(crate) persist_timeout: Duration,
    stalls: Option<Arc<Semaphore>>,
    pub(crate) rng: Arc<Rng>,
    pub(crate) metrics: Arc<Metrics>,
    replies: [Histogram; 2],
    refusal_log: LogBudget,
}

impl Intake {
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        router: Router,
        deciders: Vec<Decider>,
        policy: Policy,
        rng: Arc<Rng>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let stalls = (policy.when_unavailable == WhenUnavailable::Stall)
            .then(|| Arc::new(Semaphore::new(policy.connections / 2)));
        let replies = [Phase::Before, Phase::After].map(|phase| {
            metrics.replies.get_or_create(&OfPhase { phase: phase.as_str().into() }).clone()
        });
        let refusal_log = LogBudget::default();
        Self {
            journal,
            router,
            deciders,
            persist_timeout: policy.persist_timeout,
            stalls,
            rng,
            metrics,
            replies,
            refusal_log,
        }
    }

    /// The answer to one request; none where silence is the answer.
    pub(crate) async fn answer(
        &self,
        mount: &MountedSource,
        arrival: &IncomingRequest,
    ) -> Option<Response<Bytes>> {
        let mut opened = match open(mount, arrival) {
            Ok(opened) => opened,
            Err(refusal) => return Some(self.refuse(mount, arrival, &refusal)),
        };
        let [before_replies, after_replies] = &self.replies;
        let (callbacks, outcome, replies) = match &mut opened {
            Opened::Handshake(response) => return Some(std::mem::take(response)),
            Opened::Before(callback) => {
                self.admit(mount, arrival, std::slice::from_mut(callback));
                // Boxed: what has nothing to decide need not carry room for it through every future around this one.
                let outcome = Box::pin(self.decided(mount, arrival, callback)).await;
                (std::slice::from_ref(&*callback), outcome, before_replies)
            }
            Opened::After(callbacks) => {
                self.admit(mount, arrival, callbacks);
                let outcome = self.kept(mount, arrival, callbacks).await;
                (&**callbacks, outcome, after_replies)
            }
        };
        replies.observe(arrival.begun.elapsed().as_secs_f64());
        if outcome == Outcome::Unavailable && self.stalled(mount, arrival).await {
            return None;
        }
        Some(mount.source.reply(callbacks, &outcome))
    }

    /// Waits until the sender has given up, where that is wanted. Not with so many connections that too few were left for others.
    async fn stalled(&self, mount: &MountedSource, arrival: &IncomingRequest) -> bool {
        let Some(stalls) = &self.stalls else { return false };
        let Ok(_place) = stalls.try_acquire() else {
            self.metrics.limit("stalled");
            return false;
        };
        let waits = mount.source.reply_timeout(Phase::After);
        sleep_until(arrival.begun + waits + STALL_MARGIN).await;
        true
    }

    fn admit(&self, mount: &MountedSource, arrival: &IncomingRequest, callbacks: &mut [Callback]) {
        for callback in callbacks {
            callback.facts.id = self.rng.id(arrival.received);
            callback.facts.source = mount.name.clone();
            callback.facts.received = arrival.received;
        }
    }

    fn refuse(
        &self,
        mount: &MountedSource,
        arrival: &IncomingRequest,
        refusal: &Refusal,
    ) -> Response<Bytes> {
        let labels = OfRefusal { source: mount.name.clone(), reason: refusal.reason.into() };
        self.metrics.refusals.get_or_create(&labels).inc();
        if let Some(suppressed) = self.refusal_log.take(refusal.reason) {
            let detail = switchhook_api::escape::for_line(&refusal.detail);
            let status = refusal.kind.status().as_u16();
            let detail = (!detail.is_empty()).then(|| tracing::field::display(detail));
            let peer = arrival.peer.map(tracing::field::display);
            tracing::warn!(source = %mount.name, reason = refusal.reason, status, peer, detail, suppressed, "request refused");
        }
        let mut answer = mount.source.refuse(refusal);
        answer.extensions_mut().insert(CloseConnection);
        answer
    }

    /// A call to a path that no source has: most often a slip in the URL that the IM system was given.
    pub(crate) fn lost(&self, mounts: &[MountedSource], arrival: &IncomingRequest) {
        const REASON: &str = "no_such_path";
        let labels = OfRefusal { source: "".into(), reason: REASON.into() };
        self.metrics.refusals.get_or_create(&labels).inc();
        if let Some(suppressed) = self.refusal_log.take(REASON) {
            let path = path::shown(arrival.uri.path());
            let peer = arrival.peer.map(tracing::field::display);
            let configured = path::listed(mounts.iter().map(|mount| &mount.path));
            tracing::warn!(%path, method = %path::shown(arrival.method.as_str()), peer, configured, suppressed, "no source is mounted at the path of this request");
        }
    }

    /// The way of a before-callback: decided in memory, noted in the journal without waiting for it.
    async fn decided(
        &self,
        mount: &MountedSource,
        arrival: &IncomingRequest,
        callback: &Callback,
    ) -> Outcome {
        let decided = self.decide(mount, arrival, callback).await;
        mount.counters(callback).count(&self.metrics, decided.outcome_label());
        if let Some(decision) = decided.decision {
            self.note(callback, decision);
        }
        decided.outcome
    }

    fn note(&self, callback: &Callback, decision: Decision) {
        let mut entry = Entry::of(callback);
        entry.facts.decision = Some(decision);
        if !self.journal.note(entry) {
            self.metrics.appends_dropped.inc();
        }
    }

    /// The same question gets the same answer: who repeats one is told it, or waits for it until the own deadline.
    async fn decide(
        &self,
        mount: &MountedSource,
        arrival: &IncomingRequest,
        callback: &Callback,
    ) -> Decided {
        let deadline = mount.decide_by(arrival, callback);
        let Some((answers, question)) = mount.question(callback) else {
            return self.ask(mount, callback, deadline).await;
        };
        let begun = Instant::now();
        match timeout_at(deadline, answers.turn(question)).await {
            Ok(Turn::Told(verdict)) => Decided::repeated(verdict),
            Ok(Turn::Mine(claim)) => {
                let decided = self.ask(mount, callback, deadline).await;
                if decided.lasting().is_some_and(|verdict| !claim.say(verdict)) {
                    self.metrics.limit("cached_decisions");
                }
                decided
            }
            Err(_) => late(&self.chain(callback), callback, &*mount.source, begun),
        }
    }

    async fn ask(&self, mount: &MountedSource, callback: &Callback, deadline: Instant) -> Decided {
        let (source, metrics) = (mount.source.clone(), self.metrics.clone());
        decide(self.chain(callback), callback.clone(), source, deadline, metrics).await
    }

    fn chain(&self, callback: &Callback) -> Vec<Decider> {
        let route = self.router.route(callback.command());
        route.iter().filter_map(|place| self.deciders.get(*place)).cloned().collect()
    }

    /// The way of an after-callback: answered when it is durable, and decided meanwhile where the reply matters.
    async fn kept(
        &self,
        mount: &MountedSource,
        arrival: &IncomingRequest,
        callbacks: &[Callback],
    ) -> Outcome {
        let keeping = self.keep(mount, self.keep_by(mount, arrival), callbacks);
        match callbacks {
            [] => Outcome::Accepted,
            [one] if one.answered => {
                let deciding = Box::pin(self.decide(mount, arrival, one));
                let (kept, decided) = tokio::join!(keeping, deciding);
                if kept == Outcome::Accepted { decided.outcome } else { kept }
            }
            _ => keeping.await,
        }
    }

    /// When it is too late to answer that something was kept. It counts from the end of the body: a sender whose body was slow must
    /// not be refused for what was then kept all the same. But an answer while it waits is worth more than the whole time, so
    /// while enough of that is left for a commit, it does not have to wait longer than that. Where too little is left,
    /// nobody knows whether it still waits, and what it sent is rather kept than refused.
    fn keep_by(&self, mount: &MountedSource, arrival: &IncomingRequest) -> Instant {
        let waits = mount.source.reply_timeout(Phase::After);
        let heard = waits.saturating_sub(WIRE).max(self.persist_timeout);
        let (heard, by) = (arrival.begun + heard, arrival.whole + self.persist_timeout);
        if arrival.whole + COMMIT.min(self.persist_timeout) <= heard { by.min(heard) } else { by }
    }

    async fn keep(
        &self,
        mount: &MountedSource,
        deadline: Instant,
        callbacks: &[Callback],
    ) -> Outcome {
        let append = async {
            if Instant::now() >= deadline {
                // An append that has been begun is not taken back: what is to be refused must not begin.
                return std::future::pending().await;
            }
            let entries = callbacks.iter().map(|callback| mount.entry(callback)).collect();
            self.journal.append(entries).await
        };
        let result = timeout_at(deadline, append).await;
        let refused: &dyn std::fmt::Display = match &result {
            Ok(Ok(appended)) => {
                for (callback, appended) in callbacks.iter().zip(appended) {
                    let counters = mount.counters(callback);
                    match appended {
                        Appended::Kept(_) => counters.kept(&self.metrics),
                        Appended::Duplicate(_) => counters.count(&self.metrics, "duplicate"),
                    }
                }
                return Outcome::Accepted;
            }
            Ok(Err(error)) => error,
            Err(_) => &"the journal did not persist it in time",
        };
        for callback in callbacks {
            mount.counters(callback).count(&self.metrics, "unavailable");
        }
        self.metrics.limit(match &result {
            Ok(Err(JournalError::Full)) => "journal_full",
            Ok(Err(JournalError::Overloaded)) => "journal_queue",
            Ok(Err(JournalError::Displaced(_))) => "journal_displaced",
            Ok(_) => "journal_failed",
            Err(_) => "persist_timeout",
        });
        if let Some(suppressed) = self.refusal_log.take("unavailable") {
            tracing::error!(source = %mount.name, error = %refused, suppressed, "callback rejected: it could not be persisted");
        }
        Outcome::Unavailable
    }
}

/// What a request holds. A panic of the source is our bug, and no answer of ours may say so.
fn open(mount: &MountedSource, arrival: &IncomingRequest) -> Result<Opened, Refusal> {
    let body = match &arrival.body {
        Ok(body) => body,
        Err(refusal) => return Err(refusal.clone()),
    };
    let query = arrival.uri.query().unwrap_or("");
    let below = mount.path.below(arrival.uri.path()).unwrap_or_default();
    let request = RawRequest::new(&arrival.method, query, &arrival.headers, body, arrival.received);
    let request = request.at(&below);
    catch_unwind(AssertUnwindSafe(|| mount.source.open(&request)))
        .unwrap_or_else(|_| Err(Refusal::new(RefusalKind::Malformed, "source_panicked")))?
        .sorted()
}

#[cfg(test)]
mod tests;
