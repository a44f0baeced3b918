//! A denial stays a denial: what is tried where a source cannot say a verdict as it was given.

use std::panic::{AssertUnwindSafe, catch_unwind};

use switchhook_api::{Callback, Expressed, NotPermitted, Source, Verdict};

/// The reason that a user sees when a failed handler refuses.
const FAILED: &str = "temporarily unavailable, please try again";

/// A verdict as its source says it. A denial that the source cannot say is tried as a plainer one before it is given up.
pub(crate) fn expressed(
    source: &dyn Source,
    callback: &Callback,
    verdict: Verdict,
) -> Result<Expressed, NotPermitted> {
    let plainer = plainer(&verdict);
    let denies = !plainer.is_empty();
    let why = match said(source, callback, verdict, denies) {
        Ok(expressed) => return Ok(expressed),
        Err(why) => why,
    };
    let mut others = plainer.into_iter().map(|other| said(source, callback, other, denies));
    match others.find_map(Result::ok) {
        Some(expressed) => Ok(Expressed::adjusted(expressed.verdict, why.0)),
        None => Err(why),
    }
}

/// What a failure counts as where the instance wants it; none where the protocol knows no denial of this callback.
pub(crate) fn refusal(source: &dyn Source, callback: &Callback) -> Option<Expressed> {
    let plain = Verdict::Deny { code: None, reason: FAILED.to_owned() };
    expressed(source, callback, plain).ok()
}

/// What else says that something is denied, the best first.
fn plainer(verdict: &Verdict) -> Vec<Verdict> {
    let without_code = |reason: &str| Verdict::Deny { code: None, reason: reason.to_owned() };
    match verdict {
        Verdict::Deny { reason, .. } => vec![without_code(reason), without_code(""), Verdict::Drop],
        Verdict::Drop => vec![without_code("")],
        _ => Vec::new(),
    }
}

/// What the source says. Neither its panic nor its slip makes a denial something else.
fn said(
    source: &dyn Source,
    callback: &Callback,
    verdict: Verdict,
    denies: bool,
) -> Result<Expressed, NotPermitted> {
    let expressed = catch_unwind(AssertUnwindSafe(|| source.express(callback, verdict)))
        .unwrap_or_else(|_| Err(NotPermitted("the source panicked".to_owned())))?;
    match expressed.verdict {
        Verdict::Abstain | Verdict::Flag(_) | Verdict::Allow | Verdict::Replace(_) if denies => {
            let kind = expressed.verdict.kind().as_str();
            Err(NotPermitted(format!("the source turned a denial into `{kind}`")))
        }
        _ => Ok(expressed),
    }
}
