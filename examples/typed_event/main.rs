//! A handler that uses a typed event: it refuses requests of some accounts to join a group.
//!
//! `cargo run --example typed_event -- --config examples/typed_event/config.toml`

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use switchhook::plugins::sources::tencent_im::events::GroupBeforeApplyJoinGroup;
use switchhook::{
    BoxError, BuildContext, Callback, Event, Failure, Handler, Plugin, Verdict, async_trait,
};

/// A `door-keeper` handler; it consists of its options.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DoorKeeper {
    /// The accounts that may not join.
    banned: Vec<String>,
}

#[async_trait]
impl Handler for DoorKeeper {
    async fn decide(&self, callback: &Callback) -> Result<Verdict, Failure> {
        let wish = callback.event::<GroupBeforeApplyJoinGroup>().map_err(Failure::permanent)?;
        let who = wish.requestor_account.filter(|who| self.banned.contains(who));
        Ok(who.map_or(Verdict::Abstain, |_| Verdict::Deny { code: None, reason: "banned".into() }))
    }
}

#[async_trait]
impl Plugin for DoorKeeper {
    type Role = dyn Handler;
    type Options = Self;
    const NAME: &'static str = "door-keeper";
    const DESCRIPTION: &'static str = "keeps some accounts from joining groups";
    const COMMANDS: &'static [&'static str] = &[GroupBeforeApplyJoinGroup::COMMAND];
    const EXAMPLE: &'static str = r#"banned = ["mallory"]"#;
    async fn build(options: Self, _: &BuildContext) -> Result<Arc<dyn Handler>, BoxError> {
        Ok(Arc::new(options))
    }
}

switchhook::register!(DoorKeeper);

switchhook::main!();
