//! A handler that panics at some callbacks and rejects others.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use switchhook_api::{
    BoxError, BuildContext, Callback, Failure, HandleContext, Handler, NewRecord, Plugin, register,
};

pub(super) const NAME: &str = "frail";
/// Words in a body.
pub(super) const PANIC: &str = "panic";
pub(super) const REJECT: &str = "reject";

/// It has none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {}

struct Frail;

#[async_trait]
impl Handler for Frail {
    async fn handle(
        &self,
        callback: &Callback,
        _: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        let has =
            |word: &str| callback.body.windows(word.len()).any(|part| part == word.as_bytes());
        assert!(!has(PANIC), "poisoned");
        if has(REJECT) {
            return Err(Failure::permanent("rejected"));
        }
        Ok(Some(NewRecord::of(callback)))
    }
}

#[async_trait]
impl Plugin for Frail {
    type Role = dyn Handler;
    const NAME: &'static str = NAME;
    const DESCRIPTION: &'static str = "panics at some callbacks and rejects others";
    const EXAMPLE: &'static str = "";
    type Options = Options;

    async fn build(_: Options, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
        Ok(Arc::new(Self))
    }
}

register!(Frail);
