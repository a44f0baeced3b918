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
    /// Answers a before-callback. Memory only: whoever waits here is cut off at the deadline.
    ///
    /// # Errors
    /// A failure counts as `Abstain`, or as `Deny` where the instance says `on_failure = "deny"`.
    async fn decide(&self, callback: &Callback) -> Result<Verdict, Failure> {
        let _ = callback;
        Ok(Verdict::Abstain)
    }

    /// Turns a callback that is safe in the journal into a record for the actions, or into none.
    /// `cx.state()` is the handler's own durable state, committed together with the record and the cursor.
    /// No side effects: they belong into an action, for this may run again after a crash.
    ///
    /// # Errors
    /// Tried three times in all, then the callback becomes a dead letter of this handler.
    async fn handle(
        &self,
        callback: &Callback,
        cx: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        let _ = cx;
        Ok(Some(NewRecord::of(callback)))
    }
}
