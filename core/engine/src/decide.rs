//! The way of a before-callback: handlers are asked in order, the answer comes at the deadline whatever they do.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};

mod denial;

pub(crate) use self::denial::{expressed, refusal};
use crate::log_budget::LogBudget;
use crate::metrics::{Metrics, OfHandler};
use switchhook_api::Callback;
use switchhook_api::Decision;
use switchhook_api::escape::for_line;
use switchhook_api::{Expressed, NotPermitted, Outcome, Source};
use switchhook_api::{Handler, Map, Verdict, VerdictKind};

/// What a failed decision counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// As if it had abstained.
    #[default]
    Allow,
    /// As a refusal.
    Deny,
}

/// One handler instance in the asking order.
#[derive(Clone)]
pub(crate) struct Decider {
    pub(crate) name: Arc<str>,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) on_failure: OnFailure,
}

/// What was decided, for the sender and for the journal.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) outcome: Outcome,
    /// None for the answer to an earlier question: then nothing was decided.
    pub(crate) decision: Option<Decision>,
    /// Every handler that was asked has given its word. If not, the answer stands in for what somebody might have said, and may
    /// be another one the next time.
    whole: bool,
}

/// Lines about decisions that failed: a handler that always does must not fill the log.
static LOG: LazyLock<LogBudget> = LazyLock::new(LogBudget::default);
/// Flags kept with one callback, and characters of each.
const FLAGS_MAX: usize = 16;
const FLAG_LENGTH_MAX: usize = 256;

/// Asks the chain. It runs in a task of its own: neither a peer that hangs up nor a handler that never yields holds the answer.
pub(crate) async fn decide(
    chain: Vec<Decider>,
    callback: Callback,
    source: Arc<dyn Source>,
    deadline: Instant,
    metrics: Arc<Metrics>,
) -> Decided {
    let begun = Instant::now();
    let progress = Arc::new(Progress::default());
    let silence = NoResponse::of(&chain, &callback, &*source);
    let asking = Asking { chain, source, metrics: metrics.clone(), progress: progress.clone() };
    // With the deadline inside, too: who hangs up leaves the task to itself.
    let mut task = tokio::spawn(timeout_at(deadline, asking.run(callback)));
    let answered = timeout_at(deadline, &mut task).await;
    task.abort();
    let mut said = std::mem::take(&mut *progress.said());
    let flags = std::mem::take(&mut said.flags);
    // A panic outside the handlers would be a bug of ours; it is treated like a handler that was too slow.
    let (outcome, by) = if matches!(answered, Ok(Ok(Ok(())))) || said.last.is_some() {
        let (verdict, by) = said.verdict();
        (Outcome::Decided(verdict), by)
    } else {
        silence.overdue(said, &metrics)
    };
    let decision = Some(note(&outcome, by.as_deref(), flags, begun));
    Decided { outcome, decision, whole: !progress.failed.load(Ordering::Acquire) }
}

/// The answer to a question whose deadline came while it waited for somebody else's answer: nobody was asked for it.
pub(crate) fn late(
    chain: &[Decider],
    callback: &Callback,
    source: &dyn Source,
    begun: Instant,
) -> Decided {
    let (outcome, by) = NoResponse::of(chain, callback, source).strictest(Said::default());
    let decision = Some(note(&outcome, by.as_deref(), Vec::new(), begun));
    Decided { outcome, decision, whole: false }
}

/// What the handlers of a chain count as if they do not finish.
struct NoResponse {
    handlers: Vec<(Arc<str>, OnFailure)>,
    /// None where no handler asks for it, or where the protocol knows none.
    refusal: Option<Verdict>,
}

impl NoResponse {
    fn of(chain: &[Decider], callback: &Callback, source: &dyn Source) -> Self {
        let wanted = chain.iter().any(|decider| decider.on_failure == OnFailure::Deny);
        let refusal = wanted.then(|| refusal(source, callback)).flatten();
        let handlers = chain.iter().map(|one| (one.name.clone(), one.on_failure)).collect();
        Self { handlers, refusal: refusal.map(|said| said.verdict) }
    }

