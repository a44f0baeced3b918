//! A custom handler in its own program: it refuses topics whose name contains a word, and reports topics renamed to it.
//!
//! `cargo run --example custom_handler -- --config examples/custom_handler/config.toml`

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use switchhook::plugins::sources::tencent_im::events::{
    GroupAfterTopicInfoChanged, GroupBeforeCreateTopic,
};
use switchhook::{
    BoxError, BuildContext, Callback, Failure, HandleContext, Handler, NewRecord, Plugin, Verdict,
    async_trait,
};

/// Options of a `word-guard` handler.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The word that no topic may carry.
    word: String,
}

struct WordGuard(Options);

#[async_trait]
impl Handler for WordGuard {
    // Called before a topic is created. The sender waits, so this works in memory only.
    async fn decide(&self, callback: &Callback) -> Result<Verdict, Failure> {
        let topic = callback.event::<GroupBeforeCreateTopic>().map_err(Failure::permanent)?;
        let refused = topic.name.is_some_and(|name| name.contains(&self.0.word));
        let reason = format!("a topic cannot be called `{}`", self.0.word);
        Ok(if refused { Verdict::Deny { code: None, reason } } else { Verdict::Abstain })
    }

    // Called when the callback is in the journal. The actions deliver what it returns, and retry until it has arrived.
    async fn handle(
        &self,
        callback: &Callback,
        _: &mut HandleContext<'_>,
    ) -> Result<Option<NewRecord>, Failure> {
        let Ok(topic) = callback.event::<GroupAfterTopicInfoChanged>() else { return Ok(None) };
        let renamed = topic.name.filter(|name| name.contains(&self.0.word));
        let record = |name| {
            NewRecord::new(
                callback,
                format!("a topic was renamed to {name:?}"),
                callback.body.clone(),
            )
        };
        Ok(renamed.map(record))
    }
}

#[async_trait]
impl Plugin for WordGuard {
    type Role = dyn Handler;
    type Options = Options;
    const NAME: &'static str = "word-guard";
    const DESCRIPTION: &'static str =
        "refuses topics that carry a word, and reports those renamed to it";
    const COMMANDS: &'static [&'static str] =
        &["Group.CallbackBeforeCreateTopic", "Group.CallbackAfterTopicInfoChanged"];
    const EXAMPLE: &'static str = r#"word = "casino""#;

    async fn build(options: Options, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
        Ok(Arc::new(Self(options)))
    }
}

switchhook::register!(WordGuard);

switchhook::main!();
