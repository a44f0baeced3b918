//! The role of a handler: decides before-callbacks, turns callbacks into records.

use async_trait::async_trait;

use crate::callback::Callback;
use crate::failure::Failure;
use crate::record::NewRecord;
use crate::state::HandleContext;
use crate::verdict::Verdict;

/// Decides before-callbacks and turns callbacks into records.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Decides a before-callback. The sender waits, so work in memory only; a handler that is still waiting at the deadline is
    /// cancelled.
    ///
    /// # Errors
    /// A failure counts as `Abstain`, or as `Deny` if the instance has `on_failure = "deny"`.
    async fn decide(&self, callback: &Callback) -> Result<Verdict, Failure> {
        let _ = callback;
        Ok(Verdict::Abstain)
    }

    /// Turns a callback from the journal into a record for the actions, or into none. `cx.state()` is the handler's own durable
    /// state; it is committed together with the record and the cursor. After a crash this may run again with the same callback,
    /// so side effects belong in an action.
    ///
    /// # Errors
    /// A transient failure is tried three times in all; then, or after a permanent failure, the callback becomes a dead letter of
    /// this handler.
    async fn handle(
        &self,
        callback: &Callback,
        cx: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        let _ = cx;
        Ok(Some(NewRecord::of(callback)))
    }
}