    /// The deadline is there before the chain has come to its end.
    fn overdue(&self, said: Said, metrics: &Metrics) -> (Outcome, Option<Arc<str>>) {
        if let Some((name, _)) = self.handlers.get(said.finished) {
            if let Some(suppressed) = LOG.take("deadline") {
                tracing::warn!(handler = %name, suppressed, "the handler did not decide before the deadline");
            }
            count(metrics, name, "deadline");
        }
        self.strictest(said)
    }

    /// The strictest of those that have not finished, so that a hanging early handler cannot wave a later one through. What others
    /// have replaced stays replaced.
    fn strictest(&self, said: Said) -> (Outcome, Option<Arc<str>>) {
        let unfinished = self.handlers.iter().skip(said.finished);
        let strictest = unfinished.max_by_key(|(_, on_failure)| *on_failure);
        if let (Some((name, OnFailure::Deny)), Some(refusal)) = (strictest, &self.refusal) {
            return (Outcome::TimedOut(refusal.clone()), Some(name.clone()));
        }
        let (verdict, by) = said.verdict();
        (Outcome::TimedOut(verdict), by)
    }
}

fn note(outcome: &Outcome, by: Option<&str>, flags: Vec<String>, begun: Instant) -> Decision {
    let (verdict, timed_out) = match outcome {
        Outcome::Decided(verdict) => (verdict, false),
        Outcome::TimedOut(verdict) => (verdict, true),
        _ => (&Verdict::Allow, false), // no handler decided
    };
    let reason = match verdict {
        Verdict::Deny { reason, .. } => Some(reason.clone()),
        _ if timed_out => Some("deadline".to_owned()),
        _ => None,
    };
    Decision {
        verdict: verdict.kind().as_str().to_owned(),
        by: by.map(str::to_owned),
        reason,
        flags,
        micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
    }
}

fn count(metrics: &Metrics, handler: &Arc<str>, result: &'static str) {
    metrics
        .decisions
        .get_or_create(&OfHandler { handler: handler.clone(), result: result.into() })
        .inc();
}

/// Why a verdict is not said. Of a denial it is told that nothing takes its place.
fn not_said(kind: VerdictKind, error: &NotPermitted) -> String {
    match kind {
        VerdictKind::Deny | VerdictKind::Drop => {
            format!(
                "the protocol cannot express a denial here; the callback is not denied: {error}"
            )
        }
        _ => error.to_string(),
    }
}

/// How far the chain has come, readable while it runs.
#[derive(Default)]
struct Progress {
    /// Whether a handler gave no word, or one that does not count.
    failed: AtomicBool,
    said: Mutex<Said>,
}

impl Progress {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the handlers have said so far.
#[derive(Default)]
struct Said {
    /// Handlers that have finished.
    finished: usize,
    flags: Vec<String>,
    replaced: Map,
    /// Who has replaced something, or allowed it, last.
    by: Option<Arc<str>>,
    /// The verdict that ended the chain.
    last: Option<Verdict>,
}

impl Said {
    fn add(&mut self, name: &Arc<str>, verdict: Verdict) {
        self.finished += 1;
        match verdict {
            Verdict::Abstain => {}
            Verdict::Flag(text) => {
                if self.flags.len() < FLAGS_MAX {
                    let text: String = text.chars().take(FLAG_LENGTH_MAX).collect();
                    self.flags.push(format!("{name}: {text}"));
                }
            }
            Verdict::Replace(fields) => {
                self.replaced.extend(fields);
                self.by = Some(name.clone());
            }
            Verdict::Allow => {
                self.by.get_or_insert_with(|| name.clone());
                self.last = Some(Verdict::Allow);
            }
            verdict => {
                self.by = Some(name.clone());
                self.last = Some(verdict);
            }
        }
    }

    /// The verdict that all of it makes, and whose it is.
    fn verdict(self) -> (Verdict, Option<Arc<str>>) {
        let verdict = match self.last {
            None | Some(Verdict::Allow) if !self.replaced.is_empty() => {
                Verdict::Replace(self.replaced)
            }
            last => last.unwrap_or(Verdict::Allow),
        };
        (verdict, self.by)
    }
}

struct Asking {
    chain: Vec<Decider>,
    source: Arc<dyn Source>,
    metrics: Arc<Metrics>,
    progress: Arc<Progress>,
}

impl Asking {
    async fn run(self, mut callback: Callback) {
        for decider in &self.chain {
            let verdict = self.ask(decider, &callback).await;
            if let Verdict::Replace(fields) = &verdict {
                callback.body = with_fields(&callback.body, fields);
            }
            let mut said = self.progress.said();
            said.add(&decider.name, verdict);
            if said.last.is_some() {
                return;
            }
        }
    }

    /// One handler's word; a failure of any kind becomes what its instance wants.
    async fn ask(&self, decider: &Decider, callback: &Callback) -> Verdict {
        let answer = AssertUnwindSafe(decider.handler.decide(callback)).catch_unwind();
        let answer = match decider.timeout {
            Some(limit) => timeout(limit, answer).await,
            None => Ok(answer.await),
        };
        let failed = match answer {
            Ok(Ok(Ok(verdict))) => {
                let kind = verdict.kind();
                match expressed(&*self.source, callback, verdict) {
                    Ok(said) => {
                        count(&self.metrics, &decider.name, kind.as_str());
                        return self.given(decider, callback, kind, said);
                    }
                    Err(error) => ("not_permitted", not_said(kind, &error)),
                }
            }
            Ok(Ok(Err(failure))) => ("failed", failure.reason()),
            Ok(Err(_)) => ("panicked", "the handler panicked; the log has its message".to_owned()),
            Err(_) => ("timeout", "the handler exceeded its timeout".to_owned()),
        };
        self.progress.failed.store(true, Ordering::Release);
        let (result, reason) = failed;
        count(&self.metrics, &decider.name, result);
        if let Some(suppressed) = LOG.take(result) {
            let (command, reason) = (for_line(callback.command()), for_line(&reason));
            tracing::warn!(handler = %decider.name, %command, result, %reason, suppressed, "the handler failed to decide");
        }
        let refuses = decider.on_failure == OnFailure::Deny;
        match refuses.then(|| refusal(&*self.source, callback)).flatten() {
            Some(said) => self.given(decider, callback, VerdictKind::Deny, said),
            None => Verdict::Abstain,
        }
    }

    /// What is said of a verdict. Where that is not all of it, an operator must be able to find out.
    fn given(
        &self,
        decider: &Decider,
        callback: &Callback,
        kind: VerdictKind,
        said: Expressed,
    ) -> Verdict {
        let Expressed { verdict, lost: Some(lost), .. } = said else { return said.verdict };
        let (handler, result) = (decider.name.clone(), verdict.kind().as_str());
        let labels = OfHandler { handler, result: result.into() };
        self.metrics.verdicts_adjusted.get_or_create(&labels).inc();
        if let Some(suppressed) = LOG.take("adjusted") {
            let (command, lost) = (for_line(callback.command()), for_line(&lost));
            tracing::warn!(
                handler = %decider.name, %command, verdict = kind.as_str(), sent = result, dropped = %lost, suppressed,
                "verdict adjusted: the protocol cannot express all of it"
            );
        }
        verdict
    }
}

/// The body with some of its fields replaced, as the next handler sees it.
fn with_fields(body: &bytes::Bytes, fields: &Map) -> bytes::Bytes {
    let read = switchhook_api::lenient::read::<Map>(body, &mut Vec::new());
    let Ok(mut object) = read else { return body.clone() };
    object.extend(fields.clone());
    serde_json::to_vec(&object).map_or_else(|_| body.clone(), Into::into)
}

impl Decided {
    /// The answer to the same question, given before.
    pub(crate) fn repeated(verdict: Verdict) -> Self {
        Self { outcome: Outcome::Decided(verdict), decision: None, whole: true }
    }

    /// The verdict, if the same question is to get it again.
    pub(crate) fn lasting(&self) -> Option<&Verdict> {
        match &self.outcome {
            Outcome::Decided(verdict) if self.whole => Some(verdict),
            _ => None,
        }
    }

    /// The word for metrics: the verdict, that it was given before, or that the deadline spoke.
    pub(crate) fn outcome_label(&self) -> &'static str {
        if self.decision.is_none() {
            return "repeated";
        }
        match &self.outcome {
            Outcome::Decided(verdict) => verdict.kind().as_str(),
            Outcome::TimedOut(_) => "timeout",
            Outcome::Accepted => VerdictKind::Allow.as_str(),
            _ => "unavailable",
        }
    }
}

#[cfg(test)]
mod tests;
